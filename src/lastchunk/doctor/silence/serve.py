# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor serve`: a small OpenAI-compatible server that is silent in mid-stream for as long as a request asks.

It is put behind the proxy or load balancer that is under suspicion. It is the tour's model server, with one script for every
path: the proxy may change the path as it likes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from lastchunk.doctor.silence.request import asked_in
from lastchunk.model_server.actions import JSON, Head, Raw, Refused, Script, Sleep, Speech, Usage
from lastchunk.model_server.dialects import DIALECTS
from lastchunk.model_server.exchange import Exchange, ModelConnection, Part
from lastchunk.model_server.scripts import DONE, END, HALF, HEAD, REST, STOP

Say = Callable[[str], None]

SILENT = Script((HEAD, HALF, Sleep(), REST, STOP, Usage(), DONE, END))
_ALIVE = Script((Head(content_type=JSON), Raw(b'{"object":"list","data":[]}'), END))
_NOT_HERE = Script((Head(404, JSON), Refused("invalid_request_error"), END))
_CHAT = DIALECTS["openai"].endpoint
_OTHERS = {"alive": "a health check", "elsewhere": "a request for another path than /v1/chat/completions: answered 404"}
_LARGEST = 2**20
"""Bytes of a request's head and of its body."""


def route(target: str, body: Mapping[str, object]) -> Part:
    """The one script for chat completions; a page that answers for the health checks of load balancers; else 404."""
    path = target.partition("?")[0].rstrip("/")
    if path.endswith(_CHAT) and body:
        messages = body.get("messages")
        last = messages[-1] if isinstance(messages, list) and messages else None
        wait = asked_in(last) if isinstance(last, dict) else 0.0
        return Part("silence", SILENT, Speech(wait=wait))
    if path.endswith(("/models", "/health", "/healthz")) or not path:
        return Part("alive", _ALIVE, Speech())
    return Part(
        "elsewhere", _NOT_HERE, replace(Speech(), error="`lastchunk doctor serve` answers /v1/chat/completions")
    )


class _Connection(ModelConnection):
    """Says what became of each request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, say: Say) -> None:
        self._served: list[Exchange] = []
        self._say = say
        super().__init__(reader, writer, route, self._served)

    async def _serve_one(self, first: bytes) -> bool:
        began = time.monotonic()
        try:
            return await super()._serve_one(first)
        finally:
            if self._served:
                self._say(_told(self._served.pop(), time.monotonic() - began))


def _told(exchange: Exchange, seconds: float) -> str:
    if exchange.script != "silence":
        return _OTHERS[exchange.script]
    asked = asked_in(exchange.messages[-1]) if exchange.messages else 0.0
    if exchange.client_left_at is not None:
        return f"asked to be silent for {asked:g} s: the other side closed the connection after {seconds:.1f} s"
    return f"asked to be silent for {asked:g} s: it was, and the answer went out to its end"


async def serve(host: str, port: int, say: Say, *, listening: Callable[[int], None]) -> None:
    """Serve until cancelled. `listening` is told the port, once there is one. Raises OSError if it cannot be had."""
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(_serve(_Connection(reader, writer, say)))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, host, port, limit=_LARGEST)
    listening(int(server.sockets[0].getsockname()[1]))
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _serve(connection: _Connection) -> None:
    # What is no request of a chat client ends its own connection, and nothing else.
    with contextlib.suppress(Exception):
        await connection.serve()
