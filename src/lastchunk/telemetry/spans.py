# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The span of a stream: begun when the stream begins, filled and ended when it ends."""

from __future__ import annotations

from typing import Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, StatusCode, TracerProvider

from lastchunk import semconv
from lastchunk.semconv import Operation
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord
from lastchunk.telemetry.attributes import at_begin, at_end, wall_time
from lastchunk.telemetry.chunk_events import add_chunk_events
from lastchunk.version import __version__

_RUNTIME_SCOPE = "autogen "
"""AutoGen names the scope of its runtime's spans after the runtime's class, behind this."""


class Spans:
    """Begins and ends spans, with one tracer."""

    def __init__(self, tracer_provider: TracerProvider | None) -> None:
        self._tracer = trace.get_tracer(semconv.SCOPE, __version__, tracer_provider, semconv.SCHEMA_URL)

    def begin(self, record: StreamRecord) -> None:
        """Start the span with what samplers want to see."""
        operation = record.operation
        attributes = at_begin(record)
        target = attributes.get(semconv.REQUEST_MODEL) if operation is Operation.CHAT else record.start.name
        parent, links = _parent(record)
        record.span = self._tracer.start_span(
            f"{operation} {target}" if target else operation.value,
            context=parent,
            kind=SpanKind.CLIENT if operation is Operation.CHAT else SpanKind.INTERNAL,
            attributes=attributes,
            links=links,
            start_time=record.began_wall,
        )

    def enter(self, record: StreamRecord) -> None:
        """Make the span current; the context it is called in is the stream's own, so nobody detaches it."""
        if record.span is not None:
            context_api.attach(trace.set_span_in_context(record.span))

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """Fill the span and end it."""
        span = record.span
        if span is None:
            return
        if span.is_recording():
            span.set_attributes(at_end(record, outcome))
            if outcome.ending.error:
                span.set_status(StatusCode.ERROR)
            add_chunk_events(span, record)
        span.end(wall_time(record, outcome.ended_at))


def _parent(record: StreamRecord) -> tuple[Any, list[Link]]:
    """The context of the span's parent, and links.

    Below AutoGen's runtime the current span is one of the runtime's own, one for each message. A run stands under the
    stream that started it instead; if the runtime's span belongs to another trace, it is linked.
    """
    current = trace.get_current_span()
    scope = getattr(current, "instrumentation_scope", None)
    above = record.parent.span if record.parent is not None else None
    if above is None or scope is None or not scope.name.startswith(_RUNTIME_SCOPE):
        return None, []
    here = current.get_span_context()
    links = [Link(here)] if here.trace_id != above.get_span_context().trace_id else []
    return trace.set_span_in_context(above), links
