# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The questions about endings, asked of everything (overview) and of one selection alike."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import stat, timeseries

from lastchunk import semconv
from lastchunk.monitoring.dashboards import colours
from lastchunk.monitoring.dashboards.drawing import About, Query, bars, lines, number, whole
from lastchunk.monitoring.dashboards.foreign import JOB
from lastchunk.monitoring.dashboards.links import runbook, to_selection
from lastchunk.monitoring.dashboards.open_streams import AskedOfOpen
from lastchunk.monitoring.dashboards.queries import (
    CAUSE,
    CUT,
    DELIVERY,
    MODEL,
    NOT_REJECTED,
    PROVIDER,
    RANGE,
    REASON,
    counts,
    cut_by_agent,
    cutoff_rate,
    grown,
    rejected_share,
    without_chat,
)
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import Cause, Delivery, Reason

_NO_STREAM = "No stream ended in this time range. If you expect some, see Lastchunk telemetry path."


def cut_allowed(settings: Settings) -> float:
    """The share of streams that may be cut."""
    return round(1 - settings.objective, 6)


@dataclass(frozen=True)
class Asked(AskedOfOpen):
    """The streams that the questions are about, and the shares of them that an objective allows."""

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
            "Share of the streams that began and were cut, among the streams that the application itself iterates. The dashed"
            " line is the objective. With little traffic, a single cutoff is a high rate: check the counts beside it.",
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
            "Share of requests to models that were rejected, so that no stream began. They are not cutoffs, but users get no"
            " answer.",
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
            "Of the streams that users saw, in the shown time range.",
            "no streams",
            4,
            4,
        )
        return number(about, "percentunit", Query(self._rate("", RANGE)), self.allowed, 10 * self.allowed)

    def rejected_now(self, id_: int) -> stat.Panel:
        about = About(
            id_,
            "Did not start",
            "Share of requests to models that gave no stream, in the shown time range.",
            "no requests",
            4,
            4,
        )
        return number(about, "percentunit", Query(rejected_share(self.chat, "", RANGE)), 0.01, 0.05)

    def cut_now(self, id_: int) -> stat.Panel:
        says = "Of the streams that users saw, in the shown time range."
        about = About(id_, "Streams cut", says, "no streams", 4, 4)
        cut, ended = (self.outermost(semconv.ENDED, which) for which in (CUT, NOT_REJECTED))
        query = Query(f"round({grown('', cut, RANGE)} or {grown('', ended, RANGE)} * 0)")
        return number(about, "short", query, colours=(colours.NEUTRAL,))

    def ended_now(self, id_: int) -> stat.Panel:
        about = About(
            id_,
            "Streams begun",
            "Streams that users saw and that were not rejected. The cutoff rate is a share of these.",
            "no streams",
            4,
            4,
        )
        query = Query(f"round({grown('', self.outermost(semconv.ENDED, NOT_REJECTED), RANGE)})")
        return number(about, "short", query, colours=(colours.NEUTRAL,))

    def endings_by_reason(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "Endings by reason, as users saw them",
            "How the streams that the application iterates ended. Each bar counts its own interval. Completed streams are the"
            " line, on the right axis. Each colour is a family of reasons.",
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
            "How chat streams ended: what the provider did, even if the run recovered. Each bar counts its own interval."
            " Completed streams are the line, on the right axis.",
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
            "Cut streams, by the cause that the evidence points to. Each bar counts its own interval. Each cause has an entry in"
            " the runbook.",
            "No stream was cut in this time range.",
            height=10,
            links=(runbook("causes", "causes"),),
        )
        query = Query(counts(CAUSE, self.outermost(semconv.ENDED, CUT)), f"{{{{{CAUSE}}}}}")
        return whole(bars(about, "short", query, colours=colours.OF_CAUSE))

    def left_early(self, id_: int) -> timeseries.Panel:
        about = About(
            id_,
            "People who left",
            "Streams that were abandoned or cancelled, by cause. Each bar counts its own interval. Stop buttons and closed tabs"
            " cause some all day; more than usual means that people do not want to wait.",
            "Nobody left in this time range.",
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
            "How the answers to requests to models arrived: incremental (the line, on the right axis), in one burst, in a single"
            " piece, or not at all. Each bar counts its own interval. A burst or a single piece after a long wait means that"
            " something on the way buffers the answer.",
            _NO_STREAM,
            height=9,
            links=(runbook("no streaming", "cause-no_streaming_support"),),
        )
        query = Query(counts(DELIVERY, self.chat(semconv.ENDED, NOT_REJECTED)), f"{{{{{DELIVERY}}}}}")
        return whole(bars(about, "short", query, colours=colours.OF_DELIVERY, usual=Delivery.INCREMENTAL))
