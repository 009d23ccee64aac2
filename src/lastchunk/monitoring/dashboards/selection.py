# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams: one service, agent or model. The questions of the overview for one selection, and what changed."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, statetimeline

from lastchunk.monitoring.dashboards import evidence, timing, variables
from lastchunk.monitoring.dashboards.drawing import About, Query, number, timeline
from lastchunk.monitoring.dashboards.foreign import JOB
from lastchunk.monitoring.dashboards.frame import closed_row, encode, frame, open_row
from lastchunk.monitoring.dashboards.ids import SELECTION as ID
from lastchunk.monitoring.dashboards.links import SELECTION, runbook
from lastchunk.monitoring.dashboards.queries import AGENT, CHAT, MODEL, OUTERMOST, RANGE, cut_by_agent
from lastchunk.monitoring.dashboards.questions import Asked, cut_allowed
from lastchunk.monitoring.settings import Settings

_OUTERMOST, _CHAT = OUTERMOST.for_agent(), CHAT.for_agent()


def build(settings: Settings) -> str:
    """The dashboard's JSON."""
    chosen = [
        *variables.sources(),
        variables.service(),
        variables.environment(),
        variables.model(),
        variables.agent(),
        variables.service_name(),
        variables.runbook(settings),
    ]
    says = "The questions of the overview for one service, model or agent, and what changed when the trouble began."
    made = frame(SELECTION, "Lastchunk streams: one service, agent or model", says, chosen)
    allowed = cut_allowed(settings)
    ask = Asked(_OUTERMOST, _CHAT, allowed, settings.rejected_slow)
    open_row(
        made,
        ID["row_wrong"],
        "Is something wrong, and since when?",
        [
            ask.rate_now(ID["rate_now"]),
            _chat_rate(allowed),
            ask.rejected_now(ID["rejected_now"]),
            ask.cut_now(ID["cut_now"]),
            ask.ended_now(ID["ended_now"]),
            ask.stalled_total(ID["stalled_total"]),
            _timeline(allowed),
            ask.cutoff_rate(ID["cutoff_rate"]),
            ask.rejected_rate(ID["rejected_rate"]),
        ],
    )
    open_row(
        made,
        ID["row_why"],
        "Why?",
        [
            ask.endings_by_reason(ID["endings_by_reason"]),
            ask.cutoffs_by_cause(ID["cutoffs_by_cause"]),
            ask.chat_by_reason(ID["chat_by_reason"]),
            ask.left_early(ID["left_early"]),
        ],
    )
    open_row(
        made,
        ID["row_open"],
        "What hangs now?",
        [
            ask.stalled_now(ID["stalled_now"]),
            ask.longest_silence(ID["longest_silence"]),
            ask.hanging_now(ID["hanging_now"]),
            ask.open_now(ID["open_now"]),
        ],
    )
    open_row(
        made,
        ID["row_time"],
        "How long do people wait?",
        [
            timing.first_chunk(ID["first_chunk"], CHAT),
            timing.first_chunk_heat(ID["first_chunk_heat"], CHAT),
            timing.longest_gap(ID["longest_gap"], OUTERMOST),
            timing.idle_at_end(ID["idle_at_end"], OUTERMOST),
            timing.idle_at_end(ID["chat_idle"], CHAT, "requests to models"),
            timing.duration(ID["duration"], CHAT),
            timing.duration_heat(ID["duration_heat"], CHAT),
            timing.runs(ID["runs"]),
            ask.delivery(ID["delivery"]),
        ],
    )
    open_row(
        made,
        ID["row_what"],
        "What is sent?",
        [timing.history(ID["history"], CHAT), timing.tokens(ID["tokens"], CHAT)],
    )
    closed_row(
        made,
        ID["row_logs"],
        "Latest cutoffs, from logs (needs Loki)",
        [evidence.logs_needed(ID["logs_needed"]), evidence.latest_logs(ID["latest_logs"], of_selection=True)],
    )
    closed_row(
        made,
        ID["row_traces"],
        "Latest cutoffs, from traces (needs Tempo)",
        [evidence.traces_needed(ID["traces_needed"]), evidence.latest_traces(ID["latest_traces"])],
    )
    return encode(made)


def _chat_rate(allowed: float) -> stat.Panel:
    about = About(
        ID["chat_rate_now"],
        "Requests cut",
        "Share of requests to models that were cut: what the provider did, even if the run recovered.",
        "no requests",
        4,
        4,
    )
    return number(about, "percentunit", Query(cut_by_agent(_CHAT, "", RANGE)), allowed, 10 * allowed)


def _timeline(allowed: float) -> statetimeline.Panel:
    about = About(
        ID["timeline"],
        "Since when: cutoff rate of each agent and model",
        "Cutoff rate of chat streams: within the objective, above it, or more than ten times above it. A gap means that there"
        " were no requests. Vertical lines are alerts, new versions and deployments.",
        "No chat stream of this selection ended in this time range.",
        24,
        8,
        (runbook("causes", "causes"),),
    )
    by = f"{JOB}, {AGENT}, {MODEL}"
    query = Query(f"topk(15, {cut_by_agent(_CHAT, by)})", f"{{{{{JOB}}}}} {{{{{AGENT}}}}} {{{{{MODEL}}}}}")
    return timeline(about, "percentunit", query, allowed, 10 * allowed)
