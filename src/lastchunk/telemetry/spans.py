# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The span of a stream: begun when the stream begins, filled and ended when it ends."""

from __future__ import annotations

from typing import Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue

from lastchunk import semconv
from lastchunk.semconv import Operation
from lastchunk.streams.finish import as_attribute
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord
from lastchunk.version import __version__

_RUNTIME_SCOPE = "autogen "
"""AutoGen names the scope of its runtime's spans after the runtime's class, behind this."""


class Spans:
    """Begins and ends spans, with one tracer."""

    def __init__(self, tracer_provider: TracerProvider | None) -> None:
        self._tracer = trace.get_tracer(semconv.SCOPE, __version__, tracer_provider, semconv.SCHEMA_URL)

    def begin(self, record: StreamRecord) -> None:
        """Start the span with what samplers want to see."""
        start = record.start
        operation = start.operation
        target = start.name
        attributes: dict[str, AttributeValue] = {semconv.OPERATION_NAME: operation.value}
        for key, value in start.attributes.items():
            if isinstance(value, str | int | float) and value != "":
                attributes[key] = value
        if operation is Operation.CHAT:
            attributes[semconv.REQUEST_STREAM] = True
            target = attributes.get(semconv.REQUEST_MODEL, "")
            agent = _agent_above(record)
            if agent:
                attributes[semconv.AGENT_NAME] = agent
        elif target:
            attributes[semconv.AGENT_NAME if operation is Operation.INVOKE_AGENT else semconv.WORKFLOW_NAME] = target
        attributes[semconv.OUTERMOST] = record.outermost
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
            span.set_attributes(_attributes(record, outcome))
            if outcome.ending.error:
                span.set_status(StatusCode.ERROR)
            _add_events(span, record)
        span.end(wall_time(record, outcome.ended_at))


def wall_time(record: StreamRecord, at: float) -> int:
    """Nanoseconds since the epoch, for `at` on the record's clock."""
    return record.began_wall + max(round((at - record.began_at) * 1e9), 0)


def _agent_above(record: StreamRecord) -> str:
    parent = record.parent
    return parent.start.name if parent is not None and parent.operation is Operation.INVOKE_AGENT else ""


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


def _attributes(record: StreamRecord, outcome: Outcome) -> dict[str, AttributeValue]:
    ending, wire, history = outcome.ending, record.wire, record.start.history
    values: dict[str, AttributeValue | None] = {
        semconv.TERMINATION_REASON: ending.reason.value,
        semconv.TERMINATION_CAUSE: ending.cause.value if ending.cause is not None else None,
        semconv.TERMINATION_INHERITED: True if ending.inherited else None,
        semconv.CUTOFF: ending.cutoff,
        semconv.ERROR_TYPE: ending.error_type,
        semconv.LATE_ERROR: record.late_error,
        semconv.EVIDENCE: outcome.source.value,
        semconv.LAST_EVENT: (wire.last_event if wire is not None else record.last_event).value,
        semconv.WAITING_FOR: outcome.waiting_for.value if outcome.waiting_for is not None else None,
        semconv.CHUNKS: record.chunks,
        semconv.SIZE: record.size,
        semconv.DELIVERY: outcome.delivery.value,
        semconv.MAX_GAP: round(record.max_gap, 6),
        semconv.IDLE_AT_END: round(outcome.idle, 6),
        semconv.CONSUMER_MAX_PAUSE: round(record.max_pause, 6),
        semconv.HISTORY_MESSAGES: history.messages if history is not None else None,
        semconv.HISTORY_SIZE: history.size if history is not None else None,
        semconv.FINISH_REASON_RAW: as_attribute(outcome.finish_raw) if outcome.finish_raw else None,
    }
    if record.operation is Operation.CHAT:
        values[semconv.RESPONSE_FINISH_REASONS] = _finish_reasons(record, outcome)
        values[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = round(outcome.first_wait, 6) or None
    else:
        values[semconv.INNER_CUTOFFS] = outcome.inner_cutoffs
        values[semconv.TEAM_STOP_REASON] = record.stop_reason.value if record.stop_reason is not None else None
    if wire is not None:
        values[semconv.RESPONSE_ID] = wire.response_id
        values[semconv.RESPONSE_MODEL] = wire.response_model
        values[semconv.USAGE_INPUT_TOKENS] = wire.input_tokens
        values[semconv.USAGE_OUTPUT_TOKENS] = wire.output_tokens
    return {key: value for key, value in values.items() if value is not None}


def _finish_reasons(record: StreamRecord, outcome: Outcome) -> list[str] | None:
    """As the wire said it; `error` where one was due and none came; nothing where no answer began."""
    if outcome.finish_raw:
        return [as_attribute(outcome.finish_raw)]
    if record.result_finish:
        return [record.result_finish]
    return ["error"] if outcome.ending.cutoff else None


def _add_events(span: Span, record: StreamRecord) -> None:
    if record.sample is None:
        return
    for chunk in record.sample.chunks():
        span.add_event(
            semconv.CHUNK_EVENT,
            {
                semconv.CHUNK_INDEX: chunk.index,
                semconv.CHUNK_KIND: chunk.kind.value,
                semconv.CHUNK_SIZE: chunk.size,
                semconv.CHUNK_ELAPSED: round(chunk.at - record.began_at, 6),
                semconv.CHUNK_GAP: round(chunk.gap, 6),
            },
            timestamp=wall_time(record, chunk.at),
        )
