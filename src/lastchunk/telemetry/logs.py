# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The log events of a stream: one if it was cut, one while it hangs, however many chunks it has."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber, get_logger, get_logger_provider
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from lastchunk import semconv
from lastchunk.remedies import remedy_for
from lastchunk.semconv import Operation
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord
from lastchunk.telemetry.attributes import at_begin, at_end, wall_time
from lastchunk.telemetry.listeners import is_sdk
from lastchunk.version import __version__

RUNBOOK = "runbook.md"
"""The file that contains the anchors of the remedies."""


class Logs:
    """Emits log events, with one logger."""

    def __init__(self, logger_provider: LoggerProvider | None) -> None:
        self._provider = logger_provider
        self._logger = get_logger(semconv.SCOPE, __version__, logger_provider, semconv.SCHEMA_URL)

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """A stream has ended: one event if it was cut, by the stream where the ending arose."""
        ending = outcome.ending
        if not ending.cutoff or ending.inherited or not self._heard():
            return
        begin, end = at_begin(record), at_end(record, outcome)
        attributes: dict[str, AttributeValue] = {}
        remedy = remedy_for(ending.reason, ending.cause, ending.detail)
        if remedy is not None:
            attributes = {semconv.REMEDY: remedy.sentence, semconv.RUNBOOK: f"{RUNBOOK}{remedy.anchor}"}
        # As in `at_end`, what may be lost comes first.
        attributes |= {key: value for key, value in begin.items() if key not in end} | end
        cause = f" ({ending.cause})" if ending.cause is not None else ""
        body = f"{_name(record, attributes)} was cut off: {ending.reason}{cause}"
        self._emit(record, semconv.CUTOFF_EVENT, body, attributes, outcome.ended_at)

    def stalled(self, record: StreamRecord, silence: float) -> None:
        """An open stream has been silent for `silence` seconds."""
        if not self._heard():
            return
        attributes = at_begin(record)
        attributes[semconv.WAITING_FOR] = record.waiting_for.value
        attributes[semconv.SILENCE] = round(silence, 6)
        attributes[semconv.CHUNKS] = record.chunks
        body = f"{_name(record, attributes)} has been silent for {silence:.1f} s, waiting for {record.waiting_for}"
        self._emit(record, semconv.STALLED_EVENT, body, attributes, record.clock())

    def _heard(self) -> bool:
        return is_sdk(self._provider or get_logger_provider())

    def _emit(
        self, record: StreamRecord, event: str, body: str, attributes: dict[str, AttributeValue], at: float
    ) -> None:
        span = record.span or trace.INVALID_SPAN
        self._logger.emit(
            LogRecord(
                timestamp=wall_time(record, at),
                context=trace.set_span_in_context(span, Context()),
                severity_number=SeverityNumber.WARN,
                severity_text="WARN",
                body=body,
                attributes=attributes,
                event_name=event,
            )
        )


def _name(record: StreamRecord, attributes: dict[str, AttributeValue]) -> str:
    """As the span is called."""
    model = attributes.get(semconv.REQUEST_MODEL) if record.operation is Operation.CHAT else record.start.name
    return f"{record.operation} {model}" if model else record.operation.value
