# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The client of a WebSocket leaves in the middle of a stream, or somebody else ends it: who did decides the cause."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from autogen_agentchat.agents import UserProxyAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from fastapi import WebSocket
from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import Exported
from tests.integration import web_sockets
from tests.integration.endings import LEFT, SILENT, SLOW, all_ended, causes, outcome
from tests.integration.web_sockets import Run

CHUNK = "ModelClientStreamingChunkEvent"

Browser = Callable[[ClientConnection], Awaitable[None]]


async def sees_a_chunk(browser: ClientConnection) -> None:
    """Stay until the answer has begun."""
    while await browser.recv() != CHUNK:
        pass


async def drops_the_connection(browser: ClientConnection) -> None:
    """Leave without a close frame, as a browser does that crashes."""
    await sees_a_chunk(browser)
    browser.transport.abort()


leaving = pytest.mark.parametrize("leaves", [sees_a_chunk, drops_the_connection])


@leaving
@pytest.mark.parametrize(
    ("handler", "speech", "reason"),
    [
        ("sends", SLOW, "abandoned"),
        ("like_the_samples", SLOW, "abandoned"),
        ("listens", SILENT, "cancelled"),
        ("in_a_group", SILENT, "cancelled"),
        ("with_raw_messages", SILENT, "cancelled"),
        ("like_studio", SILENT, "cancelled"),
        ("like_studio_without_token", SLOW, "abandoned"),
    ],
)
async def test_the_client_leaves(
    handler: str,
    speech: dict[str, Any],
    reason: str,
    leaves: Browser,
    run: Callable[..., Run],
    exported: Exported,
) -> None:
    async with web_sockets.on_uvicorn(getattr(web_sockets, handler), run(**speech)) as (url, _):
        async with connect(url) as browser:
            await leaves(browser)
        assert await causes(exported) == {(reason, LEFT)}


@leaving
@pytest.mark.parametrize(
    ("handler", "speech", "reason"), [("sends_bare", SLOW, "abandoned"), ("listens_bare", SILENT, "cancelled")]
)
async def test_the_client_leaves_a_server_without_a_framework(
    handler: str,
    speech: dict[str, Any],
    reason: str,
    leaves: Browser,
    run: Callable[..., Run],
    exported: Exported,
) -> None:
    async with web_sockets.on_websockets(getattr(web_sockets, handler), run(**speech)) as (url, _):
        async with connect(url) as browser:
            await leaves(browser)
        assert await causes(exported) == {(reason, LEFT)}


async def test_the_client_leaves_a_team(run: Callable[..., Run], exported: Exported) -> None:
    async with web_sockets.on_uvicorn(web_sockets.like_studio, run(**SILENT, team=True)) as (url, _):
        async with connect(url) as browser:
            await sees_a_chunk(browser)
        assert await causes(exported) == {("cancelled", LEFT)}


async def test_the_client_leaves_when_it_is_asked_something(exported: Exported) -> None:
    """The user of a team answers over the WebSocket, as in AutoGen's samples for FastAPI."""

    async def handler(websocket: WebSocket, run: Run) -> None:
        async def ask(prompt: str, token: CancellationToken | None) -> str:
            await websocket.send_text("asks")
            return await websocket.receive_text()

        team = RoundRobinGroupChat([UserProxyAgent("person", input_func=ask)], max_turns=1)
        with suppress(RuntimeError):
            async for _ in team.run_stream(task="Go."):
                pass

    async with web_sockets.on_uvicorn(handler, lambda token: pytest.fail("not used")) as (url, _):
        async with connect(url) as browser:
            assert await browser.recv() == "asks"
        await all_ended()
    endings = {span.name: outcome(span) for span in exported.ours}
    assert endings == {"invoke_workflow RoundRobinGroupChat": ("error", LEFT), "invoke_agent person": ("error", LEFT)}


async def stops(browser: ClientConnection) -> None:
    """Press Stop, and wait for the answer."""
    await sees_a_chunk(browser)
    await browser.send("stop")
    while await browser.recv() != "stopped":
        pass


async def hears(browser: ClientConnection) -> None:
    """Stay until the server stops reading the stream."""
    while await browser.recv() != "enough":
        pass


async def is_left(browser: ClientConnection) -> None:
    """Stay until the server closes the connection."""
    async for _ in browser:
        pass


@pytest.mark.parametrize(
    ("handler", "speech", "browser", "ending"),
    [
        ("is_stopped", SILENT, stops, ("cancelled", "cancelled_by_application")),
        ("breaks_before", SLOW, hears, ("abandoned", "partial_consumption")),
        ("closes", SILENT, is_left, ("cancelled", "cancelled_by_application")),
        ("goes_on", {"script": "clean", "gap": 0.01}, sees_a_chunk, ("completed", None)),
    ],
)
async def test_the_application_ends_it(
    handler: str,
    speech: dict[str, Any],
    browser: Browser,
    ending: tuple[str, str | None],
    run: Callable[..., Run],
    exported: Exported,
) -> None:
    async with web_sockets.on_uvicorn(getattr(web_sockets, handler), run(**speech)) as (url, _):
        async with connect(url) as connection:
            await browser(connection)
        assert await causes(exported) == {ending}


async def test_the_application_ends_it_without_a_framework(run: Callable[..., Run], exported: Exported) -> None:
    async with web_sockets.on_websockets(web_sockets.closes_bare, run(**SILENT)) as (url, _), connect(url) as browser:
        await is_left(browser)
        assert await causes(exported) == {("cancelled", "cancelled_by_application")}


@pytest.mark.parametrize(("handler", "speech"), [("sends", SLOW), ("listens", SILENT)])
async def test_the_server_stops(
    handler: str, speech: dict[str, Any], run: Callable[..., Run], exported: Exported
) -> None:
    """uvicorn closes the connections; the handlers learn of it as if their clients had left."""
    async with (
        web_sockets.on_uvicorn(getattr(web_sockets, handler), run(**speech)) as (url, server),
        connect(url) as browser,
    ):
        await sees_a_chunk(browser)
        server.should_exit = True
        await server.shutdown()
        assert {cause for _, cause in await causes(exported)} <= {"cancelled_by_application", "partial_consumption"}
