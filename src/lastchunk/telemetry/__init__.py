# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Writes spans, metrics and log events when a stream begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from opentelemetry._logs import LoggerProvider, get_logger_provider
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.metrics import MeterProvider, get_meter_provider
from opentelemetry.trace import TracerProvider, get_tracer_provider

from lastchunk.own_errors import report
from lastchunk.settings import Settings
from lastchunk.streams import open_streams
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord
from lastchunk.telemetry.lent_spans import LentSpan
from lastchunk.telemetry.listeners import is_sdk
from lastchunk.telemetry.logs import Logs
from lastchunk.telemetry.metrics import metrics_of
from lastchunk.telemetry.spans import Spans

_Signal = TypeVar("_Signal")


class Telemetry:
    """Everything that is emitted, from the same record and the same outcome.

    A provider that is not given is the global one, whenever that is set.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._tracer_provider = tracer_provider
        self._meter_provider = meter_provider
        self._logger_provider = logger_provider
        self._spans = _made("spans", lambda: Spans(tracer_provider))
        self._logs = _made("log events", lambda: Logs(logger_provider))
        self._metrics = _made("metrics", lambda: metrics_of(meter_provider))
        if self._metrics is not None:
            self._metrics.gauges.on_stalled = self._logs.stalled if self._logs is not None else None
            self._metrics.gauges.stall_after = (settings or Settings()).stall_after

    def enabled(self) -> bool:
        """Somebody listens: an SDK is configured, and instrumentation is not suppressed in the current context."""
        return is_instrumentation_enabled() and (
            is_sdk(self._tracer_provider or get_tracer_provider())
            or is_sdk(self._meter_provider or get_meter_provider())
            or is_sdk(self._logger_provider or get_logger_provider())
        )

    def flush(self, timeout_millis: int) -> None:
        """Have what has ended sent, as far as the providers can do that."""
        open_streams.drain()
        for provider in (
            self._tracer_provider or get_tracer_provider(),
            self._meter_provider or get_meter_provider(),
            self._logger_provider or get_logger_provider(),
        ):
            try:
                flush = getattr(provider, "force_flush", None)
                if flush is not None:
                    flush(timeout_millis)
            except Exception as exc:
                report("flushing telemetry at shutdown", exc)

    def begin(self, record: StreamRecord) -> None:
        """A stream begins, in the context of its consumer."""
        for signal in (self._spans, self._metrics):
            try:
                if signal is not None:
                    signal.begin(record)
            except Exception as exc:
                report("starting to observe a stream", exc)

    def enter(self, record: StreamRecord) -> None:
        """Make the stream's span current, inside the stream's private context."""
        try:
            if self._spans is not None:
                self._spans.enter(record)
        except Exception as exc:
            # The stream stays observed: one that is given up here would count as open for ever.
            report("starting to observe a stream", exc)

    def lend(self, record: StreamRecord, span: LentSpan) -> None:
        """The library has made the span of a stream that has begun."""
        try:
            if self._spans is not None:
                self._spans.lend(record, span)
        except Exception as exc:
            report("handling a span of a library", exc)

    def visit(self, record: StreamRecord) -> AbstractContextManager[None]:
        """Make the stream's span current for one step in the consumer's context."""
        return self._spans.visit(record) if self._spans is not None else nullcontext()

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """The stream has ended. If one signal's exporter fails, the other signals are still sent."""
        for signal in (self._metrics, self._logs, self._spans):
            try:
                if signal is not None:
                    signal.end(record, outcome)
            except Exception as exc:
                report("recording the end of a stream", exc)


def _made(signal: str, make: Callable[[], _Signal]) -> _Signal | None:
    """The result of `make`; None if the provider of that signal fails, so that the other signals still work."""
    try:
        return make()
    except Exception as exc:
        report(f"setting up {signal}", exc)
        return None
