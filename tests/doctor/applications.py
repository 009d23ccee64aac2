# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What `--target` names in tests: a user's own client, agent and team, against the model server that the environment names."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import Response
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import CreateResult, LLMMessage, RequestUsage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient

from tests.conftest import MODEL_INFO

URL = "APPLICATION_MODEL_URL"
SILENT_URL = "SILENT_MODEL_URL"
KEY = "sk-of-the-application-0123456789"
ran: list[str] = []
"""The cities that the tool was asked about."""


def client(**settings: Any) -> OpenAIChatCompletionClient:
    """A model client that prints, as applications do."""
    sys.stdout.write("a client is made\n")
    return OpenAIChatCompletionClient(
        model="test-model",
        api_key=KEY,
        model_info=MODEL_INFO,
        max_retries=0,
        **{"base_url": os.environ[URL], "timeout": 20.0, **settings},
    )


def impatient() -> OpenAIChatCompletionClient:
    """Return a client that waits for half a second."""
    return client(timeout=0.5)


def mismatched() -> OpenAIChatCompletionClient:
    """Return a client that asks the SDK for something that this version of it does not have."""
    made = client()
    made._create_args["no_such_option"] = 1
    return made


async def lookup(city: str, days: int) -> str:
    """A tool that leaves a trace, and fails."""
    ran.append(city)
    raise RuntimeError(f"the weather service refused {KEY}")


def agent() -> AssistantAgent:
    """An agent with a tool, whose answer is the tool's."""
    return AssistantAgent("writer", client(), tools=[lookup], model_client_stream=True)


def unstreamed() -> AssistantAgent:
    """Return an agent without streaming, as AutoGen makes them by default."""
    return AssistantAgent("writer", client())


async def team() -> RoundRobinGroupChat:
    """Two agents, one after the other."""
    critic = AssistantAgent("critic", client(), model_client_stream=True)
    writer = AssistantAgent("writer", client(), model_client_stream=True)
    return RoundRobinGroupChat([writer, critic], termination_condition=MaxMessageTermination(3))


def hanging_team() -> RoundRobinGroupChat:
    """A team whose second agent's model is silent for ever."""
    writer = AssistantAgent("writer", client(), model_client_stream=True)
    silent = client(base_url=os.environ[SILENT_URL], timeout=300.0)
    critic = AssistantAgent("critic", silent, model_client_stream=True)
    return RoundRobinGroupChat([writer, critic], termination_condition=MaxMessageTermination(3))


class Faulty(AssistantAgent):
    """An agent whose own code breaks behind the model's answer."""

    async def on_messages_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async for item in super().on_messages_stream(*args, **kwargs):
            if isinstance(item, Response):
                raise KeyError("answer")
            yield item


def faulty() -> Faulty:
    """Return an agent whose own code breaks."""
    return Faulty("critic", client(), model_client_stream=True)


def faulty_team() -> RoundRobinGroupChat:
    """A team whose first agent is sound, and whose second is not."""
    writer = AssistantAgent("writer", client(), model_client_stream=True)
    return RoundRobinGroupChat([writer, faulty()], termination_condition=MaxMessageTermination(3))


def replay() -> ReplayChatCompletionClient:
    """A client without an SDK below it."""
    return ReplayChatCompletionClient(["a word or two"] * 20)


class Own(ReplayChatCompletionClient):
    """An application's own client, whose stream breaks."""

    def create_stream(self, messages: Sequence[LLMMessage], **kwargs: Any) -> AsyncGenerator[str | CreateResult, None]:
        async def broken() -> AsyncGenerator[str | CreateResult, None]:
            yield "half"
            raise ConnectionResetError("gone")

        return broken()


def own() -> Own:
    """Return a client that answers in one piece, and breaks when it streams."""
    return Own([CreateResult(content="whole", finish_reason="stop", usage=RequestUsage(1, 1), cached=False)] * 20)


def failing() -> Mapping[str, str]:
    """A factory that raises, with a key in its message."""
    raise RuntimeError(f"no access with {KEY}")


number = 3


def reflecting() -> AssistantAgent:
    """An agent whose answer comes after its tool's."""
    return AssistantAgent("writer", client(), tools=[lookup], reflect_on_tool_use=True, model_client_stream=True)


def reflecting_unstreamed() -> AssistantAgent:
    """Return the same agent without streaming, as AutoGen makes them by default."""
    return AssistantAgent("writer", client(), tools=[lookup], reflect_on_tool_use=True)
