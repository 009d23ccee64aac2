# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The questions about endings, asked of everything (overview) and of one selection alike."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import stat, timeseries

from lastchunk import semconv
from lastchunk.monitoring.dashboards import colours
from lastchunk.monitoring.dashboards.drawing import About, Query, bars, lines, number, whole
from lastchunk.monitoring.dashboards.foreign import INSTANCE, JOB
from lastchunk.monitoring.dashboards.links import runbook, to_selection
from lastchunk.monitoring.dashboards.queries import (
    CAUSE,
    CUT,
    DELIVERY,
    MODEL,
    NOT_REJECTED,
    PROVIDER,
    RANGE,
    REASON,
    WAITING_FOR,
    Streams,
    counts,
    cut_by_agent,
    cutoff_rate,
    grown,
    rejected_share,
    without_chat,
)
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import Cause, Delivery, Reason

_NO_STREAM = "No stream ended in this time. If there should be some: Lastchunk telemetry path."


def cut_allowed(settings: Settings) -> float:
    """The share of streams that may be cut."""
    return round(1 - settings.objective, 6)


@dataclass(frozen=True)
class Asked:
    """Who is asked: the streams that users saw, and those of the providers."""

    outermost: Streams
    chat: Streams
    allowed: float
    """The share of streams that may be cut: 1 - objective."""
    rejected: float
    """The share of requests that may be rejected before an alert says so."""

    def _rate(self, by: str, window: str = "$__rate_interval") -> str:
        rate = cut_by_agent if self.outermost.of_agent else cutoff_rate
        return rate(self.outermost, by, window)

    def cutoff_rate(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Cutoff rate, as users saw it",
            "Cutoffs by streams that began, of the streams that the application itself iterates. The dashed line is the"
            " objective. With little traffic one cutoff is a high rate: look at the counts beside it.",
            _NO_STREAM,
            height=9,
            links=(runbook("reasons", "reasons"),),
        )
        query = Query(self._rate(JOB), f"{{{{{JOB}}}}}")
        return lines(
            about,
            "percentunit",
            query,
            limits=(self.allowed,),
            to=to_selection("job"),
            maximum=2 * self.allowed,
            every="5m",
        )

    def rejected_rate(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Streams that did not start",
            "Share of requests to models that were rejected: no stream was obtained. No cutoffs, but users have no answer.",
            _NO_STREAM,
            height=9,
            links=(runbook("rejected", "reason-rejected"),),
        )
        by = f"{JOB}, {PROVIDER}, {MODEL}"
        chat = Query(rejected_share(self.chat, by), f"{{{{{JOB}}}}} {{{{{MODEL}}}}}")
        runs = Query(without_chat(rejected_share(self.outermost, JOB)), f"{{{{{JOB}}}}}")
        return lines(
            about,
            "percentunit",
            chat,
            runs,
            limits=(self.rejected,),
            to=to_selection("job", "model"),
            maximum=2 * self.rejected,
            every="5m",
        )

    def rate_now(self, id_: int) -> stat.Panel:
        about = About(
            id_,
            "Cutoff rate",
            "Of the streams that users saw, in the time that is shown.",
            "no streams",
            4,
            4,
        )
        return number(about, "percentunit", Query(self._rate("", RANGE)), self.allowed, 10 * self.allowed)

    def rejected_now(self, id_: int) -> stat.Panel:
        about = About(
            id_,
            "Did not start",
            "Share of requests to models that gave no stream, in the time that is shown.",
            "no requests",
            4,
            4,
        )
        return number(about, "percentunit", Query(rejected_share(self.chat, "", RANGE)), 0.01, 0.05)

    def cut_now(self, id_: int) -> stat.Panel:
        says = "Of the streams that users saw, in the time that is shown."
        about = About(id_, "Streams cut", says, "no streams", 4, 4)
        cut, ended = (self.outermost(semconv.ENDED, which) for which in (CUT, NOT_REJECTED))
        query = Query(f"round({grown('', cut, RANGE)} or {grown('', ended, RANGE)} * 0)")
        return number(about, "short", query, colours=(colours.NEUTRAL,))

    def ended_now(self, id_: int) -> stat.Panel:
        about = About(
            id_,
            "Streams begun",
            "What the cutoff rate is a share of: without the rejected ones, of the streams that users saw.",
            "no streams",
            4,
            4,
        )
        query = Query(f"round({grown('', self.outermost(semconv.ENDED, NOT_REJECTED), RANGE)})")
        return number(about, "short", query, colours=(colours.NEUTRAL,))

    def open_total(self, id_: int) -> stat.Panel:
        about = About(
            id_,
            "Open now",
            "Streams that users wait for at this moment. Killed processes go on being counted for up to five minutes.",
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
            "Open streams in which nothing has come for longer than LASTCHUNK_STALL_AFTER, although it was asked for.",
            "no telemetry",
            4,
            4,
        )
        query = Query(f"sum({self.outermost(semconv.STALLED)})")
        return number(about, "short", query, 1, 10)

    def endings_by_reason(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Endings by reason, as users saw them",
            "Every stream that the application iterates, counted for each bar, by how it ended. Completed ones are the"
            " line, on the right axis. Colours are families.",
            _NO_STREAM,
            height=10,
            links=(runbook("reasons", "reasons"),),
        )
        selector = self.outermost(semconv.ENDED)
        query = Query(counts(REASON, selector), f"{{{{{REASON}}}}}")
        return whole(bars(about, "short", query, colours=colours.OF_REASON, usual=Reason.COMPLETED))

    def chat_by_reason(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Requests to models by reason",
            "Every chat stream, counted for each bar: what the provider did, also where a run recovered from it. Completed"
            " ones are the line, on the right axis.",
            _NO_STREAM,
            height=9,
            links=(runbook("reasons", "reasons"),),
        )
        query = Query(counts(REASON, self.chat(semconv.ENDED)), f"{{{{{REASON}}}}}")
        return whole(bars(about, "short", query, colours=colours.OF_REASON, usual=Reason.COMPLETED))

    def cutoffs_by_cause(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Cutoffs by probable cause, as users saw them",
            "Cut streams, counted for each bar, by what the evidence points to. Each cause has an entry in the runbook.",
            "No stream was cut in this time.",
            height=10,
            links=(runbook("causes", "causes"),),
        )
        query = Query(counts(CAUSE, self.outermost(semconv.ENDED, CUT)), f"{{{{{CAUSE}}}}}")
        return whole(bars(about, "short", query, colours=colours.OF_CAUSE))

    def left_early(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "People who left",
            "Streams that were abandoned or cancelled, counted for each bar, by cause. A Stop button and closed tabs make these"
            " all day; more than usual means that people do not want to wait.",
            "Nobody left in this time.",
            height=9,
            links=(runbook("abandoned", "reason-abandoned"), runbook("disconnected", "cause-client_disconnected")),
        )
        left = f'{REASON}=~"{Reason.ABANDONED}|{Reason.CANCELLED}"'
        query = Query(counts(CAUSE, self.outermost(semconv.ENDED, left)), f"{{{{{CAUSE}}}}}")
        causes = (
            Cause.PARTIAL_CONSUMPTION,
            Cause.CLIENT_DISCONNECTED,
            Cause.CANCELLED_BY_APPLICATION,
            Cause.IDLE_TIMEOUT,
        )
        return whole(bars(about, "short", query, colours={str(cause): colours.OF_CAUSE[cause] for cause in causes}))

    def delivery(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Delivery: does it really stream?",
            "Requests to models, counted for each bar, by how the answer came: incremental (the line, on the right axis), in"
            " one burst, in a single piece, or not at all. Burst and single after a long wait: something on the way collects the"
            " answer.",
            _NO_STREAM,
            height=9,
            links=(runbook("no streaming", "cause-no_streaming_support"),),
        )
        query = Query(counts(DELIVERY, self.chat(semconv.ENDED, NOT_REJECTED)), f"{{{{{DELIVERY}}}}}")
        return whole(bars(about, "short", query, colours=colours.OF_DELIVERY, usual=Delivery.INCREMENTAL))

    def open_now(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Open streams, by process",
            "What users wait for, in each process. One that only climbs has streams that never end. Never added up over"
            " processes here: a killed one lingers for up to five minutes.",
            "No process reports: Lastchunk telemetry path says which are missing.",
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
            "Open streams that are silent for longer than LASTCHUNK_STALL_AFTER. `tool` is the application's own waiting; the"
            " first and the next chunk are the provider's.",
            "No process reports: Lastchunk telemetry path says which are missing.",
            height=11,
            links=(runbook("idle timeout", "cause-idle_timeout"),),
        )
        query = Query(f"sum by ({WAITING_FOR}) ({self.outermost(semconv.STALLED)})", f"{{{{{WAITING_FOR}}}}}")
        return whole(bars(about, "short", query, colours=colours.OF_WAITING))

    def longest_silence(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "The longest silence that is pending now",
            "How long the open stream that has waited longest has waited, by what it waits for. Above the line it hangs: also"
            " one that is alone beside thousands that end. Waiting for a person is no silence.",
            "No process reports: Lastchunk telemetry path says which are missing.",
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
            "Open streams that have been silent for more than ten minutes: one process, or all of them?",
            "No process reports: Lastchunk telemetry path says which are missing.",
            height=11,
            links=(runbook("streams hang", "alert-lastchunkstreamshang"),),
        )
        query = Query(
            f"sum by ({JOB}, {INSTANCE}) ({self.chat(semconv.HANGING)})\n"
            f"or sum by ({JOB}, {INSTANCE}) ({self.outermost(semconv.HANGING)})",
            f"{{{{{JOB}}}}} {{{{{INSTANCE}}}}}",
        )
        return whole(lines(about, "short", query, to=to_selection("job")))
