# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Collects the spans that Lastchunk makes of the doctor's own runs, in memory, without sending them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from lastchunk import semconv
from lastchunk.instrumentor import AutoGenStreamsInstrumentor
from lastchunk.streams import open_streams

Attributes = Mapping[str, Any]


class Observed(SpanProcessor):
    """The streams that ended since `clear`, in the order in which they ended."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a stream's span."""
        if semconv.TERMINATION_REASON in (span.attributes or {}):
            self._spans.append(span)

    def clear(self) -> None:
        """Forget what ended so far."""
        open_streams.drain()
        self._spans.clear()

    def outermost(self) -> Attributes | None:
        """The span's attributes of the stream that was iterated here; None if none ended."""
        open_streams.drain()
        spans = [span for span in self._attributes() if span.get(semconv.OUTERMOST) is True]
        return spans[-1] if spans else None

    def model_streams(self) -> list[Attributes]:
        """The attributes of the model streams inside it, in the order in which they ended."""
        return [span for span in self._attributes() if span.get(semconv.OPERATION_NAME) == semconv.Operation.CHAT]

    def _attributes(self) -> list[Attributes]:
        return [dict(span.attributes or {}) for span in self._spans]


@contextmanager
def observing(**settings: Any) -> Generator[Observed]:
    """Observe streams, with these settings of `instrument()`. Nothing is sent anywhere.

    If the process is already instrumented (`opentelemetry-instrument lastchunk …`), that ends here, because the doctor's runs
    are not traffic of the application.
    """
    instrumentor = AutoGenStreamsInstrumentor()
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()
    observed = Observed()
    # A sampler in the environment, or a disabled SDK, is for the application's telemetry, not for this.
    provider = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False)
    provider._disabled = False
    provider.add_span_processor(observed)
    instrumentor.instrument(
        tracer_provider=provider,
        meter_provider=NoOpMeterProvider(),
        logger_provider=NoOpLoggerProvider(),
        **settings,
    )
    try:
        yield observed
    finally:
        instrumentor.uninstrument()
