# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Handlers of WebSockets that pass an agent's stream on, under a real uvicorn or the server of `websockets`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from autogen_core import CancellationToken
from fastapi import FastAPI, WebSocket
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.server import ServerConnection, serve

Run = Callable[[CancellationToken | None], AsyncIterator[Any]]
"""Begins the stream that a handler passes on."""
Handler = Callable[[WebSocket, Run], Awaitable[None]]


async def sends(websocket: WebSocket, run: Run) -> None:
    """Learns that the client has left when a message cannot be sent."""
    async for item in run(None):
        await websocket.send_text(type(item).__name__)


async def listens(websocket: WebSocket, run: Run) -> None:
    """Sends in one task and listens in another: when one ends, so does the other."""
    tasks = {asyncio.create_task(sends(websocket, run)), asyncio.create_task(websocket.receive_text())}
    _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def in_a_group(websocket: WebSocket, run: Run) -> None:
    """The task that listens raises, and takes the one that sends with it."""
    with suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(sends(websocket, run))
            group.create_task(websocket.receive_text())


async def with_raw_messages(websocket: WebSocket, run: Run) -> None:
    """Looks at the messages itself, so that nothing is raised."""
    task = asyncio.create_task(sends(websocket, run))
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    task.cancel()
    await asyncio.wait({task})


class Manager:
    """As AutoGen Studio's: runs are tasks, with a token each, and a look before each item whether the client is there."""

    def __init__(self) -> None:
        self._connections: dict[str, WebSocket] = {}
        self._closed: set[str] = set()
        self._tokens: dict[str, CancellationToken] = {}

    async def handle(self, websocket: WebSocket, run: Run) -> None:
        """Listen, and run what is asked for."""
        self._connections["1"] = websocket
        task = asyncio.create_task(self._start("1", run))
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            self._disconnect("1")
            await asyncio.wait({task})

    async def _start(self, name: str, run: Run) -> None:
        token = self._tokens[name] = CancellationToken()
        with suppress(asyncio.CancelledError):
            async for item in run(token):
                if token.is_cancelled() or name in self._closed:
                    break
                await self._send(name, type(item).__name__)

    async def _send(self, name: str, text: str) -> None:
        if name in self._closed:
            return
        try:
            await self._connections[name].send_text(text)
        except WebSocketDisconnect:
            self._disconnect(name)

    def _disconnect(self, name: str) -> None:
        self._closed.add(name)
        self._tokens[name].cancel()


class LooksOnly(Manager):
    """The same without tokens: it only looks whether the client is still there."""

    def _disconnect(self, name: str) -> None:
        self._closed.add(name)


async def like_studio(websocket: WebSocket, run: Run) -> None:
    """A manager that cancels a token when the client has left."""
    await Manager().handle(websocket, run)


async def like_studio_without_token(websocket: WebSocket, run: Run) -> None:
    """A manager that breaks out of its loop when the client has left."""
    await LooksOnly().handle(websocket, run)


async def like_the_samples(websocket: WebSocket, run: Run) -> None:
    """As AutoGen's samples for FastAPI: it tries to tell the client of whatever goes wrong."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            stream = run(None)
            try:
                async for item in stream:
                    await websocket.send_text(type(item).__name__)
            except Exception as error:
                await websocket.send_text(str(error))
            await websocket.receive_text()


async def breaks_before(websocket: WebSocket, run: Run) -> None:
    """Has enough after two items, keeps the stream, and waits for the client's next message."""
    stream, count = run(None), 0
    async for _ in stream:
        count += 1
        if count == 2:
            break
    await websocket.send_text("enough")
    with suppress(WebSocketDisconnect):
        await websocket.receive_text()
    del stream


async def closes(websocket: WebSocket, run: Run) -> None:
    """Closes the connection itself in the middle of the stream; whoever listens hears the client's answer to that."""
    task, listener = asyncio.create_task(sends(websocket, run)), asyncio.create_task(websocket.receive())
    await asyncio.sleep(0.2)
    await websocket.close()
    assert (await listener)["type"] == "websocket.disconnect"
    task.cancel()
    await asyncio.wait({task})


async def is_stopped(websocket: WebSocket, run: Run) -> None:
    """The client asks to stop, and stays until that is done."""
    task = asyncio.create_task(sends(websocket, run))
    await websocket.receive_text()
    task.cancel()
    await asyncio.wait({task})
    await websocket.send_text("stopped")


async def goes_on(websocket: WebSocket, run: Run) -> None:
    """Reads to the end, whether the client is there or not."""
    async for item in run(None):
        with suppress(WebSocketDisconnect, RuntimeError):
            await websocket.send_text(type(item).__name__)


@asynccontextmanager
async def on_uvicorn(handler: Handler, run: Run) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    """The address of a FastAPI application with that handler, and its server, which is stopped at the end."""
    application = FastAPI()

    @application.websocket("/")
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        await handler(websocket, run)

    # A log record of an exception that pytest keeps would keep alive what was on the stack, our streams among it.
    config = uvicorn.Config(
        application, port=0, lifespan="off", log_level=logging.CRITICAL + 1, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server
    finally:
        server.should_exit = True
        await server.shutdown()


@asynccontextmanager
async def on_websockets(
    handler: Callable[[ServerConnection, Run], Awaitable[None]], run: Run
) -> AsyncIterator[tuple[str, Any]]:
    """The same without a framework."""

    async def endpoint(connection: ServerConnection) -> None:
        await handler(connection, run)

    async with serve(endpoint, "127.0.0.1", 0, logger=logging.Logger("silent", logging.CRITICAL + 1)) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", server


async def sends_bare(connection: ServerConnection, run: Run) -> None:
    """As `sends`."""
    async for item in run(None):
        await connection.send(type(item).__name__)


async def listens_bare(connection: ServerConnection, run: Run) -> None:
    """As `listens`, with the loop over messages that `websockets` recommends."""
    task = asyncio.create_task(sends_bare(connection, run))
    try:
        async for _ in connection:
            pass
    finally:
        task.cancel()
        await asyncio.wait({task})


async def closes_bare(connection: ServerConnection, run: Run) -> None:
    """As `closes`."""
    task = asyncio.create_task(sends_bare(connection, run))
    await asyncio.sleep(0.2)
    await connection.close()
    task.cancel()
    await asyncio.wait({task})
