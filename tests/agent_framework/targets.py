# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What `--target` names in tests: a user's own, against the model server that the environment names."""

from __future__ import annotations

import os
import warnings
from typing import Any

from agent_framework import Agent, RunContext, Workflow, WorkflowBuilder, workflow
from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
from openai import AsyncOpenAI

URL = "APPLICATION_MODEL_URL"
ran: list[str] = []
"""The cities that the tool was asked about."""


def sdk() -> AsyncOpenAI:
    """Return the SDK's client."""
    return AsyncOpenAI(base_url=os.environ[URL], api_key="none", max_retries=0, timeout=2.0)


def client() -> OpenAIChatClient:
    """Return a chat client of the Responses API."""
    return OpenAIChatClient(model="m", async_client=sdk())


def completions() -> OpenAIChatCompletionClient:
    """Return a chat client of Chat Completions."""
    return OpenAIChatCompletionClient(model="m", async_client=sdk())


def lookup(city: str, days: int) -> str:
    """Record that the tool was run."""
    ran.append(city)
    return "sunny"


def agent(chat: Any = None) -> Agent:
    """Return an agent with a tool and a system message."""
    return Agent(client=chat or client(), name="guide", instructions="Be brief.", tools=[lookup])


def agent_of_completions() -> Agent:
    """Return the same agent with a client of Chat Completions."""
    return agent(completions())


async def newsroom() -> Workflow:
    """A writer, then an editor."""
    writer, editor = Agent(client=client(), name="writer"), Agent(client=client(), name="editor")
    return WorkflowBuilder(start_executor=writer).add_edge(writer, editor).build()


class Faulty(Agent):
    """An agent whose own code raises."""

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return super().run(*args, **kwargs).map(lambda update: {}["nothing"], lambda updates: updates)


def faulty() -> Faulty:
    """Return an agent whose own code raises."""
    return Faulty(client=client(), name="faulty")


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # they say that they are experimental

    @workflow
    async def steps(message: str, context: RunContext) -> str:
        """A workflow that is a function."""
        async with sdk() as below:
            guide = Agent(client=OpenAIChatClient(model="m", async_client=below), name="guide")
            return (await guide.run(message)).text
