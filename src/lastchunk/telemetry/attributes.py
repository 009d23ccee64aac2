# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The attributes of a stream's span and log event, made from the same record and outcome.

A member's `_value_` is its `value`, which is a property: two calls of Python functions for each attribute.
"""

from __future__ import annotations

from opentelemetry.util.types import AttributeValue

from lastchunk import foreign, semconv
from lastchunk.semconv import OTHER, Operation, Reason
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.wire import Wire


def at_begin(record: StreamRecord) -> dict[str, AttributeValue]:
    """What is known when a stream begins, and does not change."""
    start = record.start
    operation = start.operation
    attributes: dict[str, AttributeValue] = {semconv.OPERATION_NAME: operation._value_}
    attributes.update(start.attributes)
    if operation is Operation.CHAT:
        attributes[semconv.REQUEST_STREAM] = True
        agent = agent_above(record)
        if agent:
            attributes[semconv.AGENT_NAME] = agent
    elif start.name:
        attributes[semconv.AGENT_NAME if operation is Operation.INVOKE_AGENT else semconv.WORKFLOW_NAME] = start.name
    attributes[semconv.OUTERMOST] = record.outermost
    return attributes


def at_end(record: StreamRecord, outcome: Outcome) -> dict[str, AttributeValue]:
    """What is known when it has ended, in the order of what may be lost: with a low limit the SDK drops what was set first."""
    ending, wire, history = outcome.ending, record.wire, record.history
    said: dict[str, AttributeValue] = {semconv.CONSUMER_MAX_PAUSE: round(record.max_pause, 6)}
    if record.late_error is not None:
        said[semconv.LATE_ERROR] = record.late_error
    if history is not None:
        said[semconv.HISTORY_SIZE] = history.size
        said[semconv.HISTORY_MESSAGES] = history.messages
    said[semconv.SIZE] = record.size
    said[semconv.CHUNKS] = record.chunks
    said[semconv.DELIVERY] = outcome.delivery._value_
    if wire is not None:
        _say_wire(wire, said)
    if record.operation is Operation.CHAT:
        finish_reasons = _finish_reasons(record, outcome)
        if finish_reasons is not None:
            said[semconv.RESPONSE_FINISH_REASONS] = finish_reasons
        first_wait = round(outcome.first_wait, 6)
        if first_wait:
            said[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = first_wait
    else:
        said[semconv.INNER_CUTOFFS] = outcome.inner_cutoffs
        if record.stop_reason is not None:
            said[semconv.TEAM_STOP_REASON] = record.stop_reason._value_
    said[semconv.MAX_GAP] = round(record.max_gap, 6)
    said[semconv.IDLE_AT_END] = round(outcome.idle, 6)
    if outcome.waiting_for is not None:
        said[semconv.WAITING_FOR] = outcome.waiting_for._value_
    said[semconv.LAST_EVENT] = (wire.last_event if wire is not None else record.last_event)._value_
    said[semconv.EVIDENCE] = outcome.source._value_
    if outcome.finish_raw is not None:
        said[semconv.FINISH_REASON_RAW] = outcome.finish_raw
    if ending.error_type is not None:
        said[semconv.ERROR_TYPE] = ending.error_type
    if ending.inherited:
        said[semconv.TERMINATION_INHERITED] = True
    said[semconv.OPERATION_NAME] = record.operation._value_
    said[semconv.OUTERMOST] = record.outermost
    if ending.detail is not None:
        said[semconv.TERMINATION_DETAIL] = ending.detail._value_
    if ending.cause is not None:
        said[semconv.TERMINATION_CAUSE] = ending.cause._value_
    said[semconv.CUTOFF] = ending.cutoff
    said[semconv.TERMINATION_REASON] = ending.reason._value_
    return said


def _say_wire(wire: Wire, said: dict[str, AttributeValue]) -> None:
    for name, value in (
        (semconv.RESPONSE_ID, wire.response_id),
        (semconv.RESPONSE_MODEL, wire.response_model),
        (semconv.USAGE_INPUT_TOKENS, wire.input_tokens),
        (semconv.USAGE_OUTPUT_TOKENS, wire.output_tokens),
    ):
        if value is not None:
            said[name] = value


def agent_above(record: StreamRecord) -> str:
    """The name of the agent whose run or turn the stream is part of, right below it; empty if there is none."""
    parent = record.parent
    return parent.start.name if parent is not None and parent.operation is Operation.INVOKE_AGENT else ""


def wall_time(record: StreamRecord, at: float) -> int:
    """Nanoseconds since the epoch, for `at` on the record's clock."""
    return record.began_wall + max(round((at - record.began_at) * 1e9), 0)


def _finish_reasons(record: StreamRecord, outcome: Outcome) -> list[str] | None:
    """As the wire said it; `error` where one was due and none came; nothing where no answer began."""
    if outcome.finish_raw:
        return [outcome.finish_raw]
    if record.result_finish:
        return [foreign.word(record.result_finish) or OTHER]
    return ["error"] if outcome.ending.cutoff or outcome.ending.reason is Reason.CANCELLED else None
