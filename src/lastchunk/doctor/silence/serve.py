# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor serve`: a small OpenAI-compatible server that pauses in mid-stream for as long as a request asks.

Put it behind the proxy or load balancer that you suspect. It is the tour's model server with the same script for every path,
so the proxy may change the path.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
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
_LARGEST_HEAD = 2**16
_LARGEST_BODY = 2**20
"""Bytes of a request."""
PATIENCE = 20.0
"""Seconds allowed for a request's head, and for its body …"""
IDLE = 75.0
"""… and for a connection without one."""
_DISCARDED = 0.5
"""Seconds to read on after a refusal: closing a connection with unread bytes would lose the refusal."""


def route(target: str, body: Mapping[str, object]) -> Part:
    """The script for chat completions, an answer for the health checks of load balancers, else 404."""
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
    """Prints how each request ended."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, say: Say) -> None:
        self._served: list[Exchange] = []
        self._say = say
        super().__init__(reader, writer, route, self._served)

    async def _serve_one(self, first: bytes) -> bool:
        began = time.monotonic()
        try:
            return await super()._serve_one(first)
        except _Refusal as refusal:
            await self._refuse(refusal)
            return False
        finally:
            if self._served:
                self._say(_told(self._served.pop(), time.monotonic() - began))

    async def _begins(self) -> bytes:
        try:
            async with asyncio.timeout(IDLE):
                return await super()._begins()
        except TimeoutError:
            return b""

    async def _head_of_request(self, first: bytes) -> tuple[str, dict[str, str]]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await super()._head_of_request(first)
        except TimeoutError:
            raise _Refusal(408, f"the head was not complete within {PATIENCE:g} s") from None
        except asyncio.LimitOverrunError:
            raise _Refusal(431, f"the head is larger than {_LARGEST_HEAD} bytes") from None
        except IndexError:
            raise _Refusal(400, "this is not HTTP") from None

    async def _body_of_request(self, headers: Mapping[str, str]) -> bytes:
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers:
            raise _Refusal(411, "the body has no Content-Length")
        if not (length.isascii() and length.isdecimal()):
            raise _Refusal(400, "Content-Length is not a number")
        if len(length) > len(str(_LARGEST_BODY)) or int(length) > _LARGEST_BODY:
            raise _Refusal(413, f"the body is larger than {_LARGEST_BODY} bytes")
        try:
            async with asyncio.timeout(PATIENCE):
                body = await super()._body_of_request(headers)
        except TimeoutError:
            raise _Refusal(408, f"the body was not complete within {PATIENCE:g} s") from None
        if body and not _is_object(body):
            raise _Refusal(400, "the body is not a JSON object")
        return body

    async def _refuse(self, refusal: _Refusal) -> None:
        """Refuse the request, and read on for a moment without keeping anything."""
        self._say(f"a request was refused with {refusal.status}: {refusal}")
        text = f"{refusal}\n".encode()
        lines = (
            f"HTTP/1.1 {refusal.status} .",
            "content-type: text/plain",
            f"content-length: {len(text)}",
            "connection: close",
            "",
            "",
        )
        self._writer.write("\r\n".join(lines).encode() + text)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DISCARDED):
                await self._writer.drain()
                while await self._reader.read(_LARGEST_HEAD):
                    pass


class _Refusal(Exception):
    """A request that is not served, with the HTTP status that says so."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _told(exchange: Exchange, seconds: float) -> str:
    if exchange.script != "silence":
        return _OTHERS[exchange.script]
    asked = asked_in(exchange.messages[-1]) if exchange.messages else 0.0
    if exchange.client_left_at is not None:
        return f"asked to be silent for {asked:g} s: the other side closed the connection after {seconds:.1f} s"
    return f"asked to be silent for {asked:g} s: was silent, and sent the whole answer"


async def serve(host: str, port: int, say: Say, *, listening: Callable[[int], None]) -> None:
    """Serve until cancelled. `listening` is called with the port. Raises OSError if the address cannot be used."""
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(_serve(_Connection(reader, writer, say)))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, host, port, limit=_LARGEST_HEAD)
    listening(int(server.sockets[0].getsockname()[1]))
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _serve(connection: _Connection) -> None:
    # A request that breaks the protocol ends its own connection, and nothing else.
    with contextlib.suppress(Exception):
        await connection.serve()
