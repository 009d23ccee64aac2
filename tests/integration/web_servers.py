# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Handlers that pass an agent's stream on without a framework: under uvicorn, aiohttp's server, and a WSGI server."""

from __future__ import annotations

import asyncio
import logging
import socketserver
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import uvicorn
from aiohttp import web

from tests.integration.web_sockets import Run

Asgi = Callable[[Any, Any], Awaitable[None]]
"""A handler, given ASGI's `receive` and `send`, once the answer has begun."""


def _body(text: str, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text.encode() + b"\n", "more_body": more}


async def _sends(send: Any, run: Run) -> None:
    async for item in run(None):
        await send(_body(type(item).__name__))


async def is_cancelled(receive: Any, send: Any, run: Run) -> None:
    """As Quart and Django: one task answers, another listens; the first that ends has the other cancelled."""

    async def listens() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = {asyncio.create_task(_sends(send, run)), asyncio.create_task(listens())}
    _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def asks(receive: Any, send: Any, run: Run) -> None:
    """Asks before each item whether the client is there, as with Starlette's `Request.is_disconnected`."""
    async for item in run(None):
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                if (await receive())["type"] == "http.disconnect":
                    break
        await send(_body(type(item).__name__))


async def goes_on(receive: Any, send: Any, run: Run) -> None:
    """Never learns that the client has left."""
    await _sends(send, run)


async def has_enough(receive: Any, send: Any, run: Run) -> None:
    """Stops by itself, and tells the client, which is still there."""
    stream, count = run(None), 0
    async for item in stream:
        await send(_body(type(item).__name__))
        count += 1
        if count == 2:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    await send(_body("enough", more=False))


async def loses_patience(receive: Any, send: Any, run: Run) -> None:
    """A timeout of the application's own, while the client waits."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.4):
            await _sends(send, run)
    await send(_body("enough", more=False))


async def works_afterwards(receive: Any, send: Any, run: Run) -> None:
    """Reads a stream when its answer is complete, as a background task does; nobody is there to be sent anything."""
    await send(_body("enough", more=False))

    async def nowhere(message: dict[str, Any]) -> None: ...

    await has_enough(receive, nowhere, run)


@asynccontextmanager
async def on_uvicorn(
    handler: Callable[[Any, Any, Run], Awaitable[None]], run: Run, http: Any = "httptools"
) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    """The port of an application with that handler and no framework, and its server, which is stopped at the end."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await handler(receive, send, run)

    # A log record of an exception that pytest keeps would keep alive what was on the stack, our streams among it.
    config = uvicorn.Config(
        application, port=0, http=http, lifespan="off", log_level=logging.CRITICAL + 1, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1], server
    finally:
        server.should_exit = True
        await server.shutdown()


async def writes(request: web.Request, run: Run) -> web.StreamResponse:
    """Learns that the client has left when it cannot write; or aiohttp cancels it, if it is told to."""
    response = web.StreamResponse()
    await response.prepare(request)
    async for item in run(None):
        await response.write(type(item).__name__.encode() + b"\n")
    return response


async def writes_enough(request: web.Request, run: Run) -> web.StreamResponse:
    """Stops by itself, and tells the client, which is still there."""
    response = web.StreamResponse()
    await response.prepare(request)
    stream = run(None)
    async for item in stream:
        await response.write(type(item).__name__.encode() + b"\n")
        if type(item).__name__ == "ModelClientStreamingChunkEvent":
            break
    await stream.aclose()  # type: ignore[attr-defined]
    await response.write(b"enough\n")
    return response


async def listens(request: web.Request, run: Run) -> web.StreamResponse:
    """A WebSocket: sends in a task, and cancels it when the client says that it leaves."""
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)

    async def sends() -> None:
        async for item in run(None):
            await websocket.send_str(type(item).__name__)

    task = asyncio.create_task(sends())
    async for _ in websocket:
        pass
    task.cancel()
    await asyncio.wait({task})
    return websocket


@asynccontextmanager
async def on_aiohttp(
    handler: Callable[[web.Request, Run], Awaitable[web.StreamResponse]], run: Run, *, cancels: bool = False
) -> AsyncIterator[tuple[int, web.AppRunner]]:
    """The port of aiohttp's own server, and what runs it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request, run)

    application = web.Application()
    application.router.add_get("/", handle)
    runner = web.AppRunner(application, handler_cancellation=cancels, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1], runner
    finally:
        await runner.cleanup()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Threads(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is what this is about."""


@contextmanager
def on_wsgi(body: Callable[[], Iterable[bytes]]) -> Iterator[int]:
    """The port of the standard library's WSGI server, which answers with that body."""

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("content-type", "text/plain")])
        return body()

    with _Threads(("127.0.0.1", 0), _Quiet) as server:
        server.set_app(application)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
