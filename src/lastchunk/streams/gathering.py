# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Gathers the evidence of a stream at its end: its record, the wire below, the streams inside it, and the one above."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from lastchunk.semconv import SERVER_ADDRESS, SERVER_PORT, Cause, Delivery, LastEvent, Operation, Reason, Source
from lastchunk.streams import wires
from lastchunk.streams.cancellation import client_disconnected, loop_is_ending
from lastchunk.streams.delivery import unexplained
from lastchunk.streams.ending import Ending, decide
from lastchunk.streams.evidence import Evidence, Failure, FailureKind
from lastchunk.streams.failure import failure_of, failure_of_run, qualified_name
from lastchunk.streams.finish_reasons import Finish, meanings
from lastchunk.streams.habits import finish_expected, finish_sent
from lastchunk.streams.inner_streams import InnerStream
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.raised import ended_with
from lastchunk.streams.record import StreamRecord

FROM_ABOVE = frozenset({Reason.ABANDONED, Reason.CANCELLED, Reason.PROCESS_EXIT})
"""Endings that a stream can take from the one above it, whose consumer left."""


def outcome_of(
    record: StreamRecord,
    error: BaseException | None,
    *,
    left: bool,
    process_exit: bool,
    at: float,
    stall_after: float,
    finish_optional: Collection[str] = (),
) -> Outcome:
    """How a stream ended: exhausted, or by `error`, or because its consumer `left`, or at exit; `at` that time.

    `stall_after` is the silence, in seconds, from which on a stream counts as stalled; `finish_optional` are the servers,
    `host` or `host:port`, whose answers may end without a finish reason and an end marker.
    """
    wires.settle(record, error)
    wire, run = record.wire, record.operation is not Operation.CHAT
    if record.silent_since > at:
        record.silent_since = 0.0  # The generator's own close is a step, too, but nobody asked for an item.
    since = record.silent_since
    waiting_for = record.waiting_for if since and (error is not None or left or process_exit) else None
    gap = record.step_ends(at)
    complete = _complete_without_finish(record, finish_optional)
    said_error = wire is not None and wire.provider_error and error is None
    said_end = wire is not None and (bool(wire.finish) or wire.end_marker or said_error)
    bare_end = record.bare and (said_end or complete)
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
    if wire is not None and wire.heard_at > at - idle and not (left or cancelled or _gave_up(record)):
        # Who leaves has waited for content; but a connection lives as long as bytes come, if only comments.
        idle = max(at - wire.heard_at, 0.0)
    delivery, first_wait = (Delivery.NONE, 0.0) if run else record.delivery(at)
    finish = wire.finish if wire is not None and wire.headers else meanings(record.result_finish)
    finished, rests_on = _finished(record)
    # Filled field by field: so many keyword arguments would take three times as long.
    evidence = Evidence()
    evidence.terminal = terminal
    evidence.finish = finish | {Finish.ERROR} if wire is not None and wire.provider_error else finish
    evidence.finished = finished or complete
    evidence.arrived = record.arrived or record.parts > 0 or (wire is not None and wire.arrived)
    evidence.may_be_silent = run or record.start.may_be_silent
    evidence.began = _began(record) or (run and failure is not None and failure.kind is FailureKind.OTHER)
    if wire is None:
        evidence.said = record.error_cause
    else:
        evidence.streamed = wire.streamed
        evidence.said = wire.cause_said()
        evidence.context_full = wire.context_full()
        evidence.model_loaded = wire.finish_raw == "load"
    evidence.failure = failure
    evidence.left = left
    evidence.process_exit = process_exit or (cancelled and loop_is_ending())
    evidence.disconnected = _client_left(record, error, cancelled, waiting_for is not None)
    evidence.failed_tool = record.tool_failed or _last_turn_failed(inner)
    evidence.gave_up = _gave_up(record)
    evidence.waiting_for = waiting_for
    evidence.idle = idle
    evidence.max_gap = record.max_gap
    evidence.own_gap = record.own_gap(idle)
    evidence.stall_after = stall_after
    evidence.delivery = delivery
    evidence.unexplained_wait = unexplained(wire, first_wait)
    evidence.inner = inner.ending if inner is not None else None
    ending = _from_above(record, decide(evidence))
    guarded = ended_with(error) if error is not None and not run and not terminal else None
    if guarded is not None and guarded.by_guard:
        ending = replace(guarded.ending, inherited=False)  # it came from a guard inside, of a stream that is this one
    taken = inner if inner is not None and ending.reason is inner.ending.reason else None
    if taken is not None and not taken.streamed:
        ending = replace(ending, inherited=False)
    return Outcome(
        ending=ending,
        ended_at=at,
        delivery=taken.delivery if taken is not None else delivery,
        first_wait=first_wait,
        source=taken.source if taken is not None else rests_on if terminal else record.source(),
        idle=taken.idle if taken is not None and taken.ending.cutoff else idle,
        waiting_for=waiting_for,
        finish_raw=taken.finish_raw if taken is not None else wire.finish_raw if wire is not None else None,
        recovered=_recovered(record, taken),
    )


def _client_left(record: StreamRecord, error: BaseException | None, cancelled: bool, waiting: bool) -> bool:
    """Whether the client left that the stream was read for. Either its server cancelled the stream, or its reader stopped."""
    if cancelled and error is not None and client_disconnected(error):
        return True
    return record.reader is not None and record.reader.stopped_for_client(waiting, record.stepped_at)


def _last_turn_failed(inner: InnerStream | None) -> bool:
    """Whether the last message says, in the agent's own words, that a tool failed. AutoGen's surfers do that."""
    return inner is not None and inner.ending.reason is Reason.TOOL_ERROR


