# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`keepalive`: yields a marker in each silence, for connections that are closed when nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import suppress
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from lastchunk.acting.endings import observer_of
from lastchunk.acting.reasons import seconds

Item = TypeVar("Item")


class KeepAlive(Enum):
    """The type of the marker, so that type checkers can tell it from an item."""

    KEEPALIVE = "keepalive"


KEEPALIVE: Final = KeepAlive.KEEPALIVE
"""The marker that `keepalive` yields during a silence. Send a comment (`: ping`) to the client, and read on."""


def keepalive(stream: AsyncIterable[Item], *, every: float = 15.0) -> AsyncGenerator[Item | KeepAlive, None]:
    """Yield the items of `stream`, and `KEEPALIVE` each time that no item came for `every` seconds.

    `stream` is any async iterable, for example a `guard`. A marker does not cancel the pending step: the next item still
    arrives. One separate task reads the stream, so the consumer may leave during a silence.

    Raises ValueError if `every` is not a number above 0.
    """
    seconds(every, "every")
    return _keepalive(stream, every)


async def _keepalive(stream: AsyncIterable[Item], every: float) -> AsyncGenerator[Item | KeepAlive, None]:
    reader = _Reader(stream)
    try:
        while True:
            reader.ask()
            while not await reader.has_answered(every):
                yield KEEPALIVE
            try:
                item = reader.answer()
            except StopAsyncIteration:
                return
            yield item
    finally:
        await reader.close()


class _Reader(Generic[Item]):
    """Reads a stream in its own task, one item at each request."""

    def __init__(self, stream: AsyncIterable[Item]) -> None:
        self._stream = stream
        self._asked = asyncio.Event()
        self._news = asyncio.Event()
        """The step is over, or the time is."""
        self._pending = False
        self._closing = False
        self._items: list[Item] = []
        """The item that the step brought; empty while it is pending, or if it raised."""
        self._error: BaseException | None = None
        consumer = asyncio.current_task()
        # Under the consumer's name: by that it is known whose cancel it was.
        self._task = asyncio.create_task(self._read(aiter(stream)), name=consumer.get_name() if consumer else None)

    async def _read(self, steps: AsyncIterator[Item]) -> None:
        while not self._closing:
            await self._asked.wait()
            self._asked.clear()
            try:
                self._items.append(await steps.__anext__())
            except BaseException as error:
                self._error = error
            self._pending = False
            self._news.set()

    def ask(self) -> None:
        """Ask for the next item."""
        self._pending = True
        self._asked.set()

    async def has_answered(self, within: float) -> bool:
        """Wait for the answer, at most so many seconds. A cancellation is passed on to the stream."""
        timer = asyncio.get_running_loop().call_later(within, self._news.set)
        try:
            await self._news.wait()
        except asyncio.CancelledError as cancel:
            if not self._pending:
                raise
            timer.cancel()
            await self._cancel(cancel.args)
            if isinstance(self._error, asyncio.CancelledError):
                raise
        finally:
            timer.cancel()
            self._news.clear()
        return not self._pending

    def answer(self) -> Item:
        """The item, or the exception that came in its place."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._items.pop()

    async def close(self) -> None:
        """The consumer leaves: also in the middle of a step, which for a stream that we observe is no cancel, then."""
        self._closing = True
        if self._pending:
            with suppress(TypeError):
                observer_of(self._stream, "keepalive").closed()
        if not self._task.done():
            await self._cancel(())
        self._error = None

    async def _cancel(self, args: tuple[Any, ...]) -> None:
        """Cancel the reading task, as often as the consumer is cancelled meanwhile, and wait until its step is over."""
        while not self._task.done() if self._closing else self._pending:
            self._task.cancel(*args)
            self._news.clear()
            try:
                if self._closing:
                    await asyncio.wait([self._task])
                else:
                    await self._news.wait()
            except asyncio.CancelledError as again:
                args = again.args
        while self._task.cancelling():
            self._task.uncancel()
