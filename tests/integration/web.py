# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A web application that passes an agent's stream on to a browser, under a real uvicorn; and a browser that may leave."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Any, Self

import anyio
import uvicorn
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken, SingleThreadedAgentRuntime
from autogen_ext.models.openai import OpenAIChatCompletionClient
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse as FastApiEventSourceResponse
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lastchunk.model_server.server import ModelServer
from tests.conftest import MODEL_INFO

Events = Callable[[Any], AsyncIterator[str]]
"""What the application does with a stream: reads it, or leaves it, and says so to the browser."""


async def passes_on(stream: Any) -> AsyncIterator[str]:
    """Every item goes to the browser."""
    async for item in stream:
        yield type(item).__name__


async def large(stream: Any) -> AsyncIterator[str]:
    """Items too large for the buffers of a client that does not read."""
    async for item in stream:
        yield type(item).__name__ * 400_000


async def within_a_timeout(stream: Any) -> AsyncIterator[str]:
    """asyncio's timeout, in the web server's own task."""
    try:
        async with asyncio.timeout(0.4):
            async for item in stream:
                yield type(item).__name__
    except TimeoutError:
        yield "timeout"


async def within_a_deadline(stream: Any) -> AsyncIterator[str]:
    """anyio's deadline."""
    with anyio.move_on_after(0.4):
        async for item in stream:
            yield type(item).__name__
    yield "deadline"


async def within_a_scope(stream: Any) -> AsyncIterator[str]:
    """A scope of anyio that the application cancels itself, from the same task."""
    with anyio.CancelScope() as scope:
        asyncio.get_running_loop().call_later(0.4, scope.cancel)
        async for item in stream:
            yield type(item).__name__
    yield "cancelled"


async def within_a_scope_of_its_own_task(stream: Any) -> AsyncIterator[str]:
    """A scope that is cancelled between two items, by the task that reads them."""
    with anyio.CancelScope() as scope:
        async for item in stream:
            yield type(item).__name__
            if type(item).__name__ == "ModelClientStreamingChunkEvent":
                scope.cancel()
    yield "cancelled"


async def within_a_group(stream: Any) -> AsyncIterator[str]:
    """A task group of anyio that is cancelled by another task of it: a watchdog."""

    async def watchdog() -> None:
        await asyncio.sleep(0.4)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(watchdog)
        async for item in stream:
            yield type(item).__name__
    yield "cancelled"


async def with_a_token(stream: Any) -> AsyncIterator[str]:
    """Whoever cancelled AutoGen's token, the stream says so with a CancelledError, which no framework expects."""
    try:
        async for item in stream:
            yield type(item).__name__
    except asyncio.CancelledError:
        yield "cancelled"


async def in_a_task(stream: Any) -> AsyncIterator[str]:
    """The stream is read by a task of the application's own, which a Stop button cancels."""

    async def read() -> None:
        async for _ in stream:
            pass

    task = asyncio.create_task(read())
    await asyncio.sleep(0.4)
    task.cancel()
    await asyncio.wait({task})
    yield "stopped"


class WebApplication:
    """`/{framework}/{way}`: the agent's stream, passed on in that way by that framework's response."""

    def __init__(self, model: ModelServer, loop: str = "asyncio") -> None:
        self._model = model
        self._run: Callable[[], Any] = lambda: None
        self._closing: list[tuple[asyncio.AbstractEventLoop, Callable[[], Coroutine[Any, Any, None]]]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listening.getsockname()
        # A log record of an exception that pytest keeps would keep alive what was on the stack, our streams among it.
        config = uvicorn.Config(
            self._application(), loop=loop, log_level=logging.CRITICAL + 1, lifespan="off", timeout_graceful_shutdown=5
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],), name="uvicorn")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    def streams(self, script: str, *, team: bool = False, token_after: float = 0.0, **speech: Any) -> None:
        """What the next requests stream."""
        url = self._model.url(script, **speech)

        def run() -> Any:
            client = OpenAIChatCompletionClient(
                model="test-model", base_url=url, api_key="none", model_info=MODEL_INFO, max_retries=0, timeout=20
            )
            loop = asyncio.get_running_loop()
            self._closing.append((loop, client.close))
            agent = AssistantAgent("writer", client, model_client_stream=True)
            token = CancellationToken()
            if token_after:
                loop.call_later(token_after, token.cancel)
            if not team:
                return agent.run_stream(task="Go.", cancellation_token=token)
            runtime = SingleThreadedAgentRuntime()
            runtime.start()
            self._closing.append((loop, runtime.stop_when_idle))
            return RoundRobinGroupChat([agent], max_turns=1, runtime=runtime).run_stream(task="Go.")

        self._run = run

    def closes(self) -> None:
        """Stop the runtimes, in which a team goes on when its stream was cancelled, and close the clients."""
        while self._closing:
            loop, close = self._closing.pop()
            asyncio.run_coroutine_threadsafe(close(), loop).result(10)

    def _application(self) -> Any:
        ways: dict[str, Events] = {
            way.__name__: way
            for way in (
                passes_on,
                large,
                within_a_timeout,
                within_a_deadline,
                within_a_scope,
                within_a_scope_of_its_own_task,
                within_a_group,
                with_a_token,
                in_a_task,
            )
        }

        async def starlette(request: Request) -> Response:
            return StreamingResponse(ways[request.path_params["way"]](self._run()), media_type="text/event-stream")

        async def sse_starlette(request: Request) -> Response:
            return EventSourceResponse(ways[request.path_params["way"]](self._run()))

        fastapi = FastAPI()

        @fastapi.get("/streaming/{way}")
        async def streaming(way: str) -> StreamingResponse:
            return StreamingResponse(ways[way](self._run()))

        @fastapi.get("/events/{way}", response_class=FastApiEventSourceResponse)
        async def events(way: str) -> AsyncIterator[str]:
            async for event in ways[way](self._run()):
                yield event

        application = Starlette(
            routes=[Route("/starlette/{way}", starlette), Route("/sse-starlette/{way}", sse_starlette)]
        )
        application.mount("/fastapi", fastapi)

        async def middleware(request: Request, call_next: RequestResponseEndpoint) -> Response:
            return await call_next(request)

        application.mount("/behind", BaseHTTPMiddleware(Starlette(routes=application.routes), middleware))
        return application

    def browser(self, path: str) -> Browser:
        """A browser that has asked for a path."""
        return Browser(self.address, path)


class Browser:
    """Reads as much as it is told to, and leaves when its block ends."""

    def __init__(self, address: tuple[str, int], path: str) -> None:
        self._socket = socket.create_connection(address, timeout=20)
        self._socket.sendall(f"GET /{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def sees(self, text: str) -> None:
        """Read until this text has come."""
        while text.encode() not in self._received:
            data = self._socket.recv(65536)
            assert data, f"the page ended without {text}: {self._received[-200:]!r}"
            self._received += data

    def reads_all(self) -> str:
        """Read to the end."""
        while data := self._socket.recv(65536):
            self._received += data
        return self._received.decode()