def _finished(record: StreamRecord) -> tuple[bool, Source]:
    """Return whether the provider finished, as far as the evidence shows, and what that rests on."""
    wire, source = record.wire, record.source()
    if wire is None:
        return bool(record.result_finish) or not record.start.finish_is_due, source
    if not wire.headers:
        return True, source
    if wire.finish:
        finish_sent(record.start)
        return not wire.calls_cut, source
    if not wire.complete or wire.calls_cut or wire.choices.unfinished:
        return False, source
    if wire.provider_error:
        return True, source
    if not wire.content_chunks:  # nobody has decoded the body, so that a finish reason may have been in it
        return True, source
    expected = finish_expected(record.start)
    return not expected, Source.HABIT if expected else Source.END_MARKER


def ending_of_answer(finish: str, error: BaseException | None, *, finish_is_due: bool = False) -> Ending:
    """Return the ending of a model without a stream of ours: its result named `finish` (empty if none), or it failed."""
    said = meanings(finish)
    evidence = Evidence(
        terminal=error is None,
        finish=said,
        finished=bool(said) or not finish_is_due,
        may_be_silent=True,
        failure=failure_of(error) if error is not None else None,
    )
    return decide(evidence)


def ending_of_part(record: StreamRecord, finish: str) -> Ending:
    """How an answer ended that was read to its end inside of `record`, whose client delegates and has not ended yet.

    `finish` is the finish reason that its result names; empty if it does not say. Without a wire that is all there is.
    """
    wire = record.wire
    if wire is None or not wire.headers:
        return ending_of_answer(finish, None)
    evidence = Evidence(
        terminal=True,
        finish=wire.finish | {Finish.ERROR} if wire.provider_error else wire.finish,
        finished=_finished(record)[0] or _complete_without_finish(record, ()),
        said=wire.cause_said(),
        arrived=wire.arrived,
        may_be_silent=record.start.may_be_silent,
        began=True,
        streamed=wire.streamed,
    )
    return decide(evidence)


def _recovered(record: StreamRecord, taken: InnerStream | None) -> tuple[tuple[Cause, int], ...]:
    """Return the inner cutoffs by cause, without the one whose ending the run took."""
    cutoffs = record.inner_cutoffs
    if cutoffs is None:
        return ()
    if taken is not None and taken.ending.cutoff:
        cutoffs = cutoffs - Counter([taken.ending.cause or Cause.UNKNOWN])
    return tuple(cutoffs.items())


def _began(record: StreamRecord) -> bool:
    """Whether a stream was obtained. An agent's turn belongs to the run that called it, which has begun."""
    if record.operation is not Operation.CHAT and record.parent is not None:
        return True
    return record.chunks > 0 or (record.wire is not None and record.wire.headers)


def _gave_up(record: StreamRecord | None) -> bool:
    """Whether a guard of the stream, or of one above it, found it silent for too long."""
    while record is not None:
        if record.gave_up:
            return True
        record = record.parent
    return False


def _complete_without_finish(record: StreamRecord, servers: Collection[str]) -> bool:
    """Whether the body ended with an answer in it, and its backend is declared to send no finish reason."""
    wire = record.wire
    if wire is None or not wire.exhausted or not wire.arrived or not wire.streamed:
        return False
    if wire.provider_error or wire.calls_cut:
        return False
    host = str(record.start.attributes.get(SERVER_ADDRESS, "")).lower()
    if host in servers or f"{host}:{record.start.attributes.get(SERVER_PORT)}" in servers:
        return True
    above: StreamRecord | None = record
    while above is not None:
        if above.finish_optional:
            return True
        above = above.parent
    return False


def _failure(record: StreamRecord, error: BaseException | None) -> Failure | None:
    if _gave_up(record):
        return Failure(FailureKind.TIMEOUT, "lastchunk.StreamStalled")
    if error is None:
        return None
    if record.operation is not Operation.CHAT:
        return failure_of_run(error)
    failure = failure_of(error)
    wire = record.wire
    if wire is not None and wire.provider_error and failure.kind is not FailureKind.CANCEL:
        return replace(failure, kind=FailureKind.PROVIDER, hint=wire.error_cause)
    if wire is not None and wire.cut_short() and failure.kind in (FailureKind.PROTOCOL, FailureKind.OTHER):
        return replace(failure, kind=FailureKind.CUT)
    return failure


def _said_error(failure: Failure | None, inner: InnerStream | None) -> bool:
    """Whether the last event was an error of the provider, in this stream or in the inner stream that failed."""
    below = inner is not None and inner.said_error
    return below or (failure is not None and failure.kind is FailureKind.PROVIDER)


def _inner(record: StreamRecord, error: BaseException | None, failure: Failure | None) -> InnerStream | None:
    team = record.operation is Operation.INVOKE_WORKFLOW
    if record.terminal:
        return record.inner.behind_result(record.last_source, team, record.answer)
    if error is None or failure is None or failure.kind in (FailureKind.CANCEL, FailureKind.EXIT):
        return None
    return record.inner.behind_failure(error, team)


def _from_above(record: StreamRecord, ending: Ending) -> Ending:
    parent = record.parent
    if parent is None or ending.reason not in FROM_ABOVE:
        return ending
    if parent.ending is not None:
        if parent.ending.reason is Reason.PROCESS_EXIT:
            return replace(parent.ending, inherited=True)
        if parent.ending.reason in FROM_ABOVE:
            return replace(ending, cause=parent.ending.cause, inherited=True)
        return ending
    return ending if ending.reason is Reason.ABANDONED else replace(ending, inherited=True)
