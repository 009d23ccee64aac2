# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One connection of the model server: requests in, the steps of a script out, byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import cast

from lastchunk.model_server.actions import (
    JSON,
    SSE,
    Close,
    Comments,
    End,
    Head,
    Raw,
    Reset,
    Script,
    Sleep,
    Speech,
    Stall,
    Step,
)
from lastchunk.model_server.dialects import Reply, answers_tool, dialect_of, offered_tool

_SHORT_OF = 100_000
"""The content length that a body framed `short` promises."""
_SETTLE = 0.05
"""Seconds before a FIN or RST, so that what was sent before it is read before it."""
_ids = count(1)


@dataclass(eq=False)
class Exchange:
    """One request, and whether its client saw the script to its end."""

    script: str
    body: Mapping[str, object]
    client_left_at: float | None = None
    """`time.monotonic()` when the client closed the connection before the script was through."""
    over: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when the script is through or the client has left."""

    @property
    def stream(self) -> bool:
        """Whether the request asked for a stream."""
        return self.body.get("stream") is True

    @property
    def messages(self) -> list[Mapping[str, object]]:
        """The conversation that the request carries."""
        return cast("list[Mapping[str, object]]", self.body.get("messages") or [])


@dataclass(frozen=True, slots=True)
class Part:
    """What is played to one request."""

    name: str
    """The script's."""
    script: Script
    speech: Speech


Route = Callable[[str, Mapping[str, object]], Part]
"""Of a request's target and body."""


_NOT_HERE = Script((Head(404, JSON), Close()))
"""For a path that names no script: somebody looks who listens here."""


def by_path(scripts: Mapping[str, Script]) -> Route:
    """The first part of the path picks the script, and its parameters the speech."""

    def route(target: str, body: Mapping[str, object]) -> Part:
        name, _, parameters = target.lstrip("/").partition("/")[0].partition(";")
        if name not in scripts:
            return Part("elsewhere", _NOT_HERE, Speech())
        return Part(name, scripts[name], Speech.from_path(parameters))

    return route


class ModelConnection:
    """Serves the requests of one connection, one after another, as long as their scripts leave it open."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        route: Route,
        exchanges: list[Exchange],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._route, self._exchanges = route, exchanges
        self._framing = "chunked"
        self._content_type = SSE
        self._next = asyncio.ensure_future(reader.read(1))
        writer.transport.set_write_buffer_limits(0)

    async def serve(self) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                while first := await self._begins():
                    if not await self._serve_one(first):
                        break
            finally:
                self._next.cancel()
                self._writer.close()

    async def _serve_one(self, first: bytes) -> bool:
        """Serve the request that begins with this byte; False when its script has ended the connection."""
        target, headers = await self._head_of_request(first)
        body = await self._body_of_request(headers)
        self._next = asyncio.ensure_future(self._reader.read(1))

        asked = json.loads(body) if body else {"stream": target.endswith("stream=true")}
        document = dialect_of(target).document(target, cast("Mapping[str, object]", asked))
        part = self._route(target, document)
        script, speech = part.script, part.speech
        exchange = Exchange(part.name, document)
        self._exchanges.append(exchange)
        dialect = dialect_of(target)
        last_message = dialect.last_message(exchange.body)
        if script.echo:
            speech = replace(speech, text=str(last_message.get("content")))
        offered = offered_tool(exchange.body)
        if script.with_tools is not None and offered:
            speech = replace(speech, tool=offered)
        steps = script.for_request(
            stream=exchange.stream, tool_answered=answers_tool(last_message), tools_offered=bool(offered)
        )
        reply = dialect.reply(f"chatcmpl-{next(_ids)}", str(exchange.body.get("model")), speech)
        self._content_type = dialect.content_type
        try:
            for step in steps:
                await self._perform(step, reply)
        except ConnectionError:
            exchange.client_left_at = time.monotonic()
            return False
        finally:
            exchange.over.set()
        return steps[-1] == End() and self._framing == "chunked"

    async def _begins(self) -> bytes:
        """The first byte of the next request; empty if none will come."""
        return await self._next

    async def _head_of_request(self, first: bytes) -> tuple[str, dict[str, str]]:
        """The target and the headers, in lower case, of the request that begins with this byte."""
        request = (first + await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in request[1:])}
        return request[0].split(" ")[1], headers

    async def _body_of_request(self, headers: Mapping[str, str]) -> bytes:
        return await self._reader.readexactly(int(headers.get("content-length", 0)))

    async def _perform(self, step: Step, reply: Reply) -> None:
        match step:
            case Head():
                await self._head(step)
            case Raw(data):
                await self._body(data)
            case Sleep():
                await self._silence(reply.speech.wait)
            case Comments(every):
                while True:
                    await self._body(b": keep-alive\n\n")
                    await self._silence(every)
            case Stall():
                await self._silence(None)
            case End():
                await self._send(b"0\r\n\r\n" if self._framing == "chunked" else b"")
            case Close() | Reset():
                await self._silence(_SETTLE)
                self._hang_up(reset=isinstance(step, Reset))
            case _:
                for piece in reply.render(step):
                    await self._body(piece)
                    await self._silence(reply.speech.gap)

    async def _head(self, head: Head) -> None:
        self._framing = head.framing
        framing = {
            "chunked": "transfer-encoding: chunked",
            "close": "connection: close",
            "short": f"content-length: {_SHORT_OF}",
        }[head.framing]
        content_type = self._content_type if head.content_type == SSE else head.content_type
        lines = (f"HTTP/1.1 {head.status} .", f"content-type: {content_type}", framing, "", "")
        await self._send("\r\n".join(lines).encode())

    async def _body(self, data: bytes) -> None:
        await self._send(b"%x\r\n%b\r\n" % (len(data), data) if self._framing == "chunked" else data)

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def _silence(self, seconds: float | None) -> None:
        """Wait, but no longer than the client does."""
        await asyncio.wait({self._next}, timeout=seconds)
        if self._next.done() and not self._next.result():
            raise ConnectionAbortedError("the client has left")

    def _hang_up(self, *, reset: bool) -> None:
        connection = cast("socket.socket", self._writer.get_extra_info("socket"))
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
