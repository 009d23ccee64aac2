# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Begins a stream and ends it exactly once, informs the stream above, and writes telemetry."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar, copy_context
from typing import Any, Protocol

from lastchunk.own_errors import report
from lastchunk.semconv import LastEvent, Operation
from lastchunk.settings import Settings
from lastchunk.streams import evidence, open_streams, raised, wanted
from lastchunk.streams.answers import Answer, answer_of
from lastchunk.streams.evidence import FROM_ABOVE
from lastchunk.streams.inner_streams import InnerStream
from lastchunk.streams.listener import Listener
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.raised import Raised
from lastchunk.streams.record import History, Start, StreamRecord
from lastchunk.streams.timed_record import TimedStreamRecord
from lastchunk.streams.wire import Wire

_current: ContextVar[StreamRecord | None] = ContextVar("lastchunk_stream", default=None)


class Telemetry(Protocol):
    """What is emitted; `lastchunk.telemetry` has the real one."""

    def enabled(self) -> bool:
        """Somebody listens: an SDK is configured, and instrumentation is not suppressed in the current context."""
        ...

    def flush(self, timeout_millis: int) -> None:
        """Have what has ended sent."""
        ...

    def begin(self, record: StreamRecord) -> None:
        """A stream begins, in the context of its consumer; sets its span."""
        ...

    def enter(self, record: StreamRecord) -> None:
        """Make the stream's span current; called inside the stream's private context, once."""
        ...

    def lend(self, record: StreamRecord, span: Any) -> None:
        """The library has made the span of a stream that has begun."""
        ...

    def visit(self, record: StreamRecord) -> AbstractContextManager[None]:
        """Make the stream's span current for one step in the consumer's context."""
        ...

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """The stream has ended."""
        ...


class NoTelemetry:
    """Nothing is emitted: only the application itself wants to know how its streams end."""

    def enabled(self) -> bool:
        """Nobody listens."""
        return False

    def begin(self, record: StreamRecord) -> None:
        """Never called."""

    def enter(self, record: StreamRecord) -> None:
        """Never called."""

    def lend(self, record: StreamRecord, span: Any) -> None:
        """The library keeps its span."""

    def visit(self, record: StreamRecord) -> AbstractContextManager[None]:
        """There is no span."""
        return nullcontext()

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """Never called."""

    def flush(self, timeout_millis: int) -> None:
        """There is nothing to send."""


def current_stream() -> StreamRecord | None:
    """The stream that is being driven here, if any."""
    return _current.get()


class Streams:
    """Begins and ends streams; one for each `instrument()`."""

    def __init__(self, telemetry: Telemetry, settings: Settings) -> None:
        self.telemetry = telemetry
        self.settings = settings
        self._record = TimedStreamRecord if settings.time_per_output_chunk else StreamRecord
        self._listener = Listener(settings.on_ending) if settings.on_ending is not None else None

    def observes(self) -> bool:
        """Somebody listens to telemetry, or the application itself wants to know how its streams end."""
        return self._asked() or self.telemetry.enabled()

    def _asked(self) -> bool:
        return wanted.endings or self._listener is not None

    def begin(self, start: Start) -> StreamRecord | None:
        """Begin a stream in the consumer's context; None if nobody listens, or if it is part of the stream around it.

        A model stream inside a model stream is a delegation (a cache, a recorder); a run of an agent or team inside a run
        of the same object is one invocation that reached us twice.
        """
        parent = _around(start)
        heard = self.telemetry.enabled()
        if not (heard or self._asked()) or _is_part_of(start, parent):
            return None
        record = self._record(start, parent, self.settings.chunk_events if heard else 0)
        record.telemetry = self.telemetry if heard else None
        if start.bare:
            record.wire = Wire()
        open_streams.opened(record, self._end)
        if heard:
            self.telemetry.begin(record)
        record.context = copy_context()
        record.context.run(self._enter, record)
        return record

    def expects(self, start: Start) -> bool:
        """A stream that began here and now would be one of its own, which somebody observes."""
        return self.observes() and not _is_part_of(start, _around(start))

    def begins(self, start: Start) -> bool:
        """`begin` would begin a stream."""
        return self.telemetry.enabled() and not _is_part_of(start, _around(start))

    def _enter(self, record: StreamRecord) -> None:
        _current.set(record)
        if record.telemetry is not None:
            record.telemetry.enter(record)

    @contextmanager
    def visit(self, record: StreamRecord) -> Generator[None]:
        """Make it the current stream for one step, where a private context would cut off what the library hands up."""
        token = _current.set(record)
        try:
            with self.telemetry.visit(record):
                yield
        finally:
            # A coroutine that is closed from outside may be closed in another context than that of its begin.
            with suppress(ValueError):
                _current.reset(token)

    def end(
        self,
        record: StreamRecord,
        *,
        error: BaseException | None = None,
        left: bool = False,
        process_exit: bool = False,
        at: float | None = None,
    ) -> None:
        """End `record`, unless it has ended: exhausted, or by `error`, or because its consumer `left`, or at exit."""
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
        if not open_streams.closed(record):
            return
        try:
            outcome = evidence.outcome_of(
                record,
                error,
                left=left,
                process_exit=process_exit,
                at=record.clock() if at is None else at,
                stall_after=self.settings.stall_after,
                finish_optional=self.settings.finish_optional or (),
            )
            record.ending = outcome.ending
            _tell_parent(record, outcome, error)
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
        self, finish: str, error: BaseException | None = None, *, text: object = None, history: History | None = None
    ) -> None:
        """A model that does not stream answered, or failed, inside a run: evidence for the run, and no span.

        `finish` is the result's finish reason, empty if it does not say; `text` is the answer; `history` is what was sent.
        """
        parent = _current.get()
        if parent is None or parent.operation is Operation.CHAT or parent.ending is not None:
            return
        if error is None:
            _answered(parent, parent.clock())
        parent.inner.add(
            InnerStream.of_result(
                evidence.ending_of_answer(finish, error),
                bool(finish),
                Raised(error) if error is not None else None,
                answer_of(text),
            )
        )
        _sent(parent, history)


