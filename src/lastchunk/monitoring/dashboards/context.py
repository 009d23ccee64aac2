# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams: context and tools. Do conversations outgrow their models, and do tools fail?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import heatmap, table, timeseries

from lastchunk import semconv
from lastchunk.monitoring.dashboards import variables
from lastchunk.monitoring.dashboards.colours import HUES, OF_CAUSE, Family
from lastchunk.monitoring.dashboards.drawing import About, Query, bars, dotted, heat, lines, whole
from lastchunk.monitoring.dashboards.foreign import JOB
from lastchunk.monitoring.dashboards.frame import encode, frame, open_row
from lastchunk.monitoring.dashboards.ids import CONTEXT as ID
from lastchunk.monitoring.dashboards.links import CONTEXT, runbook, to_row, to_selection
from lastchunk.monitoring.dashboards.queries import (
    AGENT,
    CAUSE,
    CHAT,
    CUT,
    MODEL,
    NOT_CUT,
    OF_ANY_MODEL,
    OUTERMOST,
    RANGE,
    REASON,
    TOKEN_TYPE,
    WAITING_FOR,
    WORKFLOW,
    buckets,
    counts,
    grown,
    quantile,
    rare_quantile,
    without_chat,
)
from lastchunk.monitoring.dashboards.tables import rows
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import Cause, Metric, Reason, WaitingFor

_BUCKET = "_bucket"
_NO_STREAM = "No stream ended in this time range. If you expect some, see Lastchunk telemetry path."


def build(settings: Settings) -> str:
    """The dashboard's JSON."""
    chosen = [
        *variables.sources(),
        variables.service(),
        variables.environment(),
        variables.model(),
        variables.agent(),
        variables.runbook(settings),
    ]
    says = "Do conversations outgrow their models, are answers cut by limits and filters, do tools fail?"
    made = frame(CONTEXT, "Lastchunk streams: context and tools", says, chosen)
    open_row(made, ID["row_limits"], "Limits and filters", [_context_errors(), _filter()])
    open_row(
        made,
        ID["row_history"],
        "What is sent to models",
        [
            _percentiles("messages", "Messages in the history sent", "short", semconv.MESSAGES_SENT),
            _heat("messages_heat", "Messages in the history sent, distribution", "short", semconv.MESSAGES_SENT),
            _percentiles("size", "Size of the history sent", "bytes", semconv.BYTES_SENT),
            _heat("size_heat", "Size of the history sent, distribution", "bytes", semconv.BYTES_SENT),
            _size_by_model(),
            _tokens("input_tokens", "input", "Input tokens of a request, by model"),
            _tokens("output_tokens", "output", "Output tokens of a request, by model"),
        ],
    )
    open_row(made, ID["row_tools"], "Tools", [_tool_failures(), _recovered(), _waiting(), _tool_table()])
    return encode(made)


def _context_errors() -> timeseries.Panel:
    about = About(
        ID["context_errors"],
        "Context and output limits, by model",
        "Requests to models that a limit ended: the conversation no longer fits (context), or the answer reached its maximum"
        " (output). Each bar counts its own interval.",
        "No request reached a limit in this time range.",
        links=(runbook("context limit", "cause-context_limit"), runbook("length", "reason-length")),
    )
    context = CHAT(semconv.ENDED, f'{CAUSE}="{Cause.CONTEXT_LIMIT}"', f'{REASON}!="{Reason.LENGTH}"')
    output = CHAT(semconv.ENDED, f'{REASON}="{Reason.LENGTH}"')
    asked = [
        Query(counts(MODEL, of), f"{name} {{{{{MODEL}}}}}") for name, of in (("context:", context), ("output:", output))
    ]
    runs = OUTERMOST(semconv.ENDED, f'{CAUSE}="{Cause.CONTEXT_LIMIT}"', f'{REASON}!="{Reason.LENGTH}"')
    asked.append(Query(without_chat(counts(JOB, runs)), f"context: {{{{{JOB}}}}}"))
    return whole(bars(about, "short", *asked, to=to_selection("model")))


def _filter() -> timeseries.Panel:
    about = About(
        ID["filter"],
        "Content filter, by model",
        "Requests to models that the provider's filter stopped, before the answer or during it. Each bar counts its own"
        " interval.",
        "The filter stopped no request in this time range.",
        links=(runbook("content filter", "cause-content_filter"),),
    )
    query = Query(counts(MODEL, CHAT(semconv.ENDED, f'{CAUSE}="{Cause.CONTENT_FILTER}"')), f"{{{{{MODEL}}}}}")
    return whole(bars(about, "short", query, to=to_selection("model")))


