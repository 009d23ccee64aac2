# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Who cancelled, by what anyio writes into a CancelledError. The real servers are in tests/integration/test_web_clients.py."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import pytest

from lastchunk.streams.cancellation import client_disconnected, loop_is_ending

STARLETTE = "starlette.responses.StreamingResponse.__call__.<locals>.wrap"
SSE_STARLETTE = "sse_starlette.sse.EventSourceResponse.__call__.<locals>.cancel_on_finish"
UVICORN = (
    "<Task pending name='Task-5' coro=<RequestResponseCycle.run_asgi() running at"
    " /lib/site-packages/uvicorn/protocols/http/h11_impl.py:410> cb=[set.discard()]>"
)
HYPERCORN = "<Task pending name='Task-9' coro=<_handle() running at /lib/hypercorn/asyncio/task_group.py:21>>"
MIDDLEWARE = (
    "<Task pending name='starlette.middleware.base.BaseHTTPMiddleware.__call__.<locals>.call_next.<locals>.coro'"
    " coro=<TaskHandle._run_coro() running at /lib/anyio/_core/_tasks.py:327>>"
)
WATCHDOG = "<Task pending name='shop.chat.watchdog' coro=<watchdog() running at /srv/shop/chat.py:7>>"


async def _in_a_task(name: str, *args: str) -> bool:
    async def ask() -> bool:
        return client_disconnected(asyncio.CancelledError(*args))

    return await asyncio.create_task(ask(), name=name)


@pytest.mark.parametrize(
    ("task", "message", "left"),
    [
        (STARLETTE, f"Cancelled via cancel scope 7f by {UVICORN}", True),
        (STARLETTE, f"Cancelled via cancel scope 7f by {HYPERCORN}", True),
        (STARLETTE, f"Cancelled via cancel scope 7f by {MIDDLEWARE}", True),
        (SSE_STARLETTE, f"Cancelled via cancel scope 7f by <Task pending name='{SSE_STARLETTE}' coro=<x()>>", True),
        ("fastapi.routing.x._producer", f"Cancelled via cancel scope 7f by {UVICORN}", True),
        (STARLETTE, f"Cancelled via cancel scope 7f by {UVICORN}; reason: deadline exceeded", False),
        (STARLETTE, f"Cancelled via cancel scope 7f by {WATCHDOG}", False),
        # A scope that a callback cancels: no server does that.
        (STARLETTE, "Cancelled via cancel scope 7f", False),
        (STARLETTE, "Cancelled via cancel scope 7f; reason: deadline exceeded", False),
        # Before anyio 4.11 nothing says who it was.
        (STARLETTE, "Cancelled by cancel scope 7f", True),
        (SSE_STARLETTE, "Cancelled by cancel scope 7f", True),
        ("Task-1", "Cancelled by cancel scope 7f", False),
        (STARLETTE, "the Stop button", False),
        (STARLETTE, "", False),
    ],
)
async def test_what_is_said(task: str, message: str, left: bool) -> None:
    assert await _in_a_task(task, message) is left


@pytest.mark.parametrize(("message", "left"), [(f"Cancelled via cancel scope 7f by {UVICORN}", True), ("Stop", False)])
async def test_cancelled_again_in_its_clean_up(message: str, left: bool) -> None:
    """The second cancel says nothing, the first one does."""

    async def clean_up() -> None:
        try:
            raise asyncio.CancelledError(message)
        finally:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError) as raised:
        await clean_up()
    assert client_disconnected(raised.value) is left


async def test_nothing_is_said() -> None:
    assert await _in_a_task(STARLETTE) is False


def test_there_is_no_loop() -> None:
    assert client_disconnected(asyncio.CancelledError("Cancelled via cancel scope 7f")) is False


async def _self(scope: anyio.CancelScope) -> None:
    scope.cancel()


async def _by_another(scope: anyio.CancelScope) -> None:
    asyncio.create_task(_self(scope), name=SSE_STARLETTE)  # noqa: RUF006 (it is awaited by nobody, and runs at once)


@pytest.mark.parametrize("cancel", [_self, _by_another])
async def test_a_scope_of_the_readers_own_task(cancel: Callable[[anyio.CancelScope], Awaitable[None]]) -> None:
    """Whoever cancels it, and whatever that task is called: no framework has entered it."""

    async def reads() -> bool:
        with anyio.CancelScope() as outer, anyio.CancelScope():
            await cancel(outer)
            try:
                await anyio.sleep(5)
            except asyncio.CancelledError as error:
                left.append(client_disconnected(error))
                raise
        return True

    left: list[bool] = []
    await asyncio.create_task(reads(), name=SSE_STARLETTE)
    assert left == [False]


async def test_a_scope_of_another_task() -> None:
    left: list[bool] = []

    async def reads() -> None:
        try:
            await anyio.sleep(5)
        except asyncio.CancelledError as error:
            left.append(client_disconnected(error))
            raise

    async def serves() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(reads, name=STARLETTE)
            await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    await asyncio.create_task(serves(), name="starlette.middleware.base.coro")
    assert left == [True]


def test_the_loop_ends() -> None:
    seen: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            seen.append(loop_is_ending())
            raise

    async def main() -> None:
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        kept.append(asyncio.create_task(waits()))
        await asyncio.sleep(0)

    kept: list[asyncio.Task[None]] = []
    asyncio.run(main())
    assert seen == [False, True]
