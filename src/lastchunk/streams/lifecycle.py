# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A stream begins, and ends exactly once: evidence is gathered, the ending decided, the telemetry written."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar, copy_context
from dataclasses import replace
from typing import Protocol

from lastchunk.semconv import Cause, Delivery, LastEvent, Operation, Reason
from lastchunk.settings import Settings
from lastchunk.streams import open_streams
from lastchunk.streams.cancellation import client_disconnected, loop_is_ending
from lastchunk.streams.ending import Ending, Evidence, Failure, FailureKind, decide
from lastchunk.streams.failure import causes, failure_of, qualified_name
from lastchunk.streams.finish import Finish, meaning
from lastchunk.streams.guard import report
from lastchunk.streams.inner import InnerStream
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import Start, StreamRecord, TimedStreamRecord
from lastchunk.streams.wire import Wire

_current: ContextVar[StreamRecord | None] = ContextVar("lastchunk_stream", default=None)

_FROM_ABOVE = frozenset({Reason.ABANDONED, Reason.CANCELLED, Reason.PROCESS_EXIT})
"""Endings that a stream can take from the one above it, whose consumer left."""


class Telemetry(Protocol):
    """What is emitted; `lastchunk.telemetry` has the real one."""

    def enabled(self) -> bool:
        """Somebody listens: an SDK is configured, and instrumentation is not suppressed in the current context."""
        ...

    def begin(self, record: StreamRecord) -> None:
        """A stream begins, in the context of its consumer; sets its span."""
        ...

    def enter(self, record: StreamRecord) -> None:
        """Make the stream's span current; called inside the stream's private context, once."""
        ...

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """The stream has ended."""
        ...


def current_stream() -> StreamRecord | None:
    """The stream that is being driven here, if any."""
    return _current.get()


class Streams:
    """Begins and ends streams; one for each `instrument()`."""

    def __init__(self, telemetry: Telemetry, settings: Settings) -> None:
        self.telemetry = telemetry
        self.settings = settings
        self._record = TimedStreamRecord if settings.time_per_output_chunk else StreamRecord

    def begin(self, start: Start) -> StreamRecord | None:
        """Begin a stream in the consumer's context; None if nobody listens, or if it is part of the stream around it.

        A model stream inside a model stream is a delegation (a cache, a recorder); a run of an agent or team inside a run
        of the same object is one invocation that reached us twice.
        """
        parent = _current.get()
        if parent is None or parent.ending is not None:
            parent = open_streams.find(start.inside) or _outlived(parent, start)
        if not self.telemetry.enabled() or _is_part_of(start, parent):
            return None
        record = self._record(start, parent, self.settings.chunk_events)
        if start.bare:
            record.wire = Wire()
        open_streams.opened(record, self._end)
        self.telemetry.begin(record)
        record.context = copy_context()
        record.context.run(self._enter, record)
        return record

    def _enter(self, record: StreamRecord) -> None:
        _current.set(record)
        self.telemetry.enter(record)

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
            outcome = self._outcome(record, error, left, process_exit, record.clock() if at is None else at)
            record.ending = outcome.ending
            _tell_parent(record, outcome, error)
            self.telemetry.end(record, outcome)
        except Exception as exc:
            report("the end of a stream", exc)
            if record.span is not None:
                record.span.end()
        finally:
            record.context = None
            record.loop = None

    def _outcome(
        self, record: StreamRecord, error: BaseException | None, left: bool, process_exit: bool, at: float
    ) -> Outcome:
        wire, run = record.wire, record.operation is not Operation.CHAT
        since = record.silent_since
        waiting_for = record.waiting_for if since and (error is not None or left or process_exit) else None
        gap = record.step_ends(at)
        bare_end = wire is not None and record.bare and bool(wire.finish or wire.end_marker or wire.provider_error)
        terminal = record.terminal or bare_end
        idle = record.idle_at_end if record.terminal else gap
        if not record.terminal and not record.bare and wire is not None and wire.exhausted:
            idle = record.wire_gap  # the client complains of a body that is at its end: the silence was before
        if terminal and error is not None:
            record.late_error = qualified_name(error)
        failure = _failure(record, error)
        inner = _inner(record, error, failure) if run else None
        if not terminal and _said_error(failure, inner):
            record.last_event = LastEvent.ERROR
            if wire is not None:
                wire.last_event = LastEvent.ERROR
        cancelled = failure is not None and failure.kind is FailureKind.CANCEL
        delivery, first_wait = (Delivery.NONE, 0.0) if run else record.delivery(at)
        finish = wire.finish if wire is not None and wire.headers else _said(record.result_finish)
        evidence = Evidence(
            terminal=terminal,
            finish=finish | {Finish.ERROR} if wire is not None and wire.provider_error else finish,
            finished=wire is None or not wire.headers or bool(wire.finish or wire.end_marker),
            arrived=record.arrived or record.parts > 0 or (wire is not None and wire.arrived),
            may_be_silent=run or record.start.may_be_silent,
            began=_began(record),
            streamed=wire is None or wire.streamed,
            failure=failure,
            left=left,
            process_exit=process_exit or (cancelled and loop_is_ending()),
            disconnected=cancelled and error is not None and client_disconnected(error),
            failed_tool=record.tool_failed,
            waiting_for=waiting_for,
            idle=idle,
            max_gap=record.max_gap,
            stall_after=self.settings.stall_after,
            delivery=delivery,
            first_wait=first_wait,
            inner=inner.ending if inner is not None else None,
        )
        ending = _from_above(record, decide(evidence))
        taken = inner if inner is not None and ending.reason is inner.ending.reason else None
        if taken is not None and not taken.streamed:
            ending = replace(ending, inherited=False)
        return Outcome(
            ending=ending,
            ended_at=at,
            delivery=taken.delivery if taken is not None else delivery,
            first_wait=first_wait,
            source=taken.source if taken is not None else record.source(),
            idle=taken.idle if taken is not None and taken.ending.cutoff else idle,
            waiting_for=waiting_for,
            finish_raw=taken.finish_raw if taken is not None else wire.finish_raw if wire is not None else None,
            recovered=_recovered(record, taken),
        )

    def model_answered(self, finish: str, error: BaseException | None = None) -> None:
        """A model that does not stream answered, or failed, inside a run: evidence for the run, and no span.

        `finish` is the result's finish reason; empty if it does not say.
        """
        parent = _current.get()
        if parent is None or parent.operation is Operation.CHAT or parent.ending is not None:
            return
        evidence = Evidence(
            terminal=error is None,
            finish=_said(finish),
            may_be_silent=True,
            failure=failure_of(error) if error is not None else None,
        )
        parent.inner.add(InnerStream.of_result(decide(evidence), bool(finish), id(error) if error is not None else 0))


