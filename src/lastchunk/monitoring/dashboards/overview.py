# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams: overview. Is something wrong, since when, where, and why?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard, table, timeseries

from lastchunk import semconv
from lastchunk.monitoring.dashboards import evidence, timing, variables, words
from lastchunk.monitoring.dashboards.drawing import GRAFANA, About, Query, lines, whole
from lastchunk.monitoring.dashboards.foreign import ALERT_NAME, INSTANCE, JOB, SEVERITY
from lastchunk.monitoring.dashboards.frame import FIRING, closed_row, encode, frame, open_row
from lastchunk.monitoring.dashboards.ids import OVERVIEW as ID
from lastchunk.monitoring.dashboards.links import OVERVIEW, to_row, to_selection
from lastchunk.monitoring.dashboards.queries import (
    AGENT,
    CHAT,
    MODEL,
    NOT_REJECTED,
    OUTERMOST,
    PROVIDER,
    RANGE,
    cut_by_agent,
    cutoff_rate,
    grown,
)
from lastchunk.monitoring.dashboards.questions import Asked, cut_allowed
from lastchunk.monitoring.dashboards.tables import other, rows
from lastchunk.monitoring.settings import Settings


def build(settings: Settings) -> str:
    """The dashboard's JSON."""
    allowed = cut_allowed(settings)
    chosen = [
        *variables.sources(),
        variables.service(),
        variables.environment(),
        variables.model(),
        variables.service_name(),
        variables.runbook(settings),
    ]
    says = "Are streams being cut? Which, since when, and why? Users see the outermost streams; chat streams show the providers."
    made = frame(OVERVIEW, "Lastchunk streams: overview", says, chosen)
    ask = Asked(OUTERMOST, CHAT, allowed, settings.rejected_slow)
    open_row(
        made,
        ID["row_wrong"],
        "Is something wrong?",
        [
            ask.rate_now(ID["rate_now"]),
            ask.cut_now(ID["cut_now"]),
            ask.ended_now(ID["ended_now"]),
            ask.rejected_now(ID["rejected_now"]),
            ask.open_total(ID["open_total"]),
            ask.stalled_total(ID["stalled_total"]),
            ask.cutoff_rate(ID["cutoff_rate"]),
            ask.rejected_rate(ID["rejected_rate"]),
            _alerts_of_grafana(),
            _alerts_of_prometheus(),
        ],
    )
    open_row(
        made,
        ID["row_why"],
        "Why?",
        [
            ask.endings_by_reason(ID["endings_by_reason"]),
            ask.cutoffs_by_cause(ID["cutoffs_by_cause"]),
            ask.left_early(ID["left_early"]),
            ask.delivery(ID["delivery"]),
        ],
    )
    open_row(made, ID["row_where"], "Where?", [_by_model(allowed), _by_agent(allowed), _worst()])
    open_row(
        made,
        ID["row_open"],
        "What hangs now?",
        [
            ask.stalled_now(ID["stalled_now"]),
            ask.longest_silence(ID["longest_silence"]),
            ask.hanging_now(ID["hanging_now"]),
            ask.open_now(ID["open_now"]),
            _present(),
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
            timing.duration(ID["duration"], CHAT),
            timing.duration_heat(ID["duration_heat"], CHAT),
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
        [evidence.logs_needed(ID["logs_needed"]), evidence.latest_logs(ID["latest_logs"])],
    )
    closed_row(
        made,
        ID["row_traces"],
        "Latest cutoffs, from traces (needs Tempo)",
        [evidence.traces_needed(ID["traces_needed"]), evidence.latest_traces(ID["latest_traces"])],
    )
    closed_row(
        made,
        ID["row_words"],
        "What the words mean, and what to do",
        [words.causes(ID["causes"]), words.reasons(ID["reasons"])],
    )
    return encode(made)


def _alerts_of_grafana() -> dashboard.Panel:
    about = About(
        ID["alerts_grafana"],
        "Firing alerts, where Grafana evaluates them",
        "Alerts from rules (grafana/alerts/) that Grafana manages: those of the chosen services and models, and those without"
        " a model. Empty if your Prometheus evaluates the rules.",
        "No alert fires, or Prometheus evaluates the rules.",
        8,
        6,
    )
    options = {
        # Grafana compares a label that an alert does not have as an empty text.
        "alertInstanceLabelFilter": f'{{{JOB}=~"${{job:regex}}|", {MODEL}=~"${{model:regex}}|"}}',
        "alertName": "Lastchunk",
        "dashboardAlerts": False,
        "datasource": GRAFANA.uid,
        "groupBy": [],
        "groupMode": "default",
        "maxItems": 20,
        "sortOrder": 1,
        "stateFilter": {"error": True, "firing": True, "noData": False, "normal": False, "pending": True},
        "viewMode": "list",
    }
    return other(about, "alertlist", options)


def _alerts_of_prometheus() -> table.Panel:
    about = About(
        ID["alerts_prometheus"],
        "Firing alerts, where Prometheus evaluates them",
        "Alerts from rules (grafana/alerts/) that Prometheus, Mimir or Thanos evaluates: those of the chosen services and models,"
        " and those without a model. Empty if Grafana manages the rules.",
        "No alert fires, or Grafana evaluates the rules.",
        16,
        6,
    )
    columns = {ALERT_NAME: "Alert", SEVERITY: "Severity", JOB: "Service", MODEL: "Model"}
    query = Query(f"max by ({', '.join(columns)}) ({FIRING[:-1]}, {JOB}=~'$job|', {MODEL}=~'$model|'}})")
    widths = {"Alert": 250, "Severity": 90}
    return rows(about, "none", query, columns=columns, units={}, widths=widths, hidden=("Value",))


def _by_model(allowed: float) -> timeseries.Panel:
    about = About(
        ID["by_model"],
        "Cutoff rate by provider and model",
        "Of chat streams: what each provider did, even if the run recovered.",
        "No chat stream ended in this time range.",
        height=11,
    )
    by = f"{PROVIDER}, {MODEL}"
    query = Query(cutoff_rate(CHAT, by), f"{{{{{PROVIDER}}}}} {{{{{MODEL}}}}}")
    return lines(
        about, "percentunit", query, limits=(allowed,), to=to_selection("model"), maximum=2 * allowed, every="5m"
    )


def _by_agent(allowed: float) -> timeseries.Panel:
    about = About(
        ID["by_agent"],
        "Cutoff rate by agent",
        "Of chat streams, by the agent that called the model. The ten worst.",
        "No chat stream of an agent ended in this time range.",
        height=11,
    )
    by = f"{JOB}, {AGENT}"
    query = Query(f"topk(10, {cut_by_agent(CHAT, by)})", f"{{{{{JOB}}}}} {{{{{AGENT}}}}}")
    return lines(
        about, "percentunit", query, limits=(allowed,), to=to_selection("job", "agent"), maximum=2 * allowed, every="5m"
    )


def _worst() -> table.Panel:
    about = About(
        ID["worst"],
        "Most cutoffs, by service and model",
        "Of chat streams, in the shown time range. Click a service to see it alone.",
        "No chat stream was cut in this time range.",
        24,
        8,
    )
    by = f"{JOB}, {PROVIDER}, {MODEL}"
    cut = f"topk(25, {grown(by, CHAT(semconv.CUTOFFS), RANGE)} > 0)"
    ended = f"{grown(by, CHAT(semconv.ENDED, NOT_REJECTED), RANGE)} > 0"
    of_those = f"({ended}) and on ({by}) {cut}"
    columns = {
        JOB: "Service",
        PROVIDER: "Provider",
        MODEL: "Model",
        "Value #A": "Cut",
        "Value #B": "Began",
        "Value #C": "Rate",
    }
    queries = (Query(f"round({cut})"), Query(f"round({of_those})"), Query(f"{cut} / ({ended})"))
    panel = rows(about, "short", *queries, columns=columns, units={"Rate": "percentunit"})
    return panel.data_links([to_row("job", "model")])


def _present() -> timeseries.Panel:
    about = About(
        ID["series_present"],
        "Processes that report, by service",
        "A service that is missing here is unseen, not healthy: go to Lastchunk telemetry path.",
        "No process reports. Check that Lastchunk is on, and that the Collector accepts its metrics.",
        24,
        7,
    )
    query = Query(f"count by ({JOB}) (count by ({JOB}, {INSTANCE}) ({OUTERMOST(semconv.OPEN)}))", f"{{{{{JOB}}}}}")
    return whole(lines(about, "short", query, to=to_selection("job")))
