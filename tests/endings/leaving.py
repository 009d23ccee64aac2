# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The consumer's ways to end a stream: it leaves, cancels, gives up, or keeps what it no longer wants."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable
from typing import Any

import anyio

from tests.endings.stage import SECRET, Stage
from tests.endings.ways import STALL_AFTER, WAIT, WAYS, Consume, Open, Way, read_all, read_with_patience

LEAVES_AT = 3
"""The item at which the consumer leaves."""
SLOWLY = {"gap": 0.04}
"""So that the server is still speaking when the consumer leaves."""


class OwnError(Exception):
    """An exception of the application's own."""


async def _take(stage: Stage, open_stream: Open, count: int = LEAVES_AT) -> Any:
    stream = await open_stream()
    async for item in stream:
        stage.saw(item)
        if len(stage.items) == count:
            break
    stage.left = "left"
    return stream


async def break_dropped(stage: Stage, open_stream: Open) -> None:
    """`break`, and no reference is kept"""
    await _take(stage, open_stream)


async def break_kept(stage: Stage, open_stream: Open) -> None:
    """`break`, and a reference is kept for longer than a stall"""
    stream = await _take(stage, open_stream)
    await asyncio.sleep(STALL_AFTER + 0.1)
    del stream


async def break_in_a_cycle(stage: Stage, open_stream: Open) -> None:
    """`break`, and the reference dies in cyclic garbage"""
    cycle: list[Any] = [await _take(stage, open_stream)]
    cycle.append(cycle)
    del cycle
    gc.collect()


async def aclose(stage: Stage, open_stream: Open) -> None:
    """`break`, then `aclose()`"""
    await _close(await _take(stage, open_stream))


async def aclose_in_another_task(stage: Stage, open_stream: Open) -> None:
    """`break`, then `aclose()` in another task"""
    await asyncio.create_task(_close(await _take(stage, open_stream)))


async def aclosing(stage: Stage, open_stream: Open) -> None:
    """`break` out of `async with aclosing(…)`"""
    async with contextlib.aclosing(await open_stream()) as stream:
        async for item in stream:
            stage.saw(item)
            if len(stage.items) == LEAVES_AT:
                break
    stage.left = "left"


async def _close(stream: Any) -> None:
    await (stream.aclose() if hasattr(stream, "aclose") else stream.close())


async def exception_in_the_loop(stage: Stage, open_stream: Open) -> None:
    """the loop's body raises"""
    async for item in await open_stream():
        stage.saw(item)
        if len(stage.items) == LEAVES_AT:
            raise OwnError(SECRET)


async def athrow(stage: Stage, open_stream: Open) -> None:
    """`athrow()` of an exception of its own"""
    stream = await _take(stage, open_stream)
    stage.left = ""
    await stream.athrow(OwnError(SECRET))


async def task_cancel(stage: Stage, open_stream: Open) -> None:
    """`task.cancel()` while an item is awaited"""
    await _cancelled(stage, open_stream, lambda task: task.cancel())


async def task_cancel_with_a_message(stage: Stage, open_stream: Open) -> None:
    """`task.cancel("…")` with a text"""
    await _cancelled(stage, open_stream, lambda task: task.cancel(SECRET))


async def task_cancel_after_silence(stage: Stage, open_stream: Open) -> None:
    """`task.cancel()` after a silence longer than a stall"""
    await _cancelled(stage, open_stream, lambda task: task.cancel(), wait=WAIT)


async def token_during(stage: Stage, open_stream: Open) -> None:
    """`CancellationToken.cancel()` while an item is awaited"""
    token = stage.token
    assert token is not None
    await _cancelled(stage, open_stream, lambda _: token.cancel())


async def token_before(stage: Stage, open_stream: Open) -> None:
    """`CancellationToken.cancel()` before the first item is asked for"""
    assert stage.token is not None
    stage.token.cancel()
    await read_all(stage, open_stream)


async def _cancelled(
    stage: Stage, open_stream: Open, cancel: Callable[[asyncio.Task[None]], Any], wait: float = 0.0
) -> None:
    task = asyncio.create_task(read_all(stage, open_stream))
    await _quiet(stage, task)
    await asyncio.sleep(wait)
    cancel(task)
    await task


async def _quiet(stage: Stage, task: asyncio.Future[Any]) -> None:
    """Until the stream has said what it says before it falls silent; too short to be a stall."""
    seen = -1
    while (seen < LEAVES_AT or len(stage.items) > seen) and not task.done():
        seen = len(stage.items)
        await asyncio.sleep(0.12)


