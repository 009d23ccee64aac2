# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Each invocation of an agent has one `invoke_agent` span: Lastchunk's if it observes the stream, else AutoGen's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import BaseTextChatMessage, TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_ext.models.replay import ReplayChatCompletionClient

from tests.conftest import Exported, Instrument

Body = Callable[[Any], Any]


class Agent(BaseChatAgent):
    """An application's own: its turn is a coroutine."""

    produced_message_types = (TextMessage,)

    def __init__(self, name: str, body: Body | None = None) -> None:
        super().__init__(name, "d")
        self.body = body

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        pass

    async def on_messages(self, messages: Any, cancellation_token: CancellationToken) -> Response:
        if self.body is not None:
            await self.body(self)
        return Response(chat_message=TextMessage(content="done", source=self.name))


def _spans(exported: Exported) -> list[str]:
    """Return who made the `invoke_agent` spans."""
    return sorted(
        span.instrumentation_scope.name
        for span in exported.all
        if span.name.startswith("invoke_agent") and span.instrumentation_scope
    )


async def _drain(stream: AsyncGenerator[Any, Any]) -> list[Any]:
    return [item async for item in stream]


def _writer(name: str) -> AssistantAgent:
    return AssistantAgent(name, ReplayChatCompletionClient(["hello"]), model_client_stream=True)


async def _team(agent: Any) -> None:
    await _drain(RoundRobinGroupChat([agent], max_turns=1).run_stream(task="x"))


INNER: list[Any] = [
    pytest.param(_team, ["lastchunk"], id="a team"),
    pytest.param(lambda agent: _drain(agent.run_stream(task="x")), ["lastchunk"], id="run_stream"),
    pytest.param(lambda agent: agent.run(task="x"), ["autogen-core"], id="run"),
    pytest.param(lambda agent: _drain(agent.on_messages_stream([], CancellationToken())), ["lastchunk"], id="a turn"),
]
OUTER: list[Any] = [
    pytest.param(lambda agent: agent.run(task="x"), ["autogen-core"], id="in run"),
    pytest.param(lambda agent: _drain(agent.run_stream(task="x")), ["lastchunk"], id="in run_stream"),
    pytest.param(_team, ["lastchunk"], id="in a team"),
]


@pytest.mark.parametrize(("inner", "of_inner"), INNER)
@pytest.mark.parametrize(("outer", "of_outer"), OUTER)
@pytest.mark.parametrize("name", ["writer", "assistant"], ids=["another name", "the same name"])
async def test_an_agent_in_an_agent(
    exported: Exported, inner: Body, of_inner: list[str], outer: Body, of_outer: list[str], name: str
) -> None:
    """One span for each of the two, whatever they are called."""
    await outer(Agent("assistant", lambda _: inner(_writer(name))))
    assert _spans(exported) == sorted(of_inner + of_outer)


@pytest.mark.parametrize(("outer", "spans"), OUTER)
async def test_the_turn_that_an_own_run_is_made_of(exported: Exported, outer: Body, spans: list[str]) -> None:
    """It is a part of that, and no invocation of its own."""
    await outer(_writer("alice"))
    assert _spans(exported) == spans


async def test_an_agent_within_its_own_run(exported: Exported) -> None:
    """In a team that it asks itself, it is invoked anew."""
    asked = []

    async def once(agent: Agent) -> None:
        if not asked:
            asked.append(agent)
            await _team(agent)

    await Agent("alice", once).run(task="x")
    assert _spans(exported) == ["autogen-core", "lastchunk"]


async def _answer(agent: Any) -> AsyncGenerator[Any, None]:
    yield Response(chat_message=TextMessage(content="hi", source=agent.name))


class Mixin:
    """A turn of an application's own."""

    async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> AsyncGenerator[Any, None]:
        """The answer, and nothing before."""
        yield Response(chat_message=TextMessage(content="hi", source=self.name))  # type: ignore[attr-defined]


class Mixed(Mixin, Agent):
    """It comes before the agent's own."""


async def test_a_turn_from_a_mixin(exported: Exported) -> None:
    await _team(Mixed("alice"))
    assert _spans(exported) == ["lastchunk"]


async def test_a_turn_that_is_not_observed(exported: Exported) -> None:
    """The method was set on the object, so Lastchunk has no span for it, and AutoGen's is kept."""
    agent: Any = Agent("alice")
    agent.on_messages_stream = lambda *args: _answer(agent)
    await _team(agent)
    assert _spans(exported) == ["autogen-core"]


async def test_keep(instrument: Instrument) -> None:
    """With `keep`, both spans exist."""
    exported = instrument(autogen_spans="keep")
    await _team(_writer("alice"))
    assert _spans(exported) == ["autogen-core", "lastchunk"]


# --- items ------------------------------------------------------------------------------------------------------------

NAMES = ["Part", "Response", "TaskResult", "ToolCallRequestEvent", "UserInputRequestedEvent", "ToolCallExecutionEvent"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_message_of_any_name(exported: Exported, name: str) -> None:
    """A class is recognised by its identity: an application may use the name of one of AutoGen's classes."""
    kind: Any = type(name, (BaseTextChatMessage,), {"__module__": __name__})

    class Talker(Agent):
        async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> AsyncGenerator[Any, None]:
            yield kind(content="part", source=self.name)
            yield Response(chat_message=TextMessage(content="done", source=self.name))

    await _drain(Talker("alice").run_stream(task="x"))
    attributes = exported.one("invoke_agent").attributes or {}
    said = {key.rpartition(".")[2]: value for key, value in attributes.items()}
    assert (said["reason"], said["chunks"], said["last_event"]) == ("completed", 3, "message")
