# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The questions about streams that are open now: how many, how many stalled, how long they have been silent, in which process."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import stat, timeseries

from lastchunk import semconv
from lastchunk.monitoring.dashboards import colours
from lastchunk.monitoring.dashboards.drawing import About, Query, bars, lines, number, whole
from lastchunk.monitoring.dashboards.foreign import INSTANCE, JOB
from lastchunk.monitoring.dashboards.links import runbook, to_selection
from lastchunk.monitoring.dashboards.queries import WAITING_FOR, Streams


@dataclass(frozen=True)
class AskedOfOpen:
    """The streams that the questions are about: those that users saw, and those of the providers."""

    outermost: Streams
    chat: Streams

    def open_total(self, id_: int) -> stat.Panel:
        about = About(
            id_,
            "Open now",
            "Streams that users are waiting for now. A killed process still counts for up to five minutes.",
            "no telemetry",
            4,
            4,
        )
        query = Query(f"sum({self.outermost(semconv.OPEN)})")
        return number(about, "short", query, colours=(colours.NEUTRAL,))

    def stalled_total(self, id_: int) -> stat.Panel:
        about = About(
            id_,
            "Stalled now",
            "Open streams whose next chunk the application has waited for longer than LASTCHUNK_STALL_AFTER.",
            "no telemetry",
            4,
            4,
        )
        query = Query(f"sum({self.outermost(semconv.STALLED)})")
        return number(about, "short", query, 1, 10)

    def open_now(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Open streams, by process",
            "Streams that users are waiting for, in each process. If a line only climbs, streams of that process never end."
            " A killed process stays here for up to five minutes, so the lines are not added up.",
            "No process reports. Lastchunk telemetry path shows which are missing.",
            height=11,
        )
        query = Query(
            f"sum by ({JOB}, {INSTANCE}) ({self.outermost(semconv.OPEN)})", f"{{{{{JOB}}}}} {{{{{INSTANCE}}}}}"
        )
        return whole(lines(about, "short", query, to=to_selection("job")))

    def stalled_now(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Stalled streams, by what they wait for",
            "Open streams that have been silent for longer than LASTCHUNK_STALL_AFTER. `tool`: a tool of the application has not"
            " answered. First and next chunk: the provider has not answered.",
            "No process reports. Lastchunk telemetry path shows which are missing.",
            height=11,
            links=(runbook("idle timeout", "cause-idle_timeout"),),
        )
        query = Query(f"sum by ({WAITING_FOR}) ({self.outermost(semconv.STALLED)})", f"{{{{{WAITING_FOR}}}}}")
        return whole(bars(about, "short", query, colours=colours.OF_WAITING))

    def longest_silence(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "The longest silence now",
            "The longest current wait of any open stream, by what it waits for. Above the line the stream hangs, even if"
            " thousands of others end normally. Waiting for a person does not count.",
            "No process reports. Lastchunk telemetry path shows which are missing.",
            height=11,
            links=(runbook("a stream is silent", "alert-lastchunkstreamsilent"),),
        )
        query = Query(
            f"max by ({WAITING_FOR}) ({self.outermost(semconv.LONGEST_SILENCE)} or {self.chat(semconv.LONGEST_SILENCE)})",
            f"{{{{{WAITING_FOR}}}}}",
        )
        return lines(about, "s", query, colours=colours.OF_WAITING, limits=(semconv.HANGS_AFTER,))

    def hanging_now(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Hanging streams, by process",
            "Open streams that have been silent for more than ten minutes. Is it one process, or all of them?",
            "No process reports. Lastchunk telemetry path shows which are missing.",
            height=11,
            links=(runbook("streams hang", "alert-lastchunkstreamshang"),),
        )
        query = Query(
            f"sum by ({JOB}, {INSTANCE}) ({self.chat(semconv.HANGING)})\n"
            f"or sum by ({JOB}, {INSTANCE}) ({self.outermost(semconv.HANGING)})",
            f"{{{{{JOB}}}}} {{{{{INSTANCE}}}}}",
        )
        return whole(lines(about, "short", query, to=to_selection("job")))
