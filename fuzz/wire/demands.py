# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What must hold of everything that Lastchunk emits, whatever an application and a server do."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as log_export
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fuzz.wire.answers import SENTINEL
from lastchunk import AutoGenStreamsInstrumentor, own_errors, semconv
from lastchunk.exporters.console import ConsoleStreamExporter
from lastchunk.semconv import Cause, Reason
from lastchunk.streams import open_streams

_InMemoryLogs: Any = getattr(log_export, "InMemoryLogRecordExporter", None) or log_export.InMemoryLogExporter
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
_LONGEST = 400
"""Characters of any value of ours."""
_FRAMEWORKS = frozenset({"agent_framework", "opentelemetry.instrumentation.ag2"})
_TOO_LATE = "Setting attribute on ended span."


class _Begun(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[Any] = []

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        self.spans.append(span)


class _Complains(logging.Handler):
    """Nobody's telemetry complains, OpenTelemetry's least of all."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        self._found.append(f"logged: {record.name}: {record.getMessage()}")


class Watch:
    """The OpenTelemetry SDK that an application set up, under Lastchunk; it looks at everything that leaves."""

    def __init__(self) -> None:
        self._spans, self._logs, self._begun = InMemorySpanExporter(), _InMemoryLogs(), _Begun()
        self._metrics = InMemoryMetricReader()
        tracers, loggers = TracerProvider(), LoggerProvider()
        tracers.add_span_processor(self._begun)
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        loggers.add_log_record_processor(log_export.SimpleLogRecordProcessor(self._logs))
        trace.set_tracer_provider(tracers)
        AutoGenStreamsInstrumentor().instrument(
            logger_provider=loggers, meter_provider=MeterProvider(metric_readers=[self._metrics])
        )
        self._found: list[str] = []
        for name in ("opentelemetry", "lastchunk"):
            logging.getLogger(name).addHandler(_Complains(self._found))

    def current(self) -> None:
        """Called in the application's own code: no span of ours may be current there."""
        if trace.get_current_span().get_span_context().is_valid:
            self._found.append("a span is current in the application")

    def faults(self, requests: int) -> list[str]:
        """What was wrong with what left in this case."""
        open_streams.drain()
        spans, found = self._spans.get_finished_spans(), self._found.copy()
        self._found.clear()
        begun = {span.context.span_id: span for span in self._begun.spans}
        # The own spans of a framework are its own affair: what it says in them, that it says it too late, or never ends one.
        told = [span for span in spans if _scope(span) not in _FRAMEWORKS]
        if any(_scope(span) in _FRAMEWORKS for span in begun.values()):
            found = [fault for fault in found if _TOO_LATE not in fault]
        ours = [span for span in spans if _is_ours(span) and span.context.span_id in begun]
        found += [f"{record.start.operation} did not end" for record in open_streams.open_streams()]
        open_streams._open.clear()
        left = [span for span in begun.values() if span.end_time is None and _scope(span) not in _FRAMEWORKS]
        found += [f"{span.name} began, and did not end" for span in left]
        found += [f"Lastchunk failed at {place}: {error}" for place, error in own_errors._reported]
        found += _number(ours, requests)
        for span in ours:
            found += _values(span.name, span.attributes or {}) if span in told else []
        logged = self._logs.get_finished_logs()
        for record in logged:
            found += _values("a log record", record.log_record.attributes or {})
        found += _left(lambda: encode_spans(told).SerializeToString())
        found += _left(lambda: encode_logs(logged).SerializeToString())
        found += _console(ours)
        self._spans.clear()
        self._logs.clear()
        self._begun.spans.clear()
        own_errors._reported.clear()
        return found

    def faults_of_metrics(self) -> list[str]:
        """What is wrong with the metrics of all cases so far."""
        data = self._metrics.get_metrics_data()
        found = _left(lambda: encode_metrics(data).SerializeToString())
        for resource in data.resource_metrics if data else ():
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in metric.data.data_points:
                    found += _values(metric.name, point.attributes or {})
        return found


def _is_ours(span: ReadableSpan) -> bool:
    """Or lent to us."""
    return _scope(span) == "lastchunk" or semconv.TERMINATION_REASON in (span.attributes or {})


def _scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def _number(ours: Sequence[ReadableSpan], requests: int) -> list[str]:
    """One chat span for each request; one more at most, whose request never left."""
    operations = [str((span.attributes or {}).get("gen_ai.operation.name")) for span in ours]
    chats = sum(operation not in ("invoke_agent", "invoke_workflow") for operation in operations)
    found = [] if requests <= chats <= requests + 1 else [f"{chats} spans of {requests} requests: {operations}"]
    outermost = sum(bool((span.attributes or {}).get(semconv.OUTERMOST)) for span in ours)
    return found if outermost <= 1 else [*found, f"{outermost} outermost spans"]


def _values(where: str, attributes: Any) -> list[str]:
    found: list[str] = []
    closed = {semconv.TERMINATION_REASON: {*Reason}, semconv.TERMINATION_CAUSE: {*Cause}}
    for name, value in attributes.items():
        if name in closed and value not in {item.value for item in closed[name]}:
            found.append(f"{where}: {name} is {value!r}")
        said = " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
        if len(said) > _LONGEST or (name != "exception.stacktrace" and _CONTROL.search(said)):
            found.append(f"{where}: {name} is {said[:80]!r}")
    return found


def _left(encode: Any) -> list[str]:
    try:
        exported = encode()
    except Exception as error:
        return [f"not to be encoded: {error!r}"]
    return ["content is exported"] if SENTINEL.encode() in exported else []


def _console(ours: Sequence[ReadableSpan]) -> list[str]:
    out = io.StringIO()
    ConsoleStreamExporter(out).export(ours)
    told = out.getvalue()
    found = [f"the console tells {told!r}"] if _CONTROL.search(told) or SENTINEL in told else []
    return found if not ours or told.count("\n") >= len(ours) else [*found, "the console leaves a stream out"]