async def task_cancel_while_it_speaks(stage: Stage, open_stream: Open) -> None:
    """`task.cancel()` while the stream goes on"""
    task = asyncio.create_task(read_all(stage, open_stream))
    while len(stage.items) < LEAVES_AT and not task.done():  # noqa: ASYNC110 (the reader is the same everywhere)
        await asyncio.sleep(0.005)
    task.cancel()
    await task


async def asyncio_timeout(stage: Stage, open_stream: Open) -> None:
    """`asyncio.timeout` around the loop, before anything counts as a stall"""
    await read_with_patience(stage, open_stream, 0.3)


async def asyncio_timeout_after_silence(stage: Stage, open_stream: Open) -> None:
    """`asyncio.timeout` around the loop, after a silence longer than a stall"""
    await read_with_patience(stage, open_stream)


async def wait_for_each_item(stage: Stage, open_stream: Open) -> None:
    """`asyncio.wait_for` around each item, to the end: every step is in a task of its own"""
    stream = await open_stream()
    while True:
        try:
            stage.saw(await asyncio.wait_for(asyncio.ensure_future(_next(stream)), 5))
        except StopAsyncIteration:
            return


async def _next(stream: Any) -> Any:
    try:
        return await stream.__anext__()
    finally:
        await asyncio.sleep(0)


async def wait_for_runs_out(stage: Stage, open_stream: Open) -> None:
    """`asyncio.wait_for` around each item, and one does not come"""
    stream = await open_stream()
    while True:
        stage.saw(await asyncio.wait_for(stream.__anext__(), 5 if len(stage.items) < LEAVES_AT else 0.3))


async def anyio_move_on_after(stage: Stage, open_stream: Open) -> None:
    """`anyio.move_on_after` around the loop"""
    with anyio.CancelScope() as scope:
        async for item in await open_stream():
            stage.saw(item)
            if len(stage.items) >= LEAVES_AT:
                scope.deadline = anyio.current_time() + 0.3
    stage.left = "left"


async def anyio_task_group_cancelled(stage: Stage, open_stream: Open) -> None:
    """the scope of an `anyio` task group is cancelled"""
    async with anyio.create_task_group() as group:
        group.start_soon(read_all, stage, open_stream)
        await _quiet(stage, asyncio.get_running_loop().create_future())
        group.cancel_scope.cancel()
    stage.left = "left"


async def leave_at_the_end(stage: Stage, open_stream: Open) -> None:
    """`break` exactly at the terminal item"""
    async for item in await open_stream():
        stage.saw(item)
        if stage.last in ("CreateResult", "TaskResult", "Response"):
            break


async def iterate_again(stage: Stage, open_stream: Open) -> None:
    """iterated again after its end"""
    stream = await open_stream()
    for _ in range(2):
        async for item in stream:
            stage.saw(item)


async def anext_then_loop(stage: Stage, open_stream: Open) -> None:
    """`anext()` twice, then `async for` on the same object"""
    stream = await open_stream()
    for _ in range(2):
        stage.saw(await anext(stream))
    async for item in stream:
        stage.saw(item)


async def slow_consumer(stage: Stage, open_stream: Open) -> None:
    """a consumer that pauses for longer than a stall, and reads to the end"""
    async for item in await open_stream():
        stage.saw(item)
        if len(stage.items) == LEAVES_AT:
            await asyncio.sleep(STALL_AFTER + 0.1)


def _way(consume: Consume, script: str = "clean", **speech: float) -> None:
    name = consume.__name__
    WAYS[name] = Way(script, {**SLOWLY, **speech}, timeout=5.0, consume=consume, brief=(consume.__doc__ or "").strip())


for _consume in (
    break_dropped,
    break_kept,
    break_in_a_cycle,
    aclose,
    aclose_in_another_task,
    aclosing,
    exception_in_the_loop,
    athrow,
    task_cancel_while_it_speaks,
    token_before,
    wait_for_each_item,
    leave_at_the_end,
    iterate_again,
    anext_then_loop,
    slow_consumer,
):
    _way(_consume)
for _consume in (
    task_cancel,
    task_cancel_with_a_message,
    token_during,
    anyio_task_group_cancelled,
    task_cancel_after_silence,
    asyncio_timeout,
    asyncio_timeout_after_silence,
    wait_for_runs_out,
    anyio_move_on_after,
):
    _way(_consume, "stall")