def _percentiles(name: str, title: str, unit: str, metric: Metric) -> timeseries.Panel:
    about = About(
        ID[name],
        title,
        "Median and 95th percentile of completed requests to models, and 95th percentile of cut ones. A conversation that grows"
        " without bound reaches the model's limit: limit its length yourself.",
        _NO_STREAM,
        links=(runbook("context limit", "cause-context_limit"),),
    )
    completed, cut = (CHAT(metric, which, suffix=_BUCKET) for which in (NOT_CUT, CUT))
    asked = (
        Query(quantile(0.5, completed), "median"),
        Query(quantile(0.95, completed), "95 %", exemplars=True),
        Query(rare_quantile(0.95, cut), "cut, 95 %", exemplars=True),
    )
    colours = {
        "median": HUES[Family.NOT_STARTED],
        "95 %": HUES[Family.LIMIT],
        "cut, 95 %": HUES[Family.TRANSPORT],
    }
    return dotted(lines(about, unit, *asked, colours=colours), "cut, 95 %")


def _heat(name: str, title: str, unit: str, metric: Metric) -> heatmap.Panel:
    about = About(ID[name], title, "Requests to models, by the amount of history that they sent.", _NO_STREAM)
    return heat(about, unit, Query(buckets(CHAT(metric, suffix=_BUCKET))))


def _size_by_model() -> timeseries.Panel:
    about = About(
        ID["size_by_model"],
        "Size of the history sent, 95 %, by model",
        "Bytes of text; images do not count. Three to five bytes are about one token.",
        _NO_STREAM,
        8,
    )
    query = Query(quantile(0.95, CHAT(semconv.BYTES_SENT, suffix=_BUCKET), MODEL), f"{{{{{MODEL}}}}}")
    return lines(about, "bytes", query, to=to_selection("model"))


def _tokens(name: str, kind: str, title: str) -> timeseries.Panel:
    about = About(
        ID[name],
        title,
        "95th percentile, as counted by the provider. A line that stays flat at one height is a limit.",
        "No provider reported usage in this time range.",
        8,
        links=(runbook("length", "reason-length"),),
    )
    selector = CHAT(semconv.TOKEN_USAGE, f'{TOKEN_TYPE}="{kind}"', suffix=_BUCKET)
    return lines(about, "short", Query(quantile(0.95, selector, MODEL), f"{{{{{MODEL}}}}}"), to=to_selection("model"))


def _tool_failures() -> timeseries.Panel:
    about = About(
        ID["tool_failures"],
        "Streams that a tool ended, by agent and team",
        "Streams that users saw: a tool failed or hung, or its arguments arrived cut. Each bar counts its own interval. The"
        " choice of models does not apply here, because a team's run has no model.",
        "No tool ended a stream in this time range.",
        links=(runbook("tool failure", "cause-tool_failure"),),
    )
    failed = OF_ANY_MODEL.for_agent()(semconv.ENDED, f'{CAUSE}="{Cause.TOOL_FAILURE}"')
    query = Query(counts(f"{JOB}, {AGENT}, {WORKFLOW}", failed), f"{{{{{JOB}}}}} {{{{{AGENT}}}}}{{{{{WORKFLOW}}}}}")
    return whole(bars(about, "short", query, to=to_selection("job")))


def _recovered() -> timeseries.Panel:
    about = About(
        ID["inner_cutoffs"],
        "Inner cutoffs from which a run recovered, by cause",
        "A stream below was cut, and the run went on to an answer: users waited longer, and noticed nothing else. Each bar counts"
        " its own interval. The choice of models does not apply here, because a team's run has no model.",
        "No run had to recover in this time range.",
        links=(runbook("causes", "causes"),),
    )
    query = Query(counts(CAUSE, OF_ANY_MODEL(semconv.RECOVERED)), f"{{{{{CAUSE}}}}}")
    return whole(bars(about, "short", query, colours=OF_CAUSE))


def _waiting() -> timeseries.Panel:
    about = About(
        ID["tools_waiting"],
        "Streams that hang in a tool",
        "Streams that users are waiting for and that are silent because a tool has not answered, by service.",
        "No process reports. Lastchunk telemetry path shows which are missing.",
        24,
        7,
        links=(runbook("tool failure", "cause-tool_failure"),),
    )
    hanging = OUTERMOST(semconv.STALLED, f'{WAITING_FOR}="{WaitingFor.TOOL}"')
    query = Query(f"sum by ({JOB}) ({hanging})", f"{{{{{JOB}}}}}")
    return whole(lines(about, "short", query, to=to_selection("job")))


def _tool_table() -> table.Panel:
    about = About(
        ID["tool_table"],
        "Limits, filters and tools, by agent",
        "Requests to models that ended this way in the shown time range, by the agent that made them. The 25 most frequent.",
        "Nothing of this kind in this time range.",
        24,
    )
    causes = "|".join((Cause.CONTEXT_LIMIT, Cause.CONTENT_FILTER, Cause.TOOL_FAILURE))
    found = CHAT.for_agent()(semconv.ENDED, f'{CAUSE}=~"{causes}"')
    by = f"{JOB}, {AGENT}, {MODEL}, {CAUSE}"
    columns = {JOB: "Service", AGENT: "Agent", MODEL: "Model", CAUSE: "Cause", "Value": "Streams"}
    panel = rows(about, "short", Query(f"topk(25, round({grown(by, found, RANGE)}) > 0)"), columns=columns, units={})
    return panel.data_links([to_row("job", "model", "agent")])
