# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The names that dashboards use and that are not Lastchunk's: of Prometheus, of the resource, of the Collector."""

from __future__ import annotations

from collections.abc import Mapping

from lastchunk.monitoring.names import label

SERVICE_NAME = "service.name"
SERVICE_NAMESPACE = "service.namespace"
ENVIRONMENT_NAME = "deployment.environment.name"
VERSION_NAME = "service.version"

JOB, INSTANCE, LE = "job", "instance", "le"
ENVIRONMENT = label(ENVIRONMENT_NAME)
"""Copied from the resource by our Collector configurations; without them it is absent, and All selects everything."""
VERSION = label(VERSION_NAME)
OVERFLOW = label("otel.metric.overflow")
"""What the SDK sets on the series into which it adds up those beyond its limit."""

UP, ALERTS, TARGET_INFO = "up", "ALERTS", "target_info"
ALERT_NAME, ALERT_STATE, SEVERITY = "alertname", "alertstate", "severity"
COLLECTORS = "lastchunk-collectors"
"""The scrape job of the Collectors themselves, in collector-config/prometheus.yml."""

_SIGNALS = {"spans": "spans", "data points": "metric_points", "log records": "log_records"}


def _of_each_signal(before: str) -> Mapping[str, str]:
    """One pattern for each signal: with one pattern for all, `rate` would meet the same labels twice, and refuse."""
    return {said: f"otelcol_{before}_{name}(_total)?" for said, name in _SIGNALS.items()}


RECEIVED, REFUSED = _of_each_signal("receiver_accepted"), _of_each_signal("receiver_refused")
SENT, SEND_FAILED = _of_each_signal("exporter_sent"), _of_each_signal("exporter_send_failed")
ENQUEUE_FAILED = _of_each_signal("exporter_enqueue_failed")
DECIDED = "otelcol_processor_tail_sampling_global_count_traces_sampled(_total)?"
MEMORY = "otelcol_process_memory_rss(_bytes)?"
"""Regular expressions: the Collector's own metrics end in `_total` or not, as they are read."""
WAITING = "otelcol_processor_tail_sampling_sampling_traces_on_memory"
QUEUE_SIZE, QUEUE_CAPACITY = "otelcol_exporter_queue_size", "otelcol_exporter_queue_capacity"
EXPORTER, RECEIVER, DATA_TYPE, DECISION = "exporter", "receiver", "data_type", "decision"
OF_COLLECTOR = (
    *(pattern for signals in (RECEIVED, REFUSED, SENT, SEND_FAILED, ENQUEUE_FAILED) for pattern in signals.values()),
    WAITING,
    DECIDED,
    MEMORY,
    QUEUE_SIZE,
    QUEUE_CAPACITY,
)

METRICS = (UP, ALERTS, TARGET_INFO, *OF_COLLECTOR)
LABELS = (
    JOB,
    INSTANCE,
    LE,
    ENVIRONMENT,
    VERSION,
    OVERFLOW,
    ALERT_NAME,
    ALERT_STATE,
    SEVERITY,
    EXPORTER,
    RECEIVER,
    DATA_TYPE,
    DECISION,
)