def _recovered(record: StreamRecord, taken: InnerStream | None) -> tuple[tuple[Cause, int], ...]:
    """The inner cutoffs, but for the one whose ending the run took, by cause."""
    cutoffs = record.inner.cutoffs
    if cutoffs is None:
        return ()
    if taken is not None and taken.ending.cutoff:
        cutoffs = cutoffs - Counter([taken.ending.cause or Cause.UNKNOWN])
    return tuple(cutoffs.items())


def _began(record: StreamRecord) -> bool:
    """A stream was obtained. An agent's turn is a part of the run that called it, which has begun."""
    if record.operation is not Operation.CHAT and record.parent is not None:
        return True
    return record.chunks > 0 or (record.wire is not None and record.wire.headers)


def _said(finish: str) -> frozenset[Finish]:
    return frozenset({meaning(finish)}) if finish else frozenset()


def _outlived(parent: StreamRecord | None, start: Start) -> StreamRecord | None:
    """What a stream is a part of that begins in the context of one that has ended, which a background task keeps for ever.

    A run under way; one that was left, whose agents are still at work; else nothing any more. Only one stream that ended is
    ever kept, however long the chain of tasks that start each other.
    """
    while parent is not None and parent.ending is not None:
        above = parent.parent
        if above is None:
            return parent if start.inside or parent.ending.reason in _FROM_ABOVE else None
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


def _failure(record: StreamRecord, error: BaseException | None) -> Failure | None:
    if error is None:
        return None
    failure = failure_of(error)
    wire = record.wire
    if wire is not None and wire.provider_error and failure.kind is not FailureKind.CANCEL:
        return replace(failure, kind=FailureKind.PROVIDER, hint=None)
    if wire is not None and wire.ended_short() and failure.kind in (FailureKind.PROTOCOL, FailureKind.OTHER):
        return replace(failure, kind=FailureKind.CUT)
    return failure


def _said_error(failure: Failure | None, inner: InnerStream | None) -> bool:
    """The last thing that came was an error of the provider: here, or in the stream below whose failure this is."""
    below = inner is not None and inner.said_error
    return below or (failure is not None and failure.kind is FailureKind.PROVIDER)


def _inner(record: StreamRecord, error: BaseException | None, failure: Failure | None) -> InnerStream | None:
    team = record.operation is Operation.INVOKE_WORKFLOW
    if record.terminal:
        return record.inner.behind_result(record.last_source, team)
    if error is None or failure is None or failure.kind in (FailureKind.CANCEL, FailureKind.EXIT):
        return None
    return record.inner.behind_failure([id(link) for link in causes(error)], team)


def _from_above(record: StreamRecord, ending: Ending) -> Ending:
    parent = record.parent
    if parent is None or ending.reason not in _FROM_ABOVE:
        return ending
    if parent.ending is not None:
        if parent.ending.reason is Reason.PROCESS_EXIT:
            return replace(parent.ending, inherited=True)
        if parent.ending.reason in _FROM_ABOVE:
            return replace(ending, cause=parent.ending.cause, inherited=True)
        return ending
    return ending if ending.reason is Reason.ABANDONED else replace(ending, inherited=True)


def _tell_parent(record: StreamRecord, outcome: Outcome, error: BaseException | None) -> None:
    parent = record.parent
    if parent is None or parent.ending is not None:
        return
    ending = outcome.ending
    parent.inner.add(
        InnerStream(
            operation=record.operation,
            name=(record.terminal and record.last_source) or record.start.name,
            ending=ending,
            delivery=outcome.delivery,
            source=outcome.source,
            idle=outcome.idle,
            finish_raw=outcome.finish_raw,
            raised=id(error) if error is not None and not record.terminal else 0,
            said_error=record.last_event is LastEvent.ERROR,
            left=ending.inherited and ending.reason in _FROM_ABOVE,
        )
    )
