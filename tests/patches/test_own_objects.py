# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Of an application's own clients, agents, teams, tools and messages nothing is asked that the call itself does not ask."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic import AsyncAnthropic
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import CreateResult, RequestUsage, SystemMessage, UserMessage
from autogen_core.tools import FunctionTool
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient
from azure.ai.inference.aio import ChatCompletionsClient
from azure.core.credentials import AzureKeyCredential
from ollama import AsyncClient
from openai import AsyncOpenAI

from lastchunk.model_server.server import ModelServer
from tests.conftest import MODEL_INFO, Instrument
from tests.spied import Perform, Spies, differs

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}


async def _read(stream: Any) -> None:
    assert [item async for item in stream]


def look(what: str) -> str:
    """Look."""
    return what


def _model(spies: Spies, server: ModelServer, script: str = "clean") -> Any:
    kind = spies.of(OpenAIChatCompletionClient)
    return kind(model="m", base_url=server.url(script), api_key="none", model_info=MODEL_INFO, max_retries=0)


def _agent(spies: Spies, server: ModelServer, script: str = "clean") -> Any:
    tools = [spies.of(FunctionTool)(look, "Look.", name="lookup")]
    kind = spies.of(AssistantAgent)
    return kind("guide", _model(spies, server, script), tools=tools, model_client_stream=True)


def _openai(server: ModelServer) -> Perform:
    async def perform(spies: Spies) -> None:
        async with spies.of(AsyncOpenAI)(base_url=server.url("clean"), api_key="none", max_retries=0) as client:
            await _read(await client.chat.completions.create(**ASKED))
            await _read(await client.responses.create(model="m", input="hi", stream=True))

    return perform


def _anthropic(server: ModelServer) -> Perform:
    async def perform(spies: Spies) -> None:
        url = server.url("clean", dialect="anthropic")
        async with spies.of(AsyncAnthropic)(base_url=url, api_key="none", max_retries=0) as client:
            await _read(await client.messages.create(**ASKED, max_tokens=9))

    return perform


def _ollama(server: ModelServer) -> Perform:
    async def perform(spies: Spies) -> None:
        client = spies.of(AsyncClient)(host=server.url("clean", dialect="ollama"))
        await _read(await client.chat(**ASKED))
        await client._client.aclose()

    return perform


def _azure(server: ModelServer) -> Perform:
    async def perform(spies: Spies) -> None:
        kind = spies.of(ChatCompletionsClient)
        client = kind(server.url("clean"), AzureKeyCredential("none"), model="m")
        # It stops at the end marker. Who lets it go before the body has ended hears of an unclosed connection.
        async with client, await client.complete(messages=ASKED["messages"], stream=True) as stream:
            await _read(stream)

    return perform


def _create_stream(server: ModelServer) -> Perform:
    async def perform(spies: Spies) -> None:
        client = _model(spies, server)
        messages = [SystemMessage(content="Be brief."), UserMessage(content=["hi", "there"], source="user")]
        await _read(client.create_stream(messages, tools=[spies.of(FunctionTool)(look, "Look.", name="lookup")]))
        await client.close()

    return perform


def _replay(server: ModelServer) -> Perform:
    """An application's own client, whose answer is one of its own, too."""

    async def perform(spies: Spies) -> None:
        usage = spies.of(RequestUsage)(prompt_tokens=1, completion_tokens=1)
        result = spies.of(CreateResult)(finish_reason="stop", content="hi", usage=usage, cached=False)
        await _read(spies.of(ReplayChatCompletionClient)([result]).create_stream([]))
        await spies.of(ReplayChatCompletionClient)([result]).create([])

    return perform


def _run(server: ModelServer) -> Perform:
    async def perform(spies: Spies) -> None:
        agent = _agent(spies, server)
        await _read(agent.run_stream(task=[spies.of(TextMessage)(content="hi", source="user")]))
        await agent._model_client.close()

    return perform


def _tool(server: ModelServer) -> Perform:
    async def perform(spies: Spies) -> None:
        agent = _agent(spies, server, "tool_call")
        await _read(agent.run_stream(task="hi"))
        await agent._model_client.close()

    return perform


def _team(server: ModelServer) -> Perform:
    async def perform(spies: Spies) -> None:
        agent = _agent(spies, server)
        team = spies.of(RoundRobinGroupChat)([agent], termination_condition=MaxMessageTermination(3))
        last: Any = [item async for item in team.run_stream(task="hi")][-1]
        assert isinstance(last, TaskResult)
        await agent._model_client.close()

    return perform


CALLS = {
    "openai": _openai,
    "anthropic": _anthropic,
    "ollama": _ollama,
    "azure": _azure,
    "create_stream": _create_stream,
    "a client of its own": _replay,
    "agent": _run,
    "agent with a tool": _tool,
    "team": _team,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_nothing_is_asked_once_more(instrument: Instrument, server: ModelServer, call: Any) -> None:
    """Every attribute is read as often as without Lastchunk."""
    assert await differs(call(server), instrument) == {}
