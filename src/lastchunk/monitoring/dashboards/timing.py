# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How long things take, and how large they are: the histograms, for everything and for one selection alike."""

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
    "No value in this time range. If another instrumentation measures the same calls, it emits gen_ai.client.* instead."
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
        "From the request to the first content, for chat streams. Each dot is a stream: click it to open its trace.",
        _NO_VALUE,
        links=(runbook("no streaming", "cause-no_streaming_support"),),
    )
    return _quantiles(about, SECONDS, chat(semconv.TIME_TO_FIRST_CHUNK, suffix=_BUCKET))


def first_chunk_heat(id_: int, chat: Streams) -> heatmap.Panel:
    """The same, as a distribution."""
    about = About(
        id_,
        "Time to first chunk, distribution",
        "Chat streams, by the time to their first content.",
        _NO_VALUE,
    )
    return heat(about, SECONDS, Query(buckets(chat(semconv.TIME_TO_FIRST_CHUNK, suffix=_BUCKET))))


def duration(id_: int, chat: Streams) -> timeseries.Panel:
    """How long requests to models take."""
    about = About(
        id_,
        "Duration of requests to models",
        "From the request to the end of the stream, for chat streams. A long duration need not be slow: the answer may be long.",
        _NO_VALUE,
    )
    return _quantiles(about, SECONDS, chat(semconv.OPERATION_DURATION, suffix=_BUCKET))


def duration_heat(id_: int, chat: Streams) -> heatmap.Panel:
    """The same, as a distribution."""
    about = About(
        id_,
        "Duration of requests to models, distribution",
        "Chat streams, by duration. A bright line at one height is a timeout.",
        _NO_VALUE,
    )
    return heat(about, SECONDS, Query(buckets(chat(semconv.OPERATION_DURATION, suffix=_BUCKET))))


def longest_gap(id_: int, outermost: Streams) -> timeseries.Panel:
    """The longest silence within a stream."""
    about = About(
        id_,
        "Longest silence within a stream, 95 %",
        "In the streams that users saw, cut and completed. If completed streams come near a timeout on the way, they will be cut"
        " next. The value is estimated within its bucket (30, 45, 60, 90 s, ...).",
        "No stream ended in this time range.",
        links=(runbook("idle timeout", "cause-idle_timeout"),),
    )
    return _cut_and_completed(about, SECONDS, outermost, semconv.LONGEST_GAP)


def idle_at_end(id_: int, streams: Streams, of: str = "streams") -> heatmap.Panel:
    """The silence before the end, of those that did not complete."""
    about = About(
        id_,
        f"Silence before the end, of {of} that did not complete",
        "If the silences gather at one length, a timeout fires. 60 s is the default of nginx and of many load balancers; 30, 120,"
        " 300 and 600 s are other defaults.",
        "No stream ended early in this time range.",
        links=(runbook("idle timeout", "cause-idle_timeout"),),
    )
    reason = f'{REASON}!="{semconv.Reason.COMPLETED}"'
    return heat(about, SECONDS, Query(buckets(streams(semconv.IDLE, reason, suffix=_BUCKET))))


def tokens(id_: int, chat: Streams) -> timeseries.Panel:
    """Tokens per second."""
    about = About(
        id_,
        "Tokens",
        "Per second, for chat streams whose provider reported them. Ask most providers for it with"
        ' `stream_options={"include_usage": True}`.',
        "No provider reported usage in this time range.",
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
        "Text of the messages sent to models, for cut and completed streams. If cut streams are far above, the context is the"
        " likely cause: see Lastchunk streams: context and tools.",
        "No stream ended in this time range.",
        links=(runbook("context limit", "cause-context_limit"),),
    )
    return _cut_and_completed(about, "bytes", chat, semconv.BYTES_SENT)


def runs(id_: int) -> timeseries.Panel:
    """How long runs take."""
    about = About(
        id_,
        "Duration of runs, 95 %",
        "For each agent and each team. The choice of models does not apply here. The choice of agents applies only to agents.",
        "No run ended in this time range.",
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
