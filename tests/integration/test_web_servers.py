# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The client of an HTTP request leaves in the middle of a stream: the server sees it, whatever framework is above it."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from openai import OpenAI
from websockets.asyncio.client import connect

from lastchunk.model_server.server import ModelServer
from lastchunk.streams import open_streams
from tests.conftest import Exported
from tests.integration import web_servers
from tests.integration.endings import LEFT, SILENT, SLOW, causes
from tests.integration.web_sockets import Run

CHUNK = b"ModelClientStreamingChunkEvent"

uvicorns = pytest.mark.parametrize("http", ["h11", "httptools"])


@asynccontextmanager
async def visiting(port: int) -> AsyncIterator[asyncio.StreamReader]:
    """A client that has asked for the stream, and leaves when its block ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    try:
        yield reader
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@uvicorns
@pytest.mark.parametrize(
    ("handler", "speech", "reason"), [("is_cancelled", SILENT, "cancelled"), ("asks", SLOW, "abandoned")]
)
async def test_the_client_leaves_uvicorn(
    http: str, handler: str, speech: dict[str, Any], reason: str, run: Callable[..., Run], exported: Exported
) -> None:
    async with web_servers.on_uvicorn(getattr(web_servers, handler), run(**speech), http) as (port, _):
        async with visiting(port) as client:
            await client.readuntil(CHUNK)
        assert await causes(exported) == {(reason, LEFT)}


@uvicorns
@pytest.mark.parametrize(
    ("handler", "speech", "leaves", "ending"),
    [
        ("goes_on", {"script": "clean", "gap": 0.01}, True, ("completed", None)),
        ("has_enough", SLOW, False, ("abandoned", "partial_consumption")),
        ("loses_patience", SILENT, False, ("cancelled", "cancelled_by_application")),
        ("works_afterwards", SLOW, False, ("abandoned", "partial_consumption")),
    ],
)
async def test_the_application_ends_it(
    http: str,
    handler: str,
    speech: dict[str, Any],
    leaves: bool,
    ending: tuple[str, str | None],
    run: Callable[..., Run],
    exported: Exported,
) -> None:
    async with web_servers.on_uvicorn(getattr(web_servers, handler), run(**speech), http) as (port, _):
        async with visiting(port) as client:
            await (client.readuntil(CHUNK) if leaves else client.read())
        assert ending in await causes(exported)
        assert LEFT not in {cause for _, cause in await causes(exported)}


async def test_uvicorn_stops(run: Callable[..., Run], exported: Exported) -> None:
    """It cancels its handlers, and nobody has left."""
    async with web_servers.on_uvicorn(web_servers.goes_on, run(**SILENT)) as (port, server):
        async with visiting(port) as client:
            await client.readuntil(CHUNK)
            server.should_exit = True
            await server.shutdown()
        assert LEFT not in {cause for _, cause in await causes(exported)}


@pytest.mark.parametrize(("cancels", "speech", "reason"), [(False, SLOW, "abandoned"), (True, SILENT, "cancelled")])
async def test_the_client_leaves_aiohttp(
    cancels: bool, speech: dict[str, Any], reason: str, run: Callable[..., Run], exported: Exported
) -> None:
    async with web_servers.on_aiohttp(web_servers.writes, run(**speech), cancels=cancels) as (port, _):
        async with visiting(port) as client:
            await client.readuntil(CHUNK)
        assert await causes(exported) == {(reason, LEFT)}


async def test_the_client_leaves_a_web_socket_of_aiohttp(run: Callable[..., Run], exported: Exported) -> None:
    async with web_servers.on_aiohttp(web_servers.listens, run(**SILENT)) as (port, _):
        async with connect(f"ws://127.0.0.1:{port}/") as browser:
            while await browser.recv() != CHUNK.decode():
                pass
        assert await causes(exported) == {("cancelled", LEFT)}


async def test_the_application_of_aiohttp_ends_it(run: Callable[..., Run], exported: Exported) -> None:
    async with web_servers.on_aiohttp(web_servers.writes_enough, run(**SLOW)) as (port, _):
        async with visiting(port) as client:
            await client.readuntil(b"enough")
            await client.read()
        assert {cause for _, cause in await causes(exported)} == {"partial_consumption"}


async def test_aiohttp_stops(run: Callable[..., Run], exported: Exported) -> None:
    """It cancels its handlers and closes the connections, and nobody has left."""
    async with web_servers.on_aiohttp(web_servers.writes, run(**SILENT), cancels=True) as (port, runner):
        async with visiting(port) as client:
            await client.readuntil(CHUNK)
            await runner.cleanup()
        assert {cause for _, cause in await causes(exported)} == {"cancelled_by_application"}


def test_a_wsgi_server_does_not_say_who_left(server: ModelServer, exported: Exported) -> None:
    """A limit: it closes the generator, as an application does that has enough."""
    with OpenAI(base_url=server.url("clean", gap=0.02), api_key="none", max_retries=0) as client:

        def body() -> Iterator[bytes]:
            stream = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Go."}], stream=True
            )
            for chunk in stream:
                yield b"%d" % len(chunk.choices) * 500_000

        with web_servers.on_wsgi(body) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as visitor:
            visitor.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert visitor.recv(100)
            visitor.close()
            while not exported.ours:
                gc.collect()
                open_streams.drain()
    (span,) = exported.ours
    assert span.attributes is not None
    assert span.attributes["lastchunk.stream.termination.cause"] == "partial_consumption"
