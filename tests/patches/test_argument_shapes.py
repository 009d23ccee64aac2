# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A hundred and twenty pairs of shapes of messages and contents, through each SDK: requests are what they are without us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from anthropic import Anthropic
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import TextMessage
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from azure.ai.inference.aio import ChatCompletionsClient
from azure.core.credentials import AzureKeyCredential
from ollama import AsyncClient
from openai import AsyncOpenAI

from lastchunk.model_server.server import ModelServer
from tests.argument_shapes import Ask, OnceOnly, differs
from tests.conftest import MODEL_INFO, Instrument

PARTS: list[Any] = [{"type": "text", "text": "Is this"}, {"type": "text", "text": "größe?"}]
INPUTS: list[Any] = [{"type": "input_text", "text": "Is this"}, {"type": "input_text", "text": "größe?"}]


async def _read(stream: Any) -> None:
    async for _ in stream:
        pass


class Callers:
    """An application for each SDK; its clients are closed at the end."""

    def __init__(self, server: ModelServer, stack: AsyncExitStack) -> None:
        self.server, self.stack = server, stack

    async def openai(self) -> Ask:
        """Chat Completions."""
        client = await self.stack.enter_async_context(
            AsyncOpenAI(base_url=self.server.url("finish_only"), api_key="none", max_retries=0)
        )

        async def ask(model: Any, messages: Any) -> None:
            await _read(await client.chat.completions.create(model=model, messages=messages, stream=True))

        return ask

    async def responses(self) -> Ask:
        """The Responses API."""
        client = await self.stack.enter_async_context(
            AsyncOpenAI(base_url=self.server.url("finish_only"), api_key="none", max_retries=0)
        )

        async def ask(model: Any, messages: Any) -> None:
            await _read(await client.responses.create(model=model, input=messages, stream=True))

        return ask

    async def anthropic(self) -> Ask:
        """Messages, through the helper, which calls `create`; sync."""
        url = self.server.url("finish_only", dialect="anthropic")
        client = self.stack.enter_context(Anthropic(base_url=url, api_key="none", max_retries=0))

        async def ask(model: Any, messages: Any) -> None:
            with client.messages.stream(model=model, messages=messages, max_tokens=9) as stream:
                list(stream)

        return ask

    async def ollama(self) -> Ask:
        """Chat."""
        client: Any = AsyncClient(host=self.server.url("finish_only", dialect="ollama"))
        self.stack.push_async_callback(client._client.aclose)

        async def ask(model: Any, messages: Any) -> None:
            await _read(await client.chat(model, messages, stream=True))

        return ask

    async def azure(self) -> Ask:
        """Azure AI Inference."""
        client: Any = ChatCompletionsClient(self.server.url("finish_only"), AzureKeyCredential("none"))
        await self.stack.enter_async_context(client)

        async def ask(model: Any, messages: Any) -> None:
            # It stops at the end marker. Who lets it go before the body has ended hears of an unclosed connection.
            async with await client.complete(model=model, messages=messages, stream=True) as stream:
                await _read(stream)

        return ask

    def _model(self) -> OpenAIChatCompletionClient:
        url = self.server.url("clean")
        client = OpenAIChatCompletionClient(
            model="m", base_url=url, api_key="none", model_info=MODEL_INFO, max_retries=0
        )
        self.stack.push_async_callback(client.close)
        return client

    async def create_stream(self) -> Ask:
        """AutoGen's client, with messages that pydantic did not look into."""
        client = self._model()

        async def ask(model: Any, messages: Any) -> None:
            await _read(client.create_stream(_of_autogen(messages, UserMessage)))

        return ask

    async def agent(self) -> Ask:
        """AutoGen's agent."""
        client = self._model()

        async def ask(model: Any, messages: Any) -> None:
            agent = AssistantAgent("guide", client, model_client_stream=True)
            await _read(agent.run_stream(task=_of_autogen(messages, TextMessage)))

        return ask


def _of_autogen(messages: Any, kind: Any) -> Any:
    """The same, with AutoGen's own message in place of each dictionary in a list or a tuple."""
    if type(messages) not in (list, tuple, OnceOnly):
        return messages
    return type(messages)(kind.model_construct(content=m["content"], source="user") for m in messages)


@pytest.fixture(name="callers")
async def _callers(server: ModelServer) -> AsyncIterator[Callers]:
    async with AsyncExitStack() as stack:
        yield Callers(server, stack)


SDKS = ["openai", "responses", "anthropic", "ollama", "azure", "create_stream", "agent"]


@pytest.mark.parametrize("sdk", SDKS)
async def test_every_pair_of_shapes(instrument: Instrument, server: ModelServer, callers: Callers, sdk: str) -> None:
    """Body, exception, what the arguments were asked, and what is left of them."""
    ask = await getattr(callers, sdk)()
    assert await differs(ask, server, instrument, "content", INPUTS if sdk == "responses" else PARTS) == {}
