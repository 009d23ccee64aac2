# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Telemetry path. Is what the other dashboards show complete? A blind path looks like a healthy one."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import stat, text, timeseries
from grafana_foundation_sdk.models.common import BigValueTextMode
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from lastchunk import semconv
from lastchunk.monitoring.dashboards import evidence, variables
from lastchunk.monitoring.dashboards import foreign as names
from lastchunk.monitoring.dashboards.colours import BAD, GOOD, HUES, WARNING, Family, shade
from lastchunk.monitoring.dashboards.drawing import (
    SECONDS,
    About,
    Query,
    bars,
    legend,
    lines,
    number,
    of_query,
    whole,
)
from lastchunk.monitoring.dashboards.foreign import INSTANCE, JOB
from lastchunk.monitoring.dashboards.frame import closed_row, encode, frame, open_row
from lastchunk.monitoring.dashboards.ids import PATH as ID
from lastchunk.monitoring.dashboards.links import PATH
from lastchunk.monitoring.dashboards.queries import AGENT, CHAT, MODEL, OUTERMOST, WINDOW, counts
from lastchunk.monitoring.dashboards.tables import log_counts, said
from lastchunk.monitoring.names import series
from lastchunk.monitoring.settings import Settings

_NOT_SCRAPED = (
    "Prometheus has no metrics of the Collectors themselves: scrape them as collector-config/prometheus.yml does."
)
_LOST = tuple(
    shade(HUES[family], by) for by in (0.0, -0.25) for family in (Family.TRANSPORT, Family.FAULT, Family.LIMIT)
)
"""Spans, data points and log records that were refused or not sent; in darker shades, not even queued. None is green."""
_READ_ME = """\
No telemetry looks the same as no cutoffs. **Read from the top.** Does every service report, and did it report lately? Do as
many processes report as you deployed? Then follow the path: what the Collectors received, refused, could not send, and hold in
queues. The alerts in `grafana/alerts/` watch the same things.
"""


def build(settings: Settings) -> str:
    """The dashboard's JSON."""
    chosen = [
        *variables.sources(),
        variables.service(),
        variables.environment(),
        variables.model(),
        variables.runbook(settings),
    ]
    says = "Is what you see complete? Applications that report, and the Collectors between them and you."
    made = frame(PATH, "Lastchunk telemetry path", says, chosen)
    made.with_panel(_read_me())
    open_row(
        made, ID["row_services"], "Do the applications report?", [_reporting(), _age(), _overflow(), _other_values()]
    )
    of = settings.collectors_job
    open_row(
        made,
        ID["row_collectors"],
        "Do the Collectors pass it on?",
        [
            _up(of),
            _queue(),
            _memory(),
            _flow("received", "Received by Collectors", names.RECEIVED, names.RECEIVER),
            _flow("sent", "Sent by Collectors", names.SENT, names.EXPORTER),
            _loss("refused", "Refused by Collectors", names.RECEIVER, refused=names.REFUSED),
            _loss(
                "dropped",
                "Dropped by Collectors",
                names.EXPORTER,
                not_sent=names.SEND_FAILED,
                not_queued=names.ENQUEUE_FAILED,
            ),
            _sampling(),
        ],
    )
    closed_row(
        made,
        ID["row_compare"],
        "Do logs and metrics agree? (needs Loki)",
        [evidence.logs_needed(ID["logs_needed"]), _logged(), _counted()],
    )
    return encode(made)


def _read_me() -> text.Panel:
    about = About(ID["read_me"], "How to read this", "The order in which to look.", "", 24, 4)
    return said(about, _READ_ME)


def _reporting() -> timeseries.Panel:
    about = About(
        ID["reporting"],
        "Processes that report, by service",
        "Each worker process counts once. If fewer report than you run, some are not instrumented, or their Collector is down.",
        "No process reports. Check that Lastchunk is on, and that the Collector accepts its metrics.",
    )
    query = Query(f"count by ({JOB}) (count by ({JOB}, {INSTANCE}) ({OUTERMOST(semconv.OPEN)}))", f"{{{{{JOB}}}}}")
    return whole(lines(about, "short", query))


def _age() -> timeseries.Panel:
    about = About(
        ID["age"],
        "Age of the newest sample, by service",
        "How long ago Prometheus got a sample of each service. If metrics are pushed to Prometheus, an age above the export"
        " interval means that the service, or something on the way, has stopped. If Prometheus scrapes a Collector, it is the age"
        " of the scrape, because the Collector repeats the last value for five minutes.",
        "No process reports. Check that Lastchunk is on, and that the Collector accepts its metrics.",
    )
    query = Query(f"time() - max by ({JOB}) (timestamp({OUTERMOST(semconv.OPEN)}))", f"{{{{{JOB}}}}}")
    return lines(about, SECONDS, query, limits=(60, 240))


def _overflow() -> stat.Panel:
    about = About(
        ID["overflow"],
        "Series merged by the SDK",
        "Services in which an instrument has more than 2,000 sets of attributes. The SDK merges all later ones into one series"
        " without labels, which these dashboards do not show. Drop attributes with a view of the SDK.",
        "none",
        height=4,
    )
    metrics = "|".join(series(metric) for metric in semconv.METRICS if metric.instrument == "counter")
    query = Query(f'count by ({JOB}) ({{__name__=~"{metrics}", {names.OVERFLOW}="true"}})', f"{{{{{JOB}}}}}")
    return number(about, "short", query, 1, colours=(GOOD, WARNING)).text_mode(BigValueTextMode.VALUE_AND_NAME)


