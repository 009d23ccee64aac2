# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Async generators that do what generators do: give, wait, catch, refuse to be closed, clean up slowly, raise, stop."""

from __future__ import annotations

import asyncio
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

Log = list[Any]
Wait = Callable[[Any], Awaitable[Any]]
Body = Callable[[Log, Wait], AsyncGenerator[Any, Any]]
"""Called with the list for what it sees, and with what waits."""


class Boom(Exception):
    """An application's own exception."""


@types.coroutine
def by_hand(tag: Any) -> Generator[Any, Any, Any]:
    """Wait for whoever drives the generator by hand."""
    return (yield tag)


async def _waits(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    for number in range(3):
        log.append(("waited", await wait(("w", number))))
        log.append(("sent", (yield number)))


async def _never_waits(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    for number in range(4):
        log.append(("sent", (yield number)))


async def _catches(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    for number in range(6):
        try:
            log.append(("sent", (yield number)))
            await wait("c")
        except Boom:
            log.append("boom")
        except asyncio.CancelledError:
            log.append("cancel")


async def _refuses(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    for number in range(3):
        try:
            yield number
        except GeneratorExit:
            log.append("exit")
            yield "refused"


async def _closes_slowly(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    try:
        yield 1
        await wait("m")
        yield 2
    finally:
        log.append("finally")
        await wait("f")
        log.append("closed")


async def _raises(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    yield 1
    await wait("r")
    try:
        raise Boom("inner")
    except Boom as error:
        raise LookupError("outer") from error


async def _raises_in_its_place(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    try:
        yield 1
        await wait("r")
        yield 2
    except BaseException as error:
        log.append(type(error))
        raise KeyError("instead")


async def _raises_after_a_catch(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    try:
        yield 1
        await wait("r")
    except BaseException as error:
        log.append(type(error))
    await wait("a")
    yield 2
    raise LookupError("without a context")


async def _stops_async(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    yield 1
    raise StopAsyncIteration("x")


async def _stops(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    yield 1
    raise StopIteration("x")


async def _exits(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    yield 1
    await wait("g")
    raise GeneratorExit


async def _catches_while_it_waits(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    yield 0
    for number in range(3):
        try:
            await wait("k")
        except BaseException as error:
            log.append(type(error))
        yield number


async def _waits_at_once(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    try:
        await wait("first")
        yield 0
        yield 1
    except Boom:
        yield "caught"
    finally:
        log.append("finally")


async def closes_within(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    """Waits, when it is closed, in a coroutine that waits when that is closed."""

    async def within() -> None:
        try:
            await wait("o")
        finally:
            log.append("closes")
            await wait("i")
            log.append("within")
            await wait("e")

    try:
        yield 1
        await within()
        yield 2
    finally:
        await within()


async def _gives_objects(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    for _ in range(3):
        yield Told(log)
        await wait("o")


async def _empty(log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    return
    yield


class Told:
    """An item that says when it dies."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __repr__(self) -> str:
        return "Told"

    def __del__(self) -> None:
        self._log.append("item dies")


BODIES: tuple[Body, ...] = (
    _waits,
    _never_waits,
    _catches,
    _refuses,
    _closes_slowly,
    _raises,
    _raises_in_its_place,
    _raises_after_a_catch,
    _stops_async,
    _stops,
    _exits,
    _catches_while_it_waits,
    _waits_at_once,
    closes_within,
    _gives_objects,
    _empty,
)
