# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""AG2's clients for Gemini and Mistral, with the providers' SDKs over a real socket."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import httpx
import httpx2
import pytest
from ag2 import Agent
from ag2.config import GeminiConfig, MistralConfig
from ag2.middleware.builtin.telemetry import TelemetryMiddleware

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported

ENDINGS = [
    ("clean", "completed"),
    ("silent_cut", "truncated"),
    ("length", "length"),
    ("rst", "connection_lost"),
    ("http_429", "rejected"),
]
_clients: list[Any] = []


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    """Close the clients while their loop still runs, because AG2 does not close them."""
    yield
    while _clients:
        await _clients.pop().aclose()
    gc.collect()
    await asyncio.sleep(0)


def _opened(client: Any) -> Any:
    _clients.append(client)
    return client


def _gemini(server: ModelServer, script: str, setenv: Callable[[str, str], None]) -> Any:
    setenv("GOOGLE_GEMINI_BASE_URL", server.url(script, dialect="gemini"))
    return GeminiConfig(model="m", api_key="none", streaming=True, http_client=_opened(httpx.AsyncClient()))


def _mistral(server: ModelServer, script: str, setenv: Callable[[str, str], None]) -> Any:
    url = server.url(script).removesuffix("/v1")
    return MistralConfig(
        model="m", api_key="none", server_url=url, streaming=True, async_client=_opened(httpx2.AsyncClient())
    )


@pytest.mark.parametrize("config", [_gemini, _mistral])
@pytest.mark.parametrize(("script", "reason"), ENDINGS)
async def test_a_turn(
    exported: Exported, server: ModelServer, monkeypatch: pytest.MonkeyPatch, config: Any, script: str, reason: str
) -> None:
    """The wire decides, and the turn has the ending of its chat."""
    agent = Agent(
        "guide",
        config=config(server, script, monkeypatch.setenv),
        middleware=[TelemetryMiddleware(agent_name="guide")],
    )
    with suppress(Exception):  # the SDK's own, of two SDKs; the reason says which kind
        await agent.ask("hello")
    (turn,) = (dict(span.attributes or {}) for span in exported.all if span.name == "invoke_agent guide")
    assert turn[semconv.TERMINATION_REASON] == exported.reason("chat") == reason
    assert exported.one("chat").attributes[semconv.EVIDENCE] == "wire"  # type: ignore[index]
