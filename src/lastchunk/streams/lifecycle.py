# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Begins a stream and ends it exactly once, informs the stream above, and writes telemetry."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import copy_context

from lastchunk.own_errors import report
from lastchunk.semconv import Operation
from lastchunk.settings import Settings
from lastchunk.streams import gathering, nesting, open_streams, raised, wanted
from lastchunk.streams.answers import answer_of
from lastchunk.streams.inner_streams import InnerStream
from lastchunk.streams.listener import Listener
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.raised import Raised
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import History, Start
from lastchunk.streams.telemetry import Telemetry
from lastchunk.streams.timed_record import TimedStreamRecord
from lastchunk.streams.web_clients import reader
from lastchunk.streams.wire import Wire


class Streams:
    """Begins and ends streams; one for each `instrument()`."""

    def __init__(self, telemetry: Telemetry, settings: Settings) -> None:
        self.telemetry = telemetry
        self.settings = settings
        self._record = TimedStreamRecord if settings.time_per_output_chunk else StreamRecord
        self._end_of = self._end  # one bound method for all the streams that are open
        self._listener = Listener(settings.on_ending) if settings.on_ending is not None else None

    def observes(self) -> bool:
        """Whether anybody listens: telemetry, or the application, which wants to know how its streams end."""
        return self._asked() or self.telemetry.enabled()

    def _asked(self) -> bool:
        return wanted.endings or self._listener is not None

    def begin(self, start: Start) -> StreamRecord | None:
        """Begin a stream in the consumer's context; None if nobody listens, or if it is part of the stream around it.

        A model stream inside a model stream is a delegation (a cache, a recorder); a run of an agent or team inside a run
        of the same object is one invocation that reached us twice.
        """
        parent = nesting.around(start)
        heard = self.telemetry.enabled()
        if not (heard or self._asked()) or nesting.is_part_of(start, parent):
            return None
        record = self._record(start, parent, self.settings.chunk_events if heard else 0)
        record.telemetry = self.telemetry if heard else None
        record.reader = reader() if parent is None else parent.reader
        if start.bare:
            record.wire = Wire()
        open_streams.add(record, self._end_of)
        if heard:
            self.telemetry.begin(record)
        record.context = copy_context()
        record.context.run(self._enter, record)
        return record

    def would_begin(self, start: Start) -> bool:
        """Whether a stream that began now would be observed, and not be part of another stream."""
        return self.observes() and not nesting.is_part_of(start, nesting.around(start))

    def would_emit(self, start: Start) -> bool:
        """Whether telemetry would be told of a stream that began now, and it would not be part of another stream."""
        return self.telemetry.enabled() and not nesting.is_part_of(start, nesting.around(start))

    def _enter(self, record: StreamRecord) -> None:
        nesting.current.set(record)
        if record.telemetry is not None:
            record.telemetry.enter(record)

    @contextmanager
    def visit(self, record: StreamRecord) -> Generator[None]:
        """Make `record` the current stream for one step in the consumer's own context."""
        token = nesting.current.set(record)
        try:
            with self.telemetry.visit(record):
                yield
        finally:
            # A coroutine that is closed from outside may be closed in another context than that of its begin.
            with suppress(ValueError):
                nesting.current.reset(token)

    def end(
        self,
        record: StreamRecord,
        *,
        error: BaseException | None = None,
        left: bool = False,
        process_exit: bool = False,
        at: float | None = None,
    ) -> None:
        """End `record`, unless it has ended: exhausted, by `error`, because its consumer `left`, or at exit."""
        self._end(record, error=error, left=left, process_exit=process_exit, at=at)
        open_streams.drain()

    def _end(
        self,
        record: StreamRecord,
        *,
        error: BaseException | None = None,
        left: bool = False,
        process_exit: bool = False,
        at: float | None = None,
    ) -> None:
        if not open_streams.remove(record):
            return
        try:
            outcome = gathering.outcome_of(
                record,
                error,
                left=left,
                process_exit=process_exit,
                at=record.clock() if at is None else at,
                stall_after=self.settings.stall_after,
                finish_optional=self.settings.finish_optional or (),
            )
            record.ending = outcome.ending
            nesting.tell_parent(record, outcome, error)
            if record.telemetry is not None:
                record.telemetry.end(record, outcome)
            self._tell_application(record, outcome, error)
        except Exception as exc:
            report("recording the end of a stream", exc)
            if record.span is not None:
                record.span.end()
        finally:
            record.context = None
            record.loop = None

    def _tell_application(self, record: StreamRecord, outcome: Outcome, error: BaseException | None) -> None:
        if wanted.endings and error is not None:
            raised.keep(error, raised.Ended(outcome.ending, record.answered()))
        if self._listener is not None:
            self._listener.hear(record, outcome.ending, record.context)

    def model_answered(
        self,
        finish: str,
        error: BaseException | None = None,
        *,
        finish_is_due: bool = False,
        text: object = None,
        history: History | None = None,
    ) -> None:
        """A model that does not stream answered, or failed, inside a run: evidence for the run, and no span.

        `finish` is the result's finish reason, empty if it does not say, although that may be due; `text` is the answer;
        `history` is what was sent.
        """
        parent = nesting.current.get()
        if parent is None or parent.operation is Operation.CHAT or parent.ending is not None:
            return
        if error is None:
            nesting.answered(parent, parent.clock())
        parent.inner.add(
            InnerStream.of_result(
                gathering.ending_of_answer(finish, error, finish_is_due=finish_is_due),
                bool(finish) or finish_is_due,
                Raised(error) if error is not None else None,
                answer_of(text),
            )
        )
        nesting.was_sent(parent, history)
