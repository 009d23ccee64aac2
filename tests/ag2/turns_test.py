# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Turns of AG2 1.x over real sockets: AG2's own span has the ending of the stream that its answer came from."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ag2 import Agent
from ag2.config import OpenAIConfig, OpenAIResponsesConfig
from ag2.middleware.builtin.telemetry import TelemetryMiddleware
from openai import APIError, DefaultAsyncHttpxClient

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported, Instrument

ANSWERS = [
    ("clean", "completed"),
    ("silent_cut", "truncated"),
    ("length", "length"),
]
FAILURES = [("rst", "connection_lost"), ("http_429", "rejected")]


_clients: list[DefaultAsyncHttpxClient] = []


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    """Close the clients while their loop still runs, because AG2 does not close them."""
    yield
    while _clients:
        await _clients.pop().aclose()
    gc.collect()
    await asyncio.sleep(0)


def http() -> DefaultAsyncHttpxClient:
    """What a client of the SDK speaks HTTP with."""
    _clients.append(DefaultAsyncHttpxClient())
    return _clients[-1]


def agent(server: ModelServer, config: Any, script: str) -> Agent:
    """An agent that streams, with AG2's telemetry."""
    made = config(
        model="m", base_url=server.url(script), api_key="none", streaming=True, max_retries=0, http_client=http()
    )
    return Agent("guide", config=made, middleware=[TelemetryMiddleware(agent_name="guide")])


def turns(exported: Exported) -> list[dict[str, Any]]:
    """What AG2's spans of turns say."""
    spans = [span for span in exported.all if span.name == "invoke_agent guide"]
    assert all(span not in exported.ours for span in spans)
    return [dict(span.attributes or {}) for span in spans]


@pytest.mark.parametrize("config", [OpenAIConfig, OpenAIResponsesConfig])
@pytest.mark.parametrize(("script", "reason"), ANSWERS)
async def test_an_answer(exported: Exported, server: ModelServer, config: Any, script: str, reason: str) -> None:
    """AG2 returns what came, whole or not."""
    assert (await agent(server, config, script).ask("hello")).body
    (turn,) = turns(exported)
    assert turn[semconv.TERMINATION_REASON] == exported.reason("chat") == reason
    assert exported.one("chat").attributes[semconv.AGENT_NAME] == "guide"  # type: ignore[index]


@pytest.mark.parametrize("config", [OpenAIConfig, OpenAIResponsesConfig])
@pytest.mark.parametrize(("script", "reason"), FAILURES)
async def test_a_failure(exported: Exported, server: ModelServer, config: Any, script: str, reason: str) -> None:
    """The application gets the SDK's exception; the turn has it from the stream that raised it."""
    with pytest.raises(APIError):
        await agent(server, config, script).ask("hello")
    (turn,) = turns(exported)
    assert turn[semconv.TERMINATION_REASON] == exported.reason("chat") == reason
    assert turn[semconv.TERMINATION_INHERITED]


@pytest.mark.parametrize(
    ("script", "reason", "cause"), [("clean", "completed", None), ("length", "length", "context_limit")]
)
async def test_an_answer_in_one_piece(
    exported: Exported, server: ModelServer, script: str, reason: str, cause: str | None
) -> None:
    """AG2's clients do not stream unless they are told to: their finish reason is the turn's."""
    made = OpenAIConfig(model="m", base_url=server.url(script), api_key="none", http_client=http())
    await Agent("guide", config=made, middleware=[TelemetryMiddleware(agent_name="guide")]).ask("hello")
    (turn,) = turns(exported)
    assert (turn[semconv.TERMINATION_REASON], turn.get(semconv.TERMINATION_CAUSE)) == (reason, cause)
    assert turn[semconv.EVIDENCE] == "result"


async def test_a_failure_that_ag2_swallows(exported: Exported, server: ModelServer) -> None:
    """The Responses API says in mid-stream that it failed; AG2 returns half an answer."""
    assert (await agent(server, OpenAIResponsesConfig, "error_object").ask("hello")).body
    (turn,) = turns(exported)
    assert turn[semconv.TERMINATION_REASON] == exported.reason("chat") == "provider_error"


async def test_a_run_that_is_watched(exported: Exported, server: ModelServer) -> None:
    """`Agent.run` performs the same turn."""
    async with agent(server, OpenAIConfig, "silent_cut").run("hello") as run:
        await run.result()
    (turn,) = turns(exported)
    assert turn[semconv.TERMINATION_REASON] == "truncated"


async def test_without_their_telemetry(instrument: Instrument, server: ModelServer) -> None:
    """There is no span of the turn. Lastchunk makes the chat's span."""
    exported = instrument()
    made = OpenAIConfig(
        model="m", base_url=server.url("silent_cut"), api_key="none", streaming=True, http_client=http()
    )
    await Agent("guide", config=made).ask("hello")
    assert [span.name for span in exported.all] == ["chat m"]
    assert exported.reason() == "truncated"
