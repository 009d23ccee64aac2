# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Turns of AG2's agents, above each SDK that it has a client for: no streams for the application, but there is one below each."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import httpx2
from ag2 import Agent
from ag2.config import GeminiConfig, MistralConfig, OpenAIConfig, OpenAIResponsesConfig
from ag2.middleware.builtin.telemetry import TelemetryMiddleware
from openai import DefaultAsyncHttpxClient

from fuzz.wire.answers import SENTINEL
from fuzz.wire.asking import Asker, Layer, Layers
from fuzz.wire.values import NAMES


def _openai(asker: Asker, kind: Any = OpenAIConfig) -> Any:
    http = asker.made(DefaultAsyncHttpxClient(timeout=asker.timeout))
    given = {"base_url": f"{asker.url}/v1", "api_key": "none", "max_retries": 0, "timeout": asker.timeout}
    return kind(model=asker.model(), streaming=True, http_client=http, **given)


def _responses(asker: Asker) -> Any:
    return _openai(asker, OpenAIResponsesConfig)


def _gemini(asker: Asker) -> Any:
    os.environ["GOOGLE_GEMINI_BASE_URL"] = asker.url
    http = asker.made(httpx.AsyncClient(timeout=asker.timeout))
    return GeminiConfig(model=asker.model(), api_key="none", streaming=True, http_client=http)


def _mistral(asker: Asker) -> Any:
    http = asker.made(httpx2.AsyncClient(timeout=asker.timeout))
    return MistralConfig(model=asker.model(), api_key="none", server_url=asker.url, streaming=True, async_client=http)


def _turn(config: Callable[[Asker], Any]) -> Layer:
    """A stream of one item, the answer."""

    def layer(asker: Asker) -> AsyncIterator[Any]:
        name = asker.random.choice(NAMES)
        watched = [TelemetryMiddleware(agent_name=name)] if asker.random.random() < 0.7 else []
        agent = Agent(name, config=config(asker), middleware=watched)

        async def answers() -> AsyncIterator[Any]:
            yield (await agent.ask(SENTINEL)).body

        return answers()

    return layer


LAYERS: Layers = {
    "ag2, openai": ("openai", _turn(_openai)),
    "ag2, responses": ("responses", _turn(_responses)),
    "ag2, gemini": ("gemini", _turn(_gemini)),
    "ag2, mistral": ("openai", _turn(_mistral)),
}
