# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How applications read an async stream, and how they leave it: by themselves, or when the server has fallen silent."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from random import Random
from typing import Any

from fuzz.bodies import Boom
from fuzz.seen import chain, collected, text
from fuzz.wire.server import Server
from fuzz.wire.values import Log

BY_THEMSELVES = (
    *(("to its end",) * 6),
    *("break", "break", "close", "aclosing", "with", "raise", "throw", "send", "cancelled", "cancelled inside"),
    *("one by one", "two at once", "timeout", "group", "default", "body", "copies", "cycle", "kept"),
)
WHEN_SILENT = (
    "cancel",
    "cancel",
    "timeout",
    "wait_for",
    "client",
    "close elsewhere",
    "pending",
    "forget",
    "group",
    "throw",
)
"""What happens to a reader when the server hangs."""
IDLE = 0.03
"""Seconds in which a loop reads what has been sent, once all has been."""


class Reader:
    """An application that reads the stream of one case."""

    def __init__(self, random: Random, log: Log, server: Server, current: Callable[[], None]) -> None:
        self._random, self._log, self._server = random, log, server
        self._current = current
        self._places = random.randrange(4)
        self._held: list[Any] = []

    async def read(self, obtained: Any, way: str) -> None:
        """Read as the way says; whatever comes of it is in the log."""
        stream = await obtained if hasattr(obtained, "__await__") else obtained
        del obtained
        self._held.append(stream)
        self._log.append(stream.__class__.__name__)
        del stream
        await getattr(self, f"_{way.replace(' ', '_')}")()

    async def leave(self, obtained: Any, way: str) -> None:
        """Read until the server has fallen silent, and leave as the way says."""

        async def application() -> None:
            await self.read(obtained, "to its end")

        match way:
            case "client":
                await application()
            case "timeout":
                async with asyncio.timeout(IDLE * 3):
                    await application()
            case "wait_for":
                await asyncio.wait_for(application(), IDLE * 3)
            case "group":
                async with asyncio.TaskGroup() as group:
                    group.create_task(application())
                    await self._silence()
                    raise Boom("beside it")
            case _:
                task = asyncio.ensure_future(application())
                del obtained
                await self._silence()
                await self._left(way, task)

    async def _left(self, way: str, task: asyncio.Future[None]) -> None:
        match way:
            case "cancel":
                task.cancel(self._random.choice((None, "why")))
                await self._ended(task)
            case "close elsewhere":
                for stream in self._held:
                    await self._ended(self._closed(stream))
                task.cancel()
                await self._ended(task)
            case "throw":
                for stream in self._held:
                    if hasattr(stream, "athrow"):
                        await self._ended(stream.athrow(Boom("thrown")))
                task.cancel()
                await self._ended(task)
            case "forget":
                self._held.clear()
                task.cancel()
            case _:
                pass

    async def _silence(self) -> None:
        while not self._server.hangs.is_set():
            await asyncio.sleep(0.002)
            if not asyncio.all_tasks() - {asyncio.current_task()}:
                return
        await asyncio.sleep(IDLE)

    @property
    def _stream(self) -> Any:
        return self._held[-1]

    def _came(self, item: Any) -> None:
        self._log.append(item)
        self._current()

    async def _ended(self, step: Any) -> None:
        try:
            self._log.append(("gave", await step))
        except BaseException as error:
            self._log.append(chain(error))

    @staticmethod
    def _closed(stream: Any) -> Awaitable[Any]:
        return stream.aclose() if hasattr(stream, "aclose") else stream.close()

    async def _some(self, places: int | None = None) -> None:
        left = self._places if places is None else places
        async for item in self._stream:
            self._came(item)
            del item
            left -= 1
            if left < 0:
                break

    async def _to_its_end(self) -> None:
        await self._some(999)
        await self._ended(anext(aiter(self._stream), "no more"))

    async def _break(self) -> None:
        await self._some()
        self._held.clear()

    async def _kept(self) -> None:
        await self._some()

    async def _close(self) -> None:
        await self._some()
        await self._ended(self._closed(self._stream))
        await self._ended(anext(aiter(self._stream)))

    async def _aclosing(self) -> None:
        async with aclosing(aiter(self._stream)) as items:
            async for item in items:
                self._came(item)
                break

    async def _with(self) -> None:
        if not hasattr(self._stream, "__aenter__"):
            return await self._some()
        async with self._stream as entered:
            self._log.append(entered is self._stream)
            await self._some()
        await self._ended(anext(aiter(self._stream)))

    async def _raise(self) -> None:
        async for item in self._stream:
            self._came(item)
            raise Boom("in the body")

    async def _throw(self) -> None:
        await self._some()
        if hasattr(self._stream, "athrow"):
            await self._ended(self._stream.athrow(Boom("thrown")))
            await self._ended(anext(self._stream))

    async def _send(self) -> None:
        await self._some()
        if hasattr(self._stream, "asend"):
            await self._ended(self._stream.asend("sent"))
        await self._some()

    async def _cancelled(self) -> None:
        await self._some()
        task = asyncio.current_task()
        assert task is not None
        task.cancel("by itself")
        await self._some()

    async def _cancelled_inside(self) -> None:
        async for item in self._stream:
            self._came(item)
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

    async def _one_by_one(self) -> None:
        items = aiter(self._stream)
        for _ in range(self._places):
            await self._ended(asyncio.ensure_future(anext(items)))
        await self._ended(asyncio.wait_for(anext(items), 5))
        await self._some(999)

    async def _two_at_once(self) -> None:
        items = aiter(self._stream)
        # As a text: an exception that is kept keeps the streams in its frames open.
        self._log.append(text(await asyncio.gather(anext(items), anext(items), return_exceptions=True)))
        await self._some(999)

    async def _timeout(self) -> None:
        async with asyncio.timeout(9):
            await self._some()

    async def _group(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._some(999))

    async def _default(self) -> None:
        for _ in range(3):
            await self._ended(anext(aiter(self._stream), "no more"))

    async def _body(self) -> None:
        response = getattr(self._stream, "response", None)
        if not hasattr(response, "aiter_lines"):
            return await self._some(999)
        async for line in response.aiter_lines():
            self._came(line)
        await self._ended(anext(aiter(self._stream)))

    async def _copies(self) -> None:
        for make in (copy.copy, copy.deepcopy, pickle.dumps):
            try:
                self._log.append(make(self._stream).__class__.__name__)
            except BaseException as error:
                self._log.append((type(error).__name__, str(error)))
        with suppress(Exception):
            self._held.append(copy.copy(self._stream))
        await self._some(999)

    async def _cycle(self) -> None:
        await self._some()
        cycle: list[Any] = [*self._held]
        cycle.append(cycle)
        self._held.clear()
        del cycle
        collected(self._log)
        await asyncio.sleep(0)
