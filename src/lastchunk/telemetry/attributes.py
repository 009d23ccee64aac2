# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The attributes of a stream's span and log event, made from the same record and outcome."""

from __future__ import annotations

from opentelemetry.util.types import AttributeValue

from lastchunk import foreign, semconv
from lastchunk.semconv import OTHER, Operation, Reason
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord


def at_begin(record: StreamRecord) -> dict[str, AttributeValue]:
    """What is known when a stream begins, and does not change."""
    start = record.start
    operation = start.operation
    attributes: dict[str, AttributeValue] = {semconv.OPERATION_NAME: operation.value}
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
    values: dict[str, AttributeValue | None] = {
        semconv.CONSUMER_MAX_PAUSE: round(record.max_pause, 6),
        semconv.LATE_ERROR: record.late_error,
        semconv.HISTORY_SIZE: history.size if history is not None else None,
        semconv.HISTORY_MESSAGES: history.messages if history is not None else None,
        semconv.SIZE: record.size,
        semconv.CHUNKS: record.chunks,
        semconv.DELIVERY: outcome.delivery.value,
    }
    if wire is not None:
        values[semconv.RESPONSE_ID] = wire.response_id
        values[semconv.RESPONSE_MODEL] = wire.response_model
        values[semconv.USAGE_INPUT_TOKENS] = wire.input_tokens
        values[semconv.USAGE_OUTPUT_TOKENS] = wire.output_tokens
    if record.operation is Operation.CHAT:
        values[semconv.RESPONSE_FINISH_REASONS] = _finish_reasons(record, outcome)
        values[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = round(outcome.first_wait, 6) or None
    else:
        values[semconv.INNER_CUTOFFS] = outcome.inner_cutoffs
        values[semconv.TEAM_STOP_REASON] = record.stop_reason.value if record.stop_reason is not None else None
    values |= {
        semconv.MAX_GAP: round(record.max_gap, 6),
        semconv.IDLE_AT_END: round(outcome.idle, 6),
        semconv.WAITING_FOR: outcome.waiting_for.value if outcome.waiting_for is not None else None,
        semconv.LAST_EVENT: (wire.last_event if wire is not None else record.last_event).value,
        semconv.EVIDENCE: outcome.source.value,
        semconv.FINISH_REASON_RAW: outcome.finish_raw,
        semconv.ERROR_TYPE: ending.error_type,
        semconv.TERMINATION_INHERITED: True if ending.inherited else None,
        semconv.OPERATION_NAME: record.operation.value,
        semconv.OUTERMOST: record.outermost,
        semconv.TERMINATION_DETAIL: ending.detail.value if ending.detail is not None else None,
        semconv.TERMINATION_CAUSE: ending.cause.value if ending.cause is not None else None,
        semconv.CUTOFF: ending.cutoff,
        semconv.TERMINATION_REASON: ending.reason.value,
    }
    return {key: value for key, value in values.items() if value is not None}


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
