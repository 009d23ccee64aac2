# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where an application can take its stream from: each SDK in each of its ways, AutoGen's clients above, agents, teams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import anthropic
import ollama
import openai
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import ModelInfo
from autogen_ext.models.anthropic import AnthropicChatCompletionClient
from autogen_ext.models.azure import AzureAIChatCompletionClient
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.ollama import OllamaChatCompletionClient
from autogen_ext.models.openai import OpenAIChatCompletionClient
from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.core.credentials import AzureKeyCredential

from fuzz.wire.answers import SENTINEL, Dialect
from fuzz.wire.asking import Asker, Layer
from fuzz.wire.values import NAMES, TITLES, history

_INFO = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=True,
    family="unknown",
    structured_output=True,
    multiple_system_messages=True,
)


def openai_client(asker: Asker, kind: Any = openai.AsyncOpenAI) -> Any:
    """The SDK's client, of either kind."""
    return asker.made(kind(base_url=f"{asker.url}/v1", api_key="none", max_retries=0, timeout=asker.timeout))


def anthropic_client(asker: Asker, kind: Any = anthropic.AsyncAnthropic) -> Any:
    """The SDK's client, of either kind."""
    return asker.made(kind(base_url=asker.url, api_key="none", max_retries=0, timeout=asker.timeout))


def ollama_client(asker: Asker, kind: Any = ollama.AsyncClient) -> Any:
    """The SDK's client, of either kind."""
    return asker.made(kind(host=asker.url, timeout=asker.timeout))


def _azure_arguments(asker: Asker) -> dict[str, Any]:
    credential = AzureKeyCredential("none")
    return {"endpoint": asker.url, "credential": credential, "read_timeout": asker.timeout, "retry_total": 0}


async def parsed(raw: Any) -> Any:
    """The stream of a raw response."""
    response = (await raw).parse()
    return await response if hasattr(response, "__await__") else response


async def _managed(manager: AbstractAsyncContextManager[Any]) -> AsyncIterator[Any]:
    async with manager as stream:
        async for event in stream:
            yield event


async def _response_managed(manager: AbstractAsyncContextManager[Any]) -> AsyncIterator[Any]:
    async with manager as response:
        async for item in await response.parse():
            yield item


def input_of_responses(asker: Asker) -> dict[str, Any]:
    """What the Responses API is asked."""
    return {"model": asker.model(), "input": asker.random.choice((SENTINEL, [{"role": "user", "content": SENTINEL}]))}


_SDKS: dict[str, tuple[Dialect, Layer]] = {
    "openai": ("openai", lambda a: openai_client(a).chat.completions.create(**a.asked(), stream=True)),
    "openai, sync": (
        "openai",
        lambda a: openai_client(a, openai.OpenAI).chat.completions.create(**a.asked(), stream=True),
    ),
    "openai, raw": (
        "openai",
        lambda a: parsed(openai_client(a).chat.completions.with_raw_response.create(**a.asked(), stream=True)),
    ),
    "openai, streaming response": (
        "openai",
        lambda a: _response_managed(
            openai_client(a).chat.completions.with_streaming_response.create(**a.asked(), stream=True)
        ),
    ),
    "openai, helper": ("openai", lambda a: _managed(openai_client(a).chat.completions.stream(**a.asked()))),
    "responses": ("responses", lambda a: openai_client(a).responses.create(**input_of_responses(a), stream=True)),
    "responses, sync": (
        "responses",
        lambda a: openai_client(a, openai.OpenAI).responses.create(**input_of_responses(a), stream=True),
    ),
    "responses, helper": ("responses", lambda a: _managed(openai_client(a).responses.stream(**input_of_responses(a)))),
    "anthropic": ("anthropic", lambda a: anthropic_client(a).messages.create(**a.asked(), max_tokens=9, stream=True)),
    "anthropic, sync": (
        "anthropic",
        lambda a: anthropic_client(a, anthropic.Anthropic).messages.create(**a.asked(), max_tokens=9, stream=True),
    ),
    "anthropic, helper": (
        "anthropic",
        lambda a: _managed(anthropic_client(a).messages.stream(**a.asked(), max_tokens=9)),
    ),
    "ollama": ("ollama", lambda a: ollama_client(a).chat(**a.asked(), stream=True)),
    "ollama, sync": ("ollama", lambda a: ollama_client(a, ollama.Client).chat(**a.asked(), stream=True)),
    "azure": (
        "openai",
        lambda a: a.made(AsyncChatCompletionsClient(**_azure_arguments(a))).complete(**a.asked(), stream=True),
    ),
    "azure, sync": (
        "openai",
        lambda a: a.made(ChatCompletionsClient(**_azure_arguments(a))).complete(**a.asked(), stream=True),
    ),
}


def _client(asker: Asker, kind: str) -> Any:
    given: dict[str, Any] = {"model": asker.model(), "model_info": _INFO}
    httpx: dict[str, Any] = {"api_key": "none", "max_retries": 0, "timeout": asker.timeout}
    match kind:
        case "openai":
            return asker.made(OpenAIChatCompletionClient(base_url=f"{asker.url}/v1", **given, **httpx))
        case "anthropic":
            return asker.made(AnthropicChatCompletionClient(base_url=asker.url, **given, **httpx))
        case "azure":
            return asker.made(AzureAIChatCompletionClient(**given, **_azure_arguments(asker)))
        case _:
            return asker.made(OllamaChatCompletionClient(host=asker.url, timeout=asker.timeout, **given))


def _create_stream(kind: str) -> Layer:
    return lambda asker: _client(asker, kind).create_stream(history(asker.random))


def _cached(asker: Asker) -> Any:
    return ChatCompletionCache(_client(asker, "openai")).create_stream(history(asker.random))


def _agent(asker: Asker, kind: str, **options: Any) -> Any:
    random = asker.random
    if random.random() < 0.5:
        options |= {"tools": [_tool(asker)], "reflect_on_tool_use": random.random() < 0.5}
    given = {"model_client_stream": True, "description": random.choice(TITLES), **options}
    return AssistantAgent(random.choice(NAMES), _client(asker, kind), **given)


def _tool(asker: Asker) -> Any:
    fails = asker.random.random() < 0.3

    async def look(what: str = "") -> str:
        asker.log.append("the tool runs")
        if fails:
            raise LookupError(SENTINEL)
        return f"{SENTINEL} seen"

    look.__doc__ = "Look."
    return look


def _run(kind: str, **options: Any) -> Layer:
    return lambda asker: _agent(asker, kind, **options).run_stream(task=SENTINEL)


def _team(asker: Asker) -> Any:
    agents = [_agent(asker, "openai")]
    title = {"name": asker.random.choice(TITLES)} if asker.random.random() < 0.5 else {}
    team = RoundRobinGroupChat(agents, max_turns=asker.random.choice((1, 1, 2)), **title)
    return team.run_stream(task=SENTINEL)


_AUTOGEN: dict[str, tuple[Dialect, Layer]] = {
    "create_stream, openai": ("openai", _create_stream("openai")),
    "create_stream, anthropic": ("anthropic", _create_stream("anthropic")),
    "create_stream, ollama": ("ollama", _create_stream("ollama")),
    "create_stream, azure": ("openai", _create_stream("azure")),
    "create_stream, cached": ("openai", _cached),
    "agent, openai": ("openai", _run("openai")),
    "agent, anthropic": ("anthropic", _run("anthropic")),
    "agent, ollama": ("ollama", _run("ollama")),
    "agent, without streaming": ("completion", _run("openai", model_client_stream=False)),
    "team": ("openai", _team),
}

LAYERS = {**_SDKS, **_AUTOGEN}
