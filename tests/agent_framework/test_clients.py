# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Each chat client of Agent Framework that can be installed, with its provider's real SDK over a real socket."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import boto3
import httpx
import ollama
import pytest
from agent_framework import Message
from agent_framework.anthropic import AnthropicClient
from agent_framework.exceptions import ChatClientException
from agent_framework.foundry import FoundryChatClient
from agent_framework.ollama import OllamaChatClient
from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
from agent_framework_bedrock import BedrockChatClient
from agent_framework_gemini import GeminiChatClient
from agent_framework_mistral import MistralChatClient
from anthropic import AsyncAnthropic
from google.genai import Client as GoogleClient
from google.genai.types import HttpOptions
from mistralai.client import Mistral
from openai import AsyncAzureOpenAI, AsyncOpenAI

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.agent_framework.conftest import endings, streams
from tests.conftest import Exported
from tests.converse import CONVERSATIONS, converse

ASK = [Message("user", ["hello"])]
FAST: Any = {"api_key": "none", "max_retries": 0, "timeout": 0.5}


_open: list[Any] = []


def _opened(client: Any) -> Any:
    _open.append(client)
    return client


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    """Every client of an SDK, on its own loop."""
    yield
    while _open:
        client = _open.pop()
        client = client._client if isinstance(client, ollama.AsyncClient) else client
        await (client.aclose() if isinstance(client, httpx.AsyncClient) else client.close())
    gc.collect()
    await asyncio.sleep(0)


class Project:
    """An Azure AI Foundry project, as far as its chat client asks one."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get_openai_client(self, **options: Any) -> AsyncOpenAI:
        return _opened(AsyncOpenAI(base_url=self._url, **FAST))


def _azure(url: str) -> AsyncAzureOpenAI:
    return _opened(AsyncAzureOpenAI(base_url=url, api_version="2025-03-01-preview", **FAST))


def _google(url: str) -> GoogleClient:
    http = _opened(httpx.AsyncClient())
    return GoogleClient(api_key="none", http_options=HttpOptions(base_url=url, httpx_async_client=http))


def _mistral(url: str) -> Mistral:
    http = _opened(httpx.AsyncClient())
    return Mistral(api_key="none", server_url=url.removesuffix("/v1"), async_client=http)


CLIENTS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "openai": (
        "openai",
        lambda url: OpenAIChatClient(model="m", async_client=_opened(AsyncOpenAI(base_url=url, **FAST))),
    ),
    "azure.ai.openai": ("openai", lambda url: OpenAIChatClient(model="m", async_client=_azure(url))),
    "azure.ai.openai, completions": (
        "openai",
        lambda url: OpenAIChatCompletionClient(model="m", async_client=_azure(url)),
    ),
    "azure.ai.foundry": ("openai", lambda url: FoundryChatClient(model="m", project_client=cast("Any", Project(url)))),
    "anthropic": (
        "anthropic",
        lambda url: AnthropicClient(model="m", anthropic_client=_opened(AsyncAnthropic(base_url=url, **FAST))),
    ),
    "ollama": ("ollama", lambda url: OllamaChatClient(model="m", client=_opened(ollama.AsyncClient(host=url)))),
    "gcp.gemini": ("gemini", lambda url: GeminiChatClient(model="m", client=_google(url))),
    "mistralai": ("openai", lambda url: MistralChatClient(model="m", client=_mistral(url))),
}
ENDINGS = [
    ("clean", "completed"),
    ("silent_cut", "truncated/unknown"),
    ("length", "length/context_limit"),
    ("rst", "connection_lost/connection_lost"),
    ("http_429", "rejected/rate_limited"),
]


async def read(client: Any) -> None:
    """Read one answer, whatever its client raises; a client that hangs fails the test."""
    async with asyncio.timeout(5):
        with suppress(ChatClientException, httpx.HTTPError, ollama.ResponseError):
            async for _ in client.get_response(ASK, stream=True):
                pass


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize(("script", "ending"), ENDINGS)
async def test_through_a_patched_sdk(
    exported: Exported, server: ModelServer, name: str, script: str, ending: str
) -> None:
    """The wire decides; one chat span, which is Agent Framework's."""
    dialect, make = CLIENTS[name]
    await read(make(server.url(script, dialect=cast("Any", dialect))))
    assert endings(exported) == [f"chat {ending}"]
    (chat,) = streams(exported)
    assert chat.attributes[semconv.PROVIDER_NAME] == name.partition(",")[0]  # type: ignore[index]
    assert chat.attributes[semconv.EVIDENCE] == "wire"  # type: ignore[index]
    assert exported.ours == []


# --- Bedrock, whose SDK is not patched --------------------------------------------------------------------------------


@contextmanager
def bedrock(*frames: bytes) -> Iterator[Any]:
    """A chat client of a server that sends these frames, and closes."""

    with converse(*frames) as address:
        runtime = boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=address,
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        try:
            yield BedrockChatClient(model="m", region="us-east-1", client=runtime)
        finally:
            runtime.close()


@pytest.mark.parametrize(("frames", "ending"), CONVERSATIONS.values(), ids=CONVERSATIONS)
async def test_through_an_sdk_that_is_not_patched(exported: Exported, frames: tuple[bytes, ...], ending: str) -> None:
    """Agent Framework's own finish reason decides, and the evidence says so."""
    with bedrock(*frames) as client:
        await read(client)
    assert endings(exported) == [f"chat {ending}"]
    assert streams(exported)[0].attributes[semconv.EVIDENCE] == "result"  # type: ignore[index]
