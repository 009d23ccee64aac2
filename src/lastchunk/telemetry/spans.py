# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The span of a stream: begun when the stream begins, filled and ended when it ends."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue

from lastchunk import semconv
from lastchunk.semconv import Operation, Reason
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord
from lastchunk.telemetry.attributes import at_begin, at_end, wall_time
from lastchunk.telemetry.chunk_events import add_chunk_events
from lastchunk.telemetry.lent_spans import LentSpan
from lastchunk.version import __version__

_RUNTIME_SCOPE = "autogen "
"""AutoGen names the scope of its runtime's spans after the runtime's class, behind this."""


class Spans:
    """Begins and ends spans, with one tracer."""

    def __init__(self, tracer_provider: TracerProvider | None) -> None:
        self._tracer = trace.get_tracer(semconv.SCOPE, __version__, tracer_provider, semconv.SCHEMA_URL)

    def begin(self, record: StreamRecord) -> None:
        """Start the span with what samplers want to see."""
        if record.start.library_span:
            if record.start.lent_span is not None:
                self.lend(record, record.start.lent_span)
            return
        operation = record.operation
        attributes = at_begin(record)
        target = attributes.get(semconv.REQUEST_MODEL) if operation is Operation.CHAT else record.start.name
        parent, links = _parent(record)
        span = self._tracer.start_span(
            f"{operation} {target}" if target else operation.value,
            context=parent,
            kind=SpanKind.CLIENT if operation is Operation.CHAT else SpanKind.INTERNAL,
            attributes=attributes,
            links=links,
            start_time=record.began_wall,
        )
        span.get_span_context()  # The other signals name it: a span that cannot say which it is would lose them, too.
        record.span = span

    def lend(self, record: StreamRecord, span: LentSpan) -> None:
        """The library made the stream's span; what it says itself stays."""
        span.take()
        record.span = cast("Span", span)
        span.set_attributes(_without_said(span, at_begin(record)))

    def enter(self, record: StreamRecord) -> None:
        """Make the span current; the context it is called in is the stream's own, so nobody detaches it."""
        if record.span is not None:
            context_api.attach(trace.set_span_in_context(record.span))

    @contextmanager
    def visit(self, record: StreamRecord) -> Generator[None]:
        """Make the span current for one step in the consumer's context; a library does that itself with its own."""
        if record.span is None or record.start.library_span:
            yield
            return
        token = context_api.attach(trace.set_span_in_context(record.span))
        try:
            yield
        except GeneratorExit:
            raise  # Closed from outside, perhaps in another context: this one is gone.
        except BaseException:
            context_api.detach(token)
            raise
        else:
            context_api.detach(token)

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """Fill the span and end it."""
        span = record.span
        if span is None:
            return
        lent = span if isinstance(span, LentSpan) else None
        try:
            if span.is_recording():
                attributes = at_end(record, outcome)
                span.set_attributes(attributes if lent is None else _without_said(lent, attributes))
                if outcome.ending.error:
                    span.set_status(StatusCode.ERROR)
                add_chunk_events(span, record)
        finally:
            at = wall_time(record, outcome.ended_at)
            if lent is None:
                span.end(at)
            else:
                lent.filled(at, now=outcome.ending.reason is Reason.PROCESS_EXIT)


def _without_said(span: LentSpan, attributes: dict[str, AttributeValue]) -> dict[str, AttributeValue]:
    said = getattr(span, "attributes", None) or {}
    return {key: value for key, value in attributes.items() if key not in said}


def _parent(record: StreamRecord) -> tuple[Any, list[Link]]:
    """The context of the span's parent, and links.

    Below AutoGen's runtime the current span is one of the runtime's own, one for each message. A run stands under the
    stream that started it instead; if the runtime's span belongs to another trace, it is linked.
    """
    above = record.parent.span if record.parent is not None else None
    if above is None:
        return None, []
    current = trace.get_current_span()
    scope = getattr(current, "instrumentation_scope", None)
    if scope is None or not scope.name.startswith(_RUNTIME_SCOPE):
        return None, []
    here = current.get_span_context()
    links = [Link(here)] if here.trace_id != above.get_span_context().trace_id else []
    return trace.set_span_in_context(above), links
