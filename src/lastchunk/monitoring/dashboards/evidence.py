# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Single cutoffs: from Loki with their remedies, from Tempo with their traces; and what to connect if these are missing."""

from __future__ import annotations

from grafana_foundation_sdk.builders import logs, table, text
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from lastchunk import semconv
from lastchunk.monitoring.dashboards.drawing import SECONDS, About
from lastchunk.monitoring.dashboards.foreign import ENVIRONMENT, SERVICE_NAME, SERVICE_NAMESPACE
from lastchunk.monitoring.dashboards.queries import AGENT, CAUSE, MODEL, REASON
from lastchunk.monitoring.dashboards.tables import log_lines, said, spans
from lastchunk.monitoring.names import label

_NEEDS = """\
**These panels need a {kind} data source**, chosen at the top. If you have none, connect one (Connections, Add new
connection, {kind}) and send it {what}, as `collector-config/` does. The panels above do not need it.
"""
_SERVICE, _NAMESPACE = label(SERVICE_NAME), label(SERVICE_NAMESPACE)
_SHOWN = (
    semconv.TERMINATION_REASON,
    semconv.TERMINATION_CAUSE,
    semconv.AGENT_NAME,
    semconv.WORKFLOW_NAME,
    semconv.REQUEST_MODEL,
    semconv.LAST_EVENT,
    semconv.CHUNKS,
    semconv.IDLE_AT_END,
)
_NAMES = ("Reason", "Cause", "Agent", "Team", "Model", "Last event", "Chunks", "Silence before the end")

# Loki stores an event's name from 3.8 on only; the attribute it has always stored. The service is written as Prometheus writes
# it, so that one is found too of which Prometheus has never seen a sample, and an empty choice is no error.
_JOB = f"{{{{if .{_NAMESPACE}}}}}{{{{.{_NAMESPACE}}}}}/{{{{end}}}}{{{{.{_SERVICE}}}}}"
CUTOFF_LINES = (
    f'{{{_SERVICE}=~".+", {ENVIRONMENT}=~"$environment"}} | {label(semconv.CUTOFF)}="true"'
    f' | label_format of_service=`{_JOB}` | of_service=~"$job"'
)
_LINE = "{reason}/{cause} {agent} {model}: {remedy}".format(
    **{
        name: f"{{{{.{of}}}}}"
        for name, of in (
            ("reason", REASON),
            ("cause", CAUSE),
            ("agent", AGENT),
            ("model", MODEL),
            ("remedy", label(semconv.REMEDY)),
        )
    }
)


def logs_needed(id_: int) -> text.Panel:
    """What the row of logs needs."""
    return _needed(id_, "Loki", "the application's log records")


def traces_needed(id_: int) -> text.Panel:
    """What the row of traces needs."""
    return _needed(id_, "Tempo", "the application's spans")


def _needed(id_: int, kind: str, what: str) -> text.Panel:
    about = About(id_, f"From {kind}", f"What this row needs: a {kind} data source.", "", 24, 4)
    return said(about, _NEEDS.format(kind=kind, what=what))


def latest_logs(id_: int, *, of_selection: bool = False) -> logs.Panel:
    """The latest cutoffs, each with its cause and its remedy."""
    about = About(
        id_,
        "Latest cutoffs: cause and remedy",
        "One line for each cutoff, on the stream in which it arose. Open a line: trace_id leads to the trace, and runbook names"
        " the runbook's entry. Processes that were killed before their counters were exported are here, too.",
        "No cutoff was logged in this time range, or no Loki data source is chosen.",
        24,
        11,
    )
    narrowed = f' | {MODEL}=~"$model" | {AGENT}=~"$agent"' if of_selection else f' | {MODEL}=~"$model"'
    return log_lines(about, f"{CUTOFF_LINES}{narrowed} | line_format `{_LINE}`")


def latest_traces(id_: int) -> table.Panel:
    """The latest cutoffs, each with its trace."""
    about = About(
        id_,
        "Latest cutoffs: traces",
        "Streams that users saw cut, of the chosen services. The first columns open the trace; the cause opens its entry in the"
        " runbook. Filter by the columns to narrow the list.",
        "No cut stream in this time range, or no Tempo data source is chosen.",
        24,
        11,
    )
    # As it is: in a text between quotes the signs that escape `+`, `(` and `[` would have to be escaped themselves. `job` selects
    # All, and services without a namespace. Tempo compares the whole name from 2.7 on only, so `^` and `$` say it.
    service = f"resource.{SERVICE_NAME} =~ `^(${{job:regex}}|${{service:regex}})$`"
    cut = f"{service} && span.{semconv.OUTERMOST} = true && span.{semconv.CUTOFF} = true"
    selected = ", ".join(f"span.{name}" for name in _SHOWN)
    panel = spans(about, f"{{ {cut} }} | select({selected})")
    for name, shown in zip(_SHOWN, _NAMES, strict=True):
        properties = [DynamicConfigValue("displayName", shown)]
        if name == semconv.TERMINATION_CAUSE:
            link = {"title": "Runbook", "url": "${runbook:raw}#cause-${__value.raw}", "targetBlank": True}
            properties.append(DynamicConfigValue("links", [link]))
        if name == semconv.IDLE_AT_END:
            properties.append(DynamicConfigValue("unit", SECONDS))
        panel = panel.override_by_name(name, properties)
    return panel
