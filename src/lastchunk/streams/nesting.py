# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams inside streams: which one a new stream is a part of, and what an ended one tells the stream above."""

from __future__ import annotations

from contextvars import ContextVar

from lastchunk.semconv import LastEvent, Operation
from lastchunk.streams import open_streams
from lastchunk.streams.answers import Answer
from lastchunk.streams.gathering import FROM_ABOVE
from lastchunk.streams.inner_streams import InnerStream
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.raised import Raised
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import History, Start

current: ContextVar[StreamRecord | None] = ContextVar("lastchunk_stream", default=None)


def current_stream() -> StreamRecord | None:
    """Return the stream that is being driven here, if any."""
    return current.get()


def around(start: Start) -> StreamRecord | None:
    parent = current.get()
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


def is_part_of(start: Start, parent: StreamRecord | None) -> bool:
    if start.operation is Operation.CHAT:
        return parent is not None and parent.operation is Operation.CHAT and parent.ending is None
    while parent is not None:
        if parent.start.subject == start.subject and parent.ending is None:
            return True
        parent = parent.parent
    return False


def was_sent(run: StreamRecord, history: History | None) -> None:
    """Note the history that was sent to a model inside an agent's run. It replaces what the agent remembers."""
    if history is not None and run.operation is Operation.INVOKE_AGENT:
        run.history = history


def _answer(record: StreamRecord) -> Answer | None:
    """Return the answer of a stream. The text of an SDK's own stream came in pieces, so only its size is known."""
    if record.bare and record.size > record.extras:
        return Answer(record.size - record.extras)
    return record.answer


def tell_parent(record: StreamRecord, outcome: Outcome, error: BaseException | None) -> None:
    parent = record.parent
    if parent is None or parent.ending is not None:
        return
    if record.operation is Operation.CHAT:
        answered(parent, record.content_at())
    ending = outcome.ending
    if record.operation is Operation.CHAT:
        was_sent(parent, record.history)
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


def answered(run: StreamRecord | None, at: float) -> None:
    """Note when a model below `run`, and below every run above it, last sent something."""
    while run is not None:
        run.answered_at = max(run.answered_at, at)
        run = run.parent