def _around(start: Start) -> StreamRecord | None:
    parent = _current.get()
    if parent is None or parent.ending is not None:
        return open_streams.find(start.inside) or _outlived(parent, start)
    return parent


def _outlived(parent: StreamRecord | None, start: Start) -> StreamRecord | None:
    """What a stream is a part of that begins in the context of one that has ended, which a background task keeps for ever.

    A run under way; one that was left, whose agents are still at work; else nothing any more: the context says who was
    around when the task was started, not who is. Only one stream that ended is ever kept, however long the chain of tasks
    that start each other.
    """
    while parent is not None and parent.ending is not None:
        above = parent.parent
        if above is None:
            return parent if start.at_work else None
        if above.ending is None:
            return parent
        parent = above
    return parent


def _is_part_of(start: Start, parent: StreamRecord | None) -> bool:
    if start.operation is Operation.CHAT:
        return parent is not None and parent.operation is Operation.CHAT and parent.ending is None
    while parent is not None:
        if parent.start.subject == start.subject and parent.ending is None:
            return True
        parent = parent.parent
    return False


def _sent(run: StreamRecord, history: History | None) -> None:
    """A model was asked inside an agent's run: what it was sent is what counts, not what the agent remembers."""
    if history is not None and run.operation is Operation.INVOKE_AGENT:
        run.history = history


def _answer(record: StreamRecord) -> Answer | None:
    """What a stream gave. The text of an SDK's own stream came in pieces."""
    if record.bare and record.size > record.extras:
        return Answer(record.size - record.extras)
    return record.answer


def _tell_parent(record: StreamRecord, outcome: Outcome, error: BaseException | None) -> None:
    parent = record.parent
    if parent is None or parent.ending is not None:
        return
    if record.operation is Operation.CHAT:
        _answered(parent, record.content_at())
    ending = outcome.ending
    if record.operation is Operation.CHAT:
        _sent(parent, record.history)
    parent.inner.add(
        InnerStream(
            operation=record.operation,
            name=(record.terminal and record.last_source) or record.start.name,
            ending=ending,
            delivery=outcome.delivery,
            source=outcome.source,
            idle=outcome.idle,
            finish_raw=outcome.finish_raw,
            raised=Raised(error) if error is not None and not record.terminal else None,
            answer=_answer(record),
            said_error=record.last_event is LastEvent.ERROR,
            left=ending.inherited and ending.reason in FROM_ABOVE,
        )
    )


def _answered(run: StreamRecord | None, at: float) -> None:
    """A model below `run`, and below every run above it, said its last at that time."""
    while run is not None:
        run.answered_at = max(run.answered_at, at)
        run = run.parent
