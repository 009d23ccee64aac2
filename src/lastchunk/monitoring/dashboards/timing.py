# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How long things take, how large they are: the histograms, asked of everything and of one selection alike."""

from __future__ import annotations

from grafana_foundation_sdk.builders import heatmap, timeseries

from lastchunk import semconv
from lastchunk.monitoring.dashboards.colours import HUES, OF_CUTOFF, Family
from lastchunk.monitoring.dashboards.drawing import SECONDS, About, Query, dotted, heat, lines
from lastchunk.monitoring.dashboards.links import runbook
from lastchunk.monitoring.dashboards.queries import (
    AGENT,
    CUT,
    NOT_CUT,
    REASON,
    RUNS,
    TOKEN_TYPE,
    WINDOW,
    WORKFLOW,
    Streams,
    buckets,
    quantile,
    rare_quantile,
)
from lastchunk.semconv import Metric

_NO_VALUE = (
    "No value in this time. Where another instrumentation measures the same call, gen_ai.client.* is left to it."
)
_QUANTILES = ((0.5, "median", Family.NOT_STARTED), (0.95, "95 %", Family.LIMIT), (0.99, "99 %", Family.TRANSPORT))
_COLOURS = {name: HUES[family] for _, name, family in _QUANTILES}
_BUCKET = "_bucket"


def _quantiles(about: About, unit: str, selector: str, limits: tuple[float, ...] = ()) -> timeseries.Panel:
    asked = [Query(quantile(of, selector), name, exemplars=of == 0.95) for of, name, _ in _QUANTILES]
    return lines(about, unit, *asked, limits=limits, colours=_COLOURS)


def first_chunk(id_: int, chat: Streams) -> timeseries.Panel:
    """Time to the first chunk."""
    about = About(
        id_,
        "Time to first chunk",
        "From the request to the first content, of chat streams. Each dot is a stream: click it to open its trace.",
        _NO_VALUE,
        links=(runbook("no streaming", "cause-no_streaming_support"),),
    )
    return _quantiles(about, SECONDS, chat(semconv.TIME_TO_FIRST_CHUNK, suffix=_BUCKET))


def first_chunk_heat(id_: int, chat: Streams) -> heatmap.Panel:
    """The same, all of it."""
    about = About(
        id_,
        "Time to first chunk, all of them",
        "How many chat streams had their first content after how long.",
        _NO_VALUE,
    )
    return heat(about, SECONDS, Query(buckets(chat(semconv.TIME_TO_FIRST_CHUNK, suffix=_BUCKET))))


def duration(id_: int, chat: Streams) -> timeseries.Panel:
    """How long requests to models take."""
    about = About(
        id_,
        "Duration of requests to models",
        "From the request to the end of the stream, of chat streams. A long one is not slow: it may be a long answer.",
        _NO_VALUE,
    )
    return _quantiles(about, SECONDS, chat(semconv.OPERATION_DURATION, suffix=_BUCKET))


def duration_heat(id_: int, chat: Streams) -> heatmap.Panel:
    """The same, all of it."""
    about = About(
        id_,
        "Duration of requests to models, all of them",
        "How many chat streams took how long. A bright line at one height is a timeout.",
        _NO_VALUE,
    )
    return heat(about, SECONDS, Query(buckets(chat(semconv.OPERATION_DURATION, suffix=_BUCKET))))


def longest_gap(id_: int, outermost: Streams) -> timeseries.Panel:
    """The longest silence within a stream."""
    about = About(
        id_,
        "Longest silence within a stream, 95 %",
        "As users saw it, of cut and of completed streams. If completed ones come near a timeout on the way, they are next."
        " Read from buckets (30, 45, 60, 90 s, ...): within one it is a guess.",
        "No stream ended in this time.",
        links=(runbook("idle timeout", "cause-idle_timeout"),),
    )
    return _cut_and_completed(about, SECONDS, outermost, semconv.LONGEST_GAP)


def idle_at_end(id_: int, streams: Streams, of: str = "streams") -> heatmap.Panel:
    """The silence before the end, of those that did not complete."""
    about = About(
        id_,
        f"Silence before the end, of {of} that did not complete",
        "Where they gather at one length, a timeout fires: 60 s is a default of nginx and of many load balancers, 30, 120,"
        " 300 and 600 s are others.",
        "No stream ended early in this time.",
        links=(runbook("idle timeout", "cause-idle_timeout"),),
    )
    reason = f'{REASON}!="{semconv.Reason.COMPLETED}"'
    return heat(about, SECONDS, Query(buckets(streams(semconv.IDLE, reason, suffix=_BUCKET))))


def tokens(id_: int, chat: Streams) -> timeseries.Panel:
    """Tokens per second."""
    about = About(
        id_,
        "Tokens",
        "Per second, of chat streams whose provider said how many: for most, ask with"
        ' `stream_options={"include_usage": True}`.',
        "No provider gave a usage in this time.",
    )
    selector = chat(semconv.TOKEN_USAGE, suffix="_sum")
    query = Query(f"sum by ({TOKEN_TYPE}) (rate({selector}[{WINDOW}]))", f"{{{{{TOKEN_TYPE}}}}}")
    colours = {"input": HUES[Family.NOT_STARTED], "output": HUES[Family.LIMIT]}
    return lines(about, "suffix:tokens/s", query, colours=colours)


def history(id_: int, chat: Streams) -> timeseries.Panel:
    """Size of the history."""
    about = About(
        id_,
        "Size of the history sent, 95 %",
        "Text of the messages sent to models, of cut and of completed streams. If cut ones are far above, the context is the"
        " likely cause: Lastchunk context and tools says more.",
        "No stream ended in this time.",
        links=(runbook("context limit", "cause-context_limit"),),
    )
    return _cut_and_completed(about, "bytes", chat, semconv.BYTES_SENT)


def runs(id_: int) -> timeseries.Panel:
    """How long runs take."""
    about = About(
        id_,
        "Duration of runs, 95 %",
        "Of each agent and of each team. Not narrowed by environment or model alone: a team has none.",
        "No run ended in this time.",
        height=9,
    )
    agents = RUNS(semconv.AGENT_DURATION, f'{AGENT}=~"$agent"', suffix=_BUCKET)
    teams = RUNS(semconv.WORKFLOW_DURATION, suffix=_BUCKET)
    of_agents = Query(rare_quantile(0.95, agents, AGENT), f"agent {{{{{AGENT}}}}}", exemplars=True)
    return lines(about, SECONDS, of_agents, Query(rare_quantile(0.95, teams, WORKFLOW), f"team {{{{{WORKFLOW}}}}}"))


def _cut_and_completed(about: About, unit: str, streams: Streams, metric: Metric) -> timeseries.Panel:
    cut = Query(rare_quantile(0.95, streams(metric, CUT, suffix=_BUCKET)), "cut", exemplars=True)
    completed = Query(rare_quantile(0.95, streams(metric, NOT_CUT, suffix=_BUCKET)), "completed")
    return dotted(lines(about, unit, cut, completed, colours=OF_CUTOFF), "cut")
