# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The iterators that `guard` returns, async and sync: they check the ending when the stream is over."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeVar

from lastchunk.acting.endings import Guarding
from lastchunk.acting.errors import StreamCutOff, StreamStalled
from lastchunk.acting.patience import Patience
from lastchunk.acting.stall import Stalled, StallLimit, Token
from lastchunk.acting.sync_stall import SyncStallLimit
from lastchunk.semconv import Cause, Operation, Reason
from lastchunk.streams.ending import Ending
from lastchunk.streams.gathering import ending_of_part
from lastchunk.streams.nesting import current_stream
from lastchunk.streams.observer import Observer
from lastchunk.streams.record import StreamRecord

Item = TypeVar("Item")
_GAVE_UP = Ending(Reason.TIMEOUT, Cause.IDLE_TIMEOUT, "lastchunk.StreamStalled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The arguments of `guard`."""

    on: frozenset[Reason]
    first: float | None = None
    stall: float | None = None
    tools: bool = False
    token: Token | None = None
    finish_optional: bool = False

    @property
    def limited(self) -> bool:
        """Whether there is a limit on silence."""
        return self.first is not None or self.stall is not None


class _Guarded(Guarding):
    """What the async and the sync iterator have in common."""

    __slots__ = ("_around", "_declared", "_finish", "_items", "_observer", "_patience", "_terms")

    def __init__(self, stream: Any, observer: Observer, terms: Terms) -> None:
        super().__init__(stream)
        self._observer = observer
        self._terms = terms
        self._items = 0
        self._declared = not terms.finish_optional
        self._around: StreamRecord | None = None
        """The model stream that this one is a part of, if it has no record of its own: below a client that delegates."""
        self._finish = ""
        """What the last item of such a part says: its finish reason."""
        self._patience = Patience(self._record, terms.first, terms.stall, terms.tools)

    def _record(self) -> StreamRecord | None:
        record = self._observer.record
        return self._around if record is None else record

    def _asks(self) -> None:
        """A step begins."""
        if self._observer.record is None:
            around = current_stream()
            self._around = around if around is not None and around.operation is Operation.CHAT else None

    def _came(self, item: Any) -> None:
        """The step brought an item."""
        self._items += 1
        if self._observer.record is None:
            finish = getattr(item, "finish_reason", None)
            self._finish = finish if isinstance(finish, str) and finish != "unknown" else ""
        if not self._declared:
            self._declare()

    def _declare(self) -> None:
        record = self._record()
        if record is not None:
            record.finish_optional = self._declared = True

    def _verdict(self) -> StreamCutOff | None:
        """Return the exception to raise when the stream is over without one; None if there is nothing to raise."""
        record, ending = self._observer.record, None
        if record is not None:
            ending = record.ending
        elif self._around is not None:
            ending = ending_of_part(self._around, self._finish)
        if ending is None or ending.reason not in self._terms.on:
            return None
        return self._raised(StreamCutOff(ending, self._items, self._answered()))

    def _answered(self) -> bool:
        record = self._record()
        return record is None or record.answered()

    def _give_up(self) -> None:
        record = self._record()
        if record is not None:
            record.gave_up = True
        if self._terms.token is not None:
            self._terms.token.cancel()

    def _stalled(self) -> StreamCutOff:
        record = self._observer.record
        ending = (record.ending if record is not None else None) or _GAVE_UP
        return self._raised(StreamStalled(ending, self._items, self._answered(), self._patience.limit))

    def _raised(self, error: StreamCutOff) -> StreamCutOff:
        """Tell the run around this stream whose ending it takes if the exception ends it."""
        record = self._observer.record
        if record is not None and record.ending is not None and record.parent is not None:
            record.parent.inner.raised_as(record.ending, error)
        return error


class GuardedAsyncStream(_Guarded, AsyncIterator[Item], Generic[Item]):
    """An async stream with a guard. As an `async with` it closes the stream."""

    __slots__ = ("_limit", "_steps")

    def __init__(self, stream: Any, observer: Observer, terms: Terms) -> None:
        super().__init__(stream, observer, terms)
        self._steps: AsyncIterator[Item] = aiter(stream)
        self._limit = StallLimit(self._patience, self._give_up) if terms.limited else None

    async def __anext__(self) -> Item:
        self._asks()
        try:
            limit = self._limit
            ask = self._steps.__anext__
            item = await ask() if limit is None else await limit.step(ask)
        except StopAsyncIteration:
            cut = self._verdict()
            if cut is None:
                raise
        except Stalled:
            await self._close_stalled()
            cut = self._stalled()
        else:
            self._came(item)
            return item
        raise cut from None

    async def _close_stalled(self) -> None:
        with suppress(Exception):  # what a broken stream says of its close is no news
            await self.aclose()

    async def aclose(self) -> None:
        """Close the stream, if it can be closed."""
        close = getattr(self.stream, "aclose", None) or getattr(self.stream, "close", None)
        if close is not None:
            closing = close()
            if inspect.isawaitable(closing):
                await closing

    async def __aenter__(self) -> GuardedAsyncStream[Item]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


class GuardedStream(_Guarded, Iterator[Item], Generic[Item]):
    """A sync stream with a guard. As a `with` it closes the stream."""

    __slots__ = ("_limit", "_steps")

    def __init__(self, stream: Any, observer: Observer, terms: Terms) -> None:
        super().__init__(stream, observer, terms)
        self._steps: Iterator[Item] = iter(stream)
        self._limit = SyncStallLimit(stream, self._patience, self._give_up) if terms.limited else None

    def __next__(self) -> Item:
        self._asks()
        try:
            limit = self._limit
            item = next(self._steps) if limit is None else limit.step(self._steps.__next__)
        except StopIteration:
            cut = self._verdict()
            if cut is None:
                raise
        except Stalled:
            with suppress(Exception):
                self.close()
            cut = self._stalled()
        else:
            self._came(item)
            return item
        raise cut from None

    def close(self) -> None:
        """Close the stream, if it can be closed."""
        close = getattr(self.stream, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> GuardedStream[Item]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
