# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A web server passes the stream on, and its client leaves: Starlette and sse-starlette, under uvicorn, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from tests.endings.leaving import LEAVES_AT
from tests.endings.stage import Stage
from tests.endings.ways import WAIT, WAYS, Open, Way


@asynccontextmanager
async def _server(route: BaseRoute) -> AsyncIterator[int]:
    """The port of a server with that route."""
    config = uvicorn.Config(Starlette(routes=[route]), log_config=None, lifespan="off", port=0)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await server.shutdown()


async def _silence(stage: Stage) -> None:
    """Wait until the stream has begun and says nothing any more."""
    seen = -1
    while seen < LEAVES_AT or len(stage.items) > seen:
        seen = len(stage.items)
        await asyncio.sleep(0.12)


async def _serve(stage: Stage, open_stream: Open, response: Any, *, leaves_after: float | None) -> None:
    """The client leaves so many seconds after the stream has fallen silent; None: it stays to the end."""
    over = asyncio.Event()

    async def body() -> AsyncIterator[str]:
        try:
            async for item in await open_stream():
                stage.saw(item)
                yield "data: x\n\n"
        except asyncio.CancelledError as error:
            stage.left = f"left by {type(error).__name__}"
            raise
        except GeneratorExit:
            stage.left = "left by GeneratorExit"
            raise
        finally:
            over.set()

    async def endpoint(request: Request) -> Response:
        return response(body())

    async with _server(Route("/", endpoint)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        if leaves_after is None:
            await reader.read()
        else:
            await _silence(stage)
            await asyncio.sleep(leaves_after)
        writer.close()
        await asyncio.wait_for(over.wait(), 5)


async def starlette_reads_all(stage: Stage, open_stream: Open) -> None:
    """Starlette's `StreamingResponse`, and the client stays"""
    await _serve(stage, open_stream, StreamingResponse, leaves_after=None)


async def starlette_client_leaves(stage: Stage, open_stream: Open) -> None:
    """Starlette's `StreamingResponse`, and the client leaves"""
    await _serve(stage, open_stream, StreamingResponse, leaves_after=0)


async def starlette_client_gives_up(stage: Stage, open_stream: Open) -> None:
    """Starlette's `StreamingResponse`, and the client leaves after a silence longer than a stall"""
    await _serve(stage, open_stream, StreamingResponse, leaves_after=WAIT)


async def sse_client_leaves(stage: Stage, open_stream: Open) -> None:
    """sse-starlette's `EventSourceResponse`, and the client leaves"""
    await _serve(stage, open_stream, EventSourceResponse, leaves_after=0)


async def sse_client_gives_up(stage: Stage, open_stream: Open) -> None:
    """sse-starlette's `EventSourceResponse`, and the client leaves after a silence longer than a stall"""
    await _serve(stage, open_stream, EventSourceResponse, leaves_after=WAIT)


async def websocket_client_leaves(stage: Stage, open_stream: Open) -> None:
    """A handler of Starlette's `WebSocket` sends in one task and listens in another, and the client leaves"""
    over = asyncio.Event()

    async def send(websocket: WebSocket) -> None:
        try:
            async for item in await open_stream():
                stage.saw(item)
                await websocket.send_text("x")
        except asyncio.CancelledError as error:
            stage.left = f"left by {type(error).__name__}"
            raise

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        tasks = {asyncio.create_task(send(websocket)), asyncio.create_task(websocket.receive_text())}
        _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        over.set()

    async with _server(WebSocketRoute("/", endpoint)) as port:
        async with connect(f"ws://127.0.0.1:{port}"):
            await _silence(stage)
        await asyncio.wait_for(over.wait(), 5)


for _consume in (
    starlette_client_leaves,
    websocket_client_leaves,
    starlette_client_gives_up,
    sse_client_leaves,
    sse_client_gives_up,
):
    WAYS[_consume.__name__] = Way("stall", timeout=8.0, consume=_consume, brief=_consume.__doc__ or "")
WAYS["starlette_reads_all"] = Way("clean", consume=starlette_reads_all, brief=starlette_reads_all.__doc__ or "")
