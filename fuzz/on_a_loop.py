# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A stream used by the tasks of a loop: read ahead, cancelled, timed out, read by two at once, left and forgotten.

The loop's time is made up, so that a use takes none, and everything in it happens at the same time whenever it is run.
"""

from __future__ import annotations

import asyncio
import gc
import selectors
from collections.abc import Awaitable
from contextlib import aclosing
from random import Random
from typing import Any

from fuzz.bodies import BODIES, Boom, Log
from fuzz.driven_by_hand import Make
from fuzz.seen import chain, overheard, text

_ACTIONS = (
    *("read",) * 4,
    *("ahead",) * 3,
    *("make", "await made", "cancel", "cancel", "pause", "pause", "default", "asend", "athrow", "aclose", "close task"),
    *("loop", "closing", "timeout", "group", "collect", "let go"),
)
_PAUSES = (0, 0, 0.1, 0.2, 0.3, 0.5)


class _Selector(selectors.SelectSelector):
    """Waits by adding to the time."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """Nothing else can happen; and if nothing at all is to be waited for, the use hangs."""
        if timeout is None:
            raise TimeoutError("this use waits for ever")
        if timeout:
            self.now += timeout
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _Selector()
        super().__init__(self.clock)

    def time(self) -> float:
        """Seconds since it was made."""
        return self.clock.now


def use(random: Random, make: Make) -> list[Any]:
    """One random use; the same for the same state of `random`."""
    log: Log = []
    with overheard(log), asyncio.Runner(loop_factory=_Loop) as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(
            lambda _, told: log.append(("the loop", text(told["message"]), chain(told.get("exception"))))
        )
        if random.random() < 0.2:
            loop.set_task_factory(lambda loop, coro: asyncio.Task(coro, loop=loop))  # type: ignore[arg-type]
        log.append(_ended(runner, _application(random, make, log)))
        for _ in range(3):
            gc.collect()
    return log


def _ended(runner: asyncio.Runner, application: Any) -> Any:
    try:
        return runner.run(application)
    except BaseException as error:
        return chain(error)


async def _application(random: Random, make: Make, log: Log) -> None:
    loop = asyncio.get_running_loop()

    async def wait(_: Any) -> Any:
        return await asyncio.sleep(random_of_body.choice(_PAUSES), "slept")

    random_of_body = Random(random.random())
    stream: Any = make(random.randrange(len(BODIES)), log, wait)
    tasks: list[asyncio.Future[Any]] = []
    made: list[Any] = []
    for _ in range(random.randrange(2, 12)):
        action = random.choice(_ACTIONS)
        log.append((action, loop.time()))
        try:
            result = await _do(action, stream, tasks, made, random, log)
        except (GeneratorExit, asyncio.CancelledError, Exception) as error:
            if asyncio._get_running_loop() is not loop:
                raise  # The application itself is closed.
            result = chain(error)
        log.append((text(result), loop.time()))
        if action == "let go":
            break
        log.append((stream.ag_running, stream.ag_frame is None))
    del stream
    made.clear()
    gc.collect()
    for task in tasks:
        try:
            result = await asyncio.wait_for(task, 2)
        except BaseException as error:
            result = chain(error)
        log.append((text(result), loop.time()))
        del result
    tasks.clear()
    if random.random() < 0.5:
        await asyncio.sleep(1)


async def _do(
    action: str, stream: Any, tasks: list[asyncio.Future[Any]], made: list[Any], random: Random, log: Log
) -> Any:
    number, seconds = random.randrange(30), random.choice(_PAUSES)
    match action:
        case "read":
            return await asyncio.wait_for(anext(stream), random.choice((0, 0.1, 0.25, 1, None)))
        case "ahead":
            tasks.append(asyncio.ensure_future(anext(stream)))
        case "close task":
            tasks.append(asyncio.ensure_future(stream.aclose()))
        case "make":
            made.append(anext(stream))
        case "await made":
            return await _within(made.pop(number % len(made))) if made else None
        case "cancel":
            return tasks[number % len(tasks)].cancel(random.choice((None, "why"))) if tasks else None
        case "pause":
            await asyncio.sleep(seconds)
        case "default":
            return await _within(anext(stream, "no more"))
        case "asend":
            return await _within(stream.asend(random.choice((None, "v"))))
        case "athrow":
            return await _within(stream.athrow(random.choice((Boom("x"), asyncio.CancelledError("y"), KeyError))))
        case "aclose":
            return await _within(stream.aclose())
        case "collect":
            gc.collect(0)
        case _:
            return await _read(action, stream, random, log)
    return None


async def _within(step: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(step, 2)


async def _read(action: str, stream: Any, random: Random, log: Log) -> None:
    places = random.randrange(4)

    async def reader(places: int) -> None:
        async for item in stream:
            log.append(text(item))
            del item
            places -= 1
            if places < 0:
                break
            if random.random() < 0.15:
                raise Boom("in the body")

    match action:
        case "loop":
            await asyncio.wait_for(reader(places), 3)
        case "closing":
            async with aclosing(stream):
                await reader(places)
        case "timeout":
            async with asyncio.timeout(random.choice((0, 0.1, 0.3))):
                await reader(9)
        case "group":
            async with asyncio.TaskGroup() as group:
                group.create_task(reader(places))
                group.create_task(reader(2))
        case _:
            pass
