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
    """The streams that ended since `clear`, in the order of their ends."""

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
        """What the span says of the stream that was iterated here; None if none ended."""
        open_streams.drain()
        spans = [span for span in self._attributes() if span.get(semconv.OUTERMOST) is True]
        return spans[-1] if spans else None

    def model_streams(self) -> list[Attributes]:
        """What the spans say of the model streams within it, in the order of their ends."""
        return [span for span in self._attributes() if span.get(semconv.OPERATION_NAME) == semconv.Operation.CHAT]

    def _attributes(self) -> list[Attributes]:
        return [dict(span.attributes or {}) for span in self._spans]


@contextmanager
def observing(**settings: Any) -> Generator[Observed]:
    """Within this, streams are observed, with these settings of `instrument()`, and nothing is sent anywhere.

    If the process is instrumented already (`opentelemetry-instrument lastchunk …`), that ends here: what the doctor runs is
    no traffic of the application.
    """
    instrumentor = AutoGenStreamsInstrumentor()
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()
    observed = Observed()
    # The environment may ask for a sampler, or for no SDK at all: that is for the application's telemetry.
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
