# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that an instrumented application emits: spans, metrics and log events, with SDKs of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk import metrics as sdk_metrics
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as log_export
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    MetricReader,
    MetricsData,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

from lastchunk import semconv
from lastchunk.semconv import Metric, Operation
from lastchunk.settings import Settings
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start
from lastchunk.telemetry import Telemetry

# Renamed between the oldest OpenTelemetry that is supported and today's.
InMemoryLogExporter: Any = getattr(log_export, "InMemoryLogRecordExporter", None) or log_export.InMemoryLogExporter

_SYNCHRONOUS = (sdk_metrics.Counter, sdk_metrics.Histogram)


@dataclass(frozen=True)
class Point:
    """One data point: a count and a sum for a histogram, else a value."""

    scope: str
    name: str
    attributes: dict[str, Any]
    value: float
    count: int
    exemplars: list[Any]


class Signals:
    """Three SDKs, in memory. Metrics are cumulative, or delta as a backend of deltas wants them."""

    def __init__(self, *, delta: bool = False, sampler: Sampler | None = None, readers: int = 1) -> None:
        temporality = dict.fromkeys(_SYNCHRONOUS, AggregationTemporality.DELTA) if delta else {}
        self.readers: list[InMemoryMetricReader] = [InMemoryMetricReader(temporality) for _ in range(readers)]
        self.meter_provider = MeterProvider(_as_metric_readers(self.readers), shutdown_on_exit=False)
        self.exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider(sampler, shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self._events = InMemoryLogExporter()
        self.logger_provider = LoggerProvider(shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(log_export.SimpleLogRecordProcessor(self._events))

    @property
    def providers(self) -> dict[str, Any]:
        """The arguments that `instrument()` and `Telemetry` take."""
        return {
            "tracer_provider": self.tracer_provider,
            "meter_provider": self.meter_provider,
            "logger_provider": self.logger_provider,
        }

    def streams(self, **settings: Any) -> Streams:
        """What begins and ends streams, without any library that has some."""
        chosen = Settings(**settings)
        return Streams(Telemetry(**self.providers, settings=chosen), chosen)

    def collect(self, reader: int = 0) -> list[Point]:
        """Every data point that a reader collects now."""
        return list(_points(self.readers[reader].get_metrics_data()))

    def points(self, metric: Metric, reader: int = 0, **attributes: Any) -> list[Point]:
        """Those of one metric with these attributes; in names of arguments `__` stands for a dot."""
        wanted = {name.replace("__", "."): value for name, value in attributes.items()}
        return [
            point
            for point in self.collect(reader)
            if point.name == metric.name and wanted.items() <= point.attributes.items()
        ]

    def total(self, metric: Metric, reader: int = 0, **attributes: Any) -> float:
        """The sum of their values."""
        return sum(point.value for point in self.points(metric, reader, **attributes))

    @property
    def spans(self) -> list[ReadableSpan]:
        """Lastchunk's spans, in the order of their ends."""
        return [
            span
            for span in self.exporter.get_finished_spans()
            if span.instrumentation_scope is not None and span.instrumentation_scope.name == semconv.SCOPE
        ]

    @property
    def logs(self) -> list[Any]:
        """Every log record, as exporters take it."""
        return list(self._events.get_finished_logs())

    @property
    def events(self) -> list[Any]:
        """Every log record."""
        return [entry.log_record for entry in self.logs]

    def named(self, event: str) -> list[Any]:
        """Log records of one event."""
        return [record for record in self.events if record.event_name == event]


def _as_metric_readers(readers: list[InMemoryMetricReader]) -> list[MetricReader]:
    return [*readers]


def _points(data: MetricsData | None) -> Iterator[Point]:
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    histogram = hasattr(point, "sum")
                    yield Point(
                        scope.scope.name,
                        metric.name,
                        dict(point.attributes or {}),
                        point.sum if histogram else point.value,
                        point.count if histogram else 1,
                        list(point.exemplars),
                    )


def chat(model: str = "test-model", **more: Any) -> Start:
    """A model stream that is about to begin."""
    attributes = {semconv.PROVIDER_NAME: "openai", semconv.REQUEST_MODEL: model}
    return Start(operation=Operation.CHAT, subject=0, attributes=attributes, **more)


def agent(name: str = "writer", subject: int = 1, **more: Any) -> Start:
    """An agent's run that is about to begin."""
    attributes = {semconv.PROVIDER_NAME: "openai", semconv.REQUEST_MODEL: "test-model"}
    return Start(
        operation=Operation.INVOKE_AGENT, subject=subject, name=name, attributes=attributes, may_be_silent=True, **more
    )


def team(name: str = "crew", subject: int = 2, **more: Any) -> Start:
    """A team's run that is about to begin."""
    return Start(operation=Operation.INVOKE_WORKFLOW, subject=subject, name=name, may_be_silent=True, **more)


def begin(streams: Streams, start: Start, parent: StreamRecord | None = None) -> StreamRecord:
    """Begin a stream, inside `parent` if there is one."""
    record = (
        streams.begin(start) if parent is None or parent.context is None else parent.context.run(streams.begin, start)
    )
    assert record is not None
    return record


def complete(streams: Streams, record: StreamRecord, finish: str = "stop") -> None:
    """End a stream at its terminal item."""
    record.result(0.0, arrived=True, finish=finish)
    streams.end(record)