def _other_values() -> stat.Panel:
    about = About(
        ID["other_values"],
        "Series of agents and models beyond the cap",
        f"Lastchunk counts the 101st agent or model of a process, and all later ones, as {semconv.OTHER}.",
        "none",
        height=4,
    )
    agents, models = (CHAT(semconv.ENDED, f'{of}="{semconv.OTHER}"') for of in (AGENT, MODEL))
    query = Query(f"count by ({JOB}) ({agents} or {models})", f"{{{{{JOB}}}}}")
    return number(about, "short", query, 1, colours=(GOOD, WARNING)).text_mode(BigValueTextMode.VALUE_AND_NAME)


def _collector(pattern: str) -> str:
    """What only Collectors have, under whatever job they are scraped: the alerts ask for the same."""
    return f'{{__name__=~"{pattern}"}}'


def _up(of: str) -> timeseries.Panel:
    about = About(
        ID["collectors_up"],
        "Collectors that answer",
        "1 if the last scrape of a Collector's own metrics worked. A Collector that is down accepts nothing, and applications"
        " drop what they cannot send.",
        _NOT_SCRAPED,
        8,
    )
    return whole(lines(about, "none", Query(f'{names.UP}{{{JOB}="{of}"}}', f"{{{{{INSTANCE}}}}}")), 2)


def _flow(name: str, title: str, patterns: Mapping[str, str], by: str) -> timeseries.Panel:
    about = About(
        ID[name],
        title,
        "Spans, data points and log records per second, by Collector.",
        _NOT_SCRAPED,
    )
    asked = (_rate(pattern, by, signal) for signal, pattern in patterns.items())
    return lines(about, "suffix:/s", *asked).legend(legend())


def _loss(name: str, title: str, by: str, **patterns: Mapping[str, str]) -> timeseries.Panel:
    about = About(
        ID[name],
        title,
        "Spans, data points and log records per second that were refused or dropped. Anything above 0 is missing on these"
        " dashboards. A Collector that never lost any has no such series.",
        "None in this time range, or Prometheus does not scrape the Collectors: see Collectors that answer.",
    )
    asked = [
        _rate(pattern, by, f"{signal} {how.replace('_', ' ')}", " > 0")
        for how, signals in patterns.items()
        for signal, pattern in signals.items()
    ]
    return of_query(lines(about, "suffix:/s", *asked).legend(legend()), _LOST[: len(asked)])


def _rate(pattern: str, by: str, said: str, more: str = "") -> Query:
    rate = f"sum by ({INSTANCE}, {by}) (rate({_collector(pattern)}[{WINDOW}]))"
    return Query(rate + more, f"{{{{{INSTANCE}}}}} {{{{{by}}}}} {said}")


def _queue() -> timeseries.Panel:
    about = About(
        ID["queue"],
        "Queues of Collectors",
        "How full each queue is. A queue fills when its destination is down or slow. When it is full, data is refused.",
        _NOT_SCRAPED,
        8,
    )
    by = f"{INSTANCE}, {names.EXPORTER}, {names.DATA_TYPE}"
    query = f"max by ({by}) ({names.QUEUE_SIZE} / ({names.QUEUE_CAPACITY} > 0))"
    legend = f"{{{{{INSTANCE}}}}} {{{{{names.EXPORTER}}}}} {{{{{names.DATA_TYPE}}}}}"
    return lines(about, "percentunit", Query(query, legend), limits=(0.5, 0.8))


def _sampling() -> timeseries.Panel:
    about = About(
        ID["sampling"],
        "Sampling at the gateways",
        "Traces per second that were kept and not kept. On the right axis: traces that wait for their decision. At OPEN_TRACES,"
        " the gateway drops the oldest. Metrics are counted before sampling, so they miss nothing.",
        "No gateway samples, or Prometheus does not scrape the Collectors.",
        24,
        9,
    )
    decided = f"sum by ({names.DECISION}) (rate({_collector(names.DECIDED)}[{WINDOW}]))"
    waiting = f"sum by ({INSTANCE}) ({names.WAITING})"
    asked = (Query(decided, f"{{{{{names.DECISION}}}}}"), Query(waiting, f"{{{{{INSTANCE}}}}} waiting"))
    right = [DynamicConfigValue("unit", "short"), DynamicConfigValue("custom.axisPlacement", "right")]
    return lines(about, "suffix:/s", *asked).override_by_regexp(".* waiting", right)


def _memory() -> timeseries.Panel:
    about = About(
        ID["memory"],
        "Memory of Collectors",
        "Resident memory. At MEMORY_LIMIT_MIB, a Collector begins to refuse data.",
        _NOT_SCRAPED,
        8,
    )
    return lines(about, "bytes", Query(f"max by ({INSTANCE}) ({_collector(names.MEMORY)})", f"{{{{{INSTANCE}}}}}"))


def _logged() -> timeseries.Panel:
    about = About(
        ID["logged"],
        "Cutoffs, as logged",
        "Cutoff events in the logs: one for each cutoff, on the stream in which it arose. Each bar counts its own interval.",
        "No cutoff was logged in this time range, or no Loki data source is chosen.",
    )
    return log_counts(
        about, f'sum(count_over_time({evidence.CUTOFF_LINES} | {MODEL}=~"$model" [$__interval]))', "logged"
    )


def _counted() -> timeseries.Panel:
    about = About(
        ID["counted"],
        "Cutoffs, as counted",
        "The same from the counters, for the streams that users saw. The two differ only by cutoffs from which a run recovered"
        " (logged, not counted here) and by processes that were killed before their first export (logged, invisible here).",
        "No cutoff was counted in this time range.",
    )
    query = Query(counts("", OUTERMOST(semconv.CUTOFFS)), "counted")
    return whole(bars(about, "short", query, colours={"counted": BAD}))
