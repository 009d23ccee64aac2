# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Alerts on the telemetry path, from the Collectors' own metrics, with or without the suffix `_total`."""

from __future__ import annotations

from lastchunk.monitoring.alerts.table import Alert
from lastchunk.monitoring.settings import Settings

_DATA = ("spans", "metric_points", "log_records")
_PROCESS = "job, instance"


def _own(name: str) -> str:
    return f'{{__name__=~"otelcol_{name}(_total)?"}}'


def _rises(by: str, name: str, change: str, window: str) -> str:
    """It rises for one kind of data at least: each by itself, because without their names they are alike."""
    rising = (f"sum by ({by}) ({change}({_own(f'{name}_{data}')}[{window}])) > 0" for data in _DATA)
    return "\nor ".join(rising)


def _given_up(ago: str = "") -> str:
    """Traces that a gateway took, has not decided on, and does not hold.

    Its own counter of traces that are dropped too early also counts each that is decided before `decision_wait`.
    """
    new, decided, held = (
        f"sum by ({_PROCESS}) ({_own(f'processor_tail_sampling_{name}')}{ago})"
        for name in ("new_trace_id_received", "global_count_traces_sampled", "sampling_traces_on_memory")
    )
    return f"({new} - ({decided} or 0 * {new}) - {held})"


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """A blind path looks like a healthy one: no cutoff arrives either way."""
    up = f'up{{job="{settings.collectors_job}"}}'
    minutes, few = settings.time("5m"), settings.time("2m")
    return (
        Alert(
            name="LastchunkPathRefuses",
            severity="page",
            expression=_rises(f"{_PROCESS}, receiver", "receiver_refused", "rate", few),
            wait="1m",
            keep="5m",
            summary="{{ $labels.instance }} refuses telemetry; applications drop it when their own queue is full",
            description=(
                "The Collector is out of memory, or its queue is full. Look at LastchunkPathQueueFills, then at "
                "MEMORY_LIMIT_MIB."
            ),
            leaves_out="Telemetry that an application could not send: only the application's own log says so.",
            panel="refused",
        ),
        Alert(
            name="LastchunkPathDrops",
            severity="page",
            expression="\nor ".join(
                _rises(f"{_PROCESS}, exporter", f"exporter_{kind}_failed", "increase", minutes)
                for kind in ("send", "enqueue")
            ),
            wait="0s",
            keep="5m",
            summary="{{ $labels.instance }} drops telemetry at {{ $labels.exporter }}",
            description=(
                "The backend refused the telemetry permanently (a wrong token, a wrong path, data that it does "
                "not accept), or the queue is full. The Collector's log says which."
            ),
            leaves_out="Failed exports that are retried: they fill the queue.",
            panel="dropped",
        ),
        Alert(
            name="LastchunkPathQueueFills",
            severity="ticket",
            expression=(
                "max by (job, instance, exporter, data_type) (otelcol_exporter_queue_size / "
                "otelcol_exporter_queue_capacity) > 0.8"
            ),
            wait="1m",
            keep="5m",
            summary=(
                "The queue of {{ $labels.exporter }} at {{ $labels.instance }} is {{ $value | humanizePercentage }} "
                "full"
            ),
            description="The backend is down or too slow. When the queue is full, the Collector refuses telemetry.",
            leaves_out="The queues of the applications.",
            panel="queue",
        ),
        Alert(
            name="LastchunkSamplesTooEarly",
            severity="ticket",
            expression=f"{_given_up()} - {_given_up(f' offset {minutes}')} > 0",
            wait="1m",
            keep="5m",
            summary="{{ $labels.instance }} drops traces before the sampling decision",
            description=(
                "More traces are open than OPEN_TRACES allows: raise it and the memory, or add a gateway. A "
                "cutoff's span still arrives, without the rest of its trace."
            ),
            leaves_out="A gateway younger than five minutes. Metrics and log records: sampling concerns traces only.",
            panel="sampling",
        ),
        Alert(
            name="LastchunkPathDown",
            severity="page",
            expression=f"{up} == 0",
            wait="2m",
            keep="5m",
            summary="The Collector {{ $labels.instance }} does not answer",
            description="Its applications drop the telemetry that they cannot send. Start the Collector.",
            leaves_out="A Collector that is no longer a target: LastchunkPathUnseen fires when none is left.",
            panel="collectors_up",
        ),
        Alert(
            name="LastchunkPathUnseen",
            severity="page",
            expression=f"count by (job) (last_over_time({up}[{settings.time('1d')}])) unless count by (job) ({up})",
            wait="5m",
            keep="5m",
            summary="No Collector is scraped any more, so a broken telemetry path raises no alert",
            description=(
                "Prometheus had a target of the job {{ $labels.job }} in the past day, and has none now. In "
                "Grafana it can also mean that the data source does not answer."
            ),
            leaves_out=(
                "Collectors that were never scraped under that job name, or not for a day: set the name of the "
                "job in settings.yaml. A Prometheus that is down: only something outside of it can report that, "
                "such as a dead man's switch."
            ),
            panel="collectors_up",
            on_error="Alerting",
        ),
    )
