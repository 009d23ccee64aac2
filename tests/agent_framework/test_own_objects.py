# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Of an application's own agents, clients, messages and answers nothing is asked that Agent Framework does not ask itself."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterator
from typing import Any, ClassVar

import pytest
from agent_framework import (
    Agent,
    BaseChatClient,
    ChatResponse,
    ChatResponseUpdate,
    Content,
    Executor,
    Message,
    WorkflowBuilder,
    WorkflowContext,
    handler,
)
from agent_framework.observability import ChatTelemetryLayer, disable_instrumentation, enable_instrumentation
from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
from openai import AsyncOpenAI

from lastchunk import semconv
from tests.agent_framework.conftest import drain, streams
from tests.conftest import Instrument
from tests.spied import Perform, Spies, differs

Sdk = Callable[..., AsyncOpenAI]


def _chat(sdk: Sdk, kind: Any = OpenAIChatClient) -> Perform:
    async def perform(spies: Spies) -> None:
        client = spies.of(kind)(model="m", async_client=sdk("clean"))
        message = spies.of(Message)("user", [spies.of(Content)("text", text="hi"), "there"])
        assert await drain(client.get_response([message], stream=True))
        await client.get_response([message])

    return perform


def _agent(sdk: Sdk) -> Perform:
    async def perform(spies: Spies) -> None:
        client = spies.of(OpenAIChatCompletionClient)(model="m", async_client=sdk("clean"))
        agent = spies.of(Agent)(client=client, name="guide", description="A guide.")
        assert await drain(agent.run([spies.of(Message)("user", ["hi"])], stream=True))

    return perform


class Says(ChatTelemetryLayer, BaseChatClient):  # type: ignore[type-arg, misc]
    """An application's own client, whose answers are of its own classes, too."""

    spies: Spies

    def _inner_get_response(self, *, stream: bool, **options: Any) -> Any:
        async def updates() -> AsyncIterable[ChatResponseUpdate]:
            for content in (
                self.spies.of(Content)("text", text="hi"),
                self.spies.of(Content)("function_call", call_id="c", name="look", arguments="{}"),
            ):
                yield self.spies.of(ChatResponseUpdate)(contents=[content], role="assistant", finish_reason="stop")

        async def whole() -> ChatResponse:
            return self.spies.of(ChatResponse)(messages=[Message("assistant", ["hi"])], finish_reason="stop")

        return self._build_response_stream(updates()) if stream else whole()


def _own_client(sdk: Sdk) -> Perform:
    async def perform(spies: Spies) -> None:
        client = spies.of(Says)()
        client.spies = spies
        assert len(await drain(client.get_response([Message("user", ["hi"])], stream=True))) == 2
        await client.get_response([Message("user", ["hi"])])

    return perform


def _workflow(sdk: Sdk) -> Perform:
    """Its executor hands out what Lastchunk does not know."""

    async def perform(spies: Spies) -> None:
        class Thing:
            text = "hi"

        class Hands(Executor):
            @handler
            async def hand(self, message: str, context: WorkflowContext[Any, Any]) -> None:
                await context.yield_output(spies.of(Thing)())

        agent = spies.of(Agent)(client=OpenAIChatClient(model="m", async_client=sdk("clean")), name="guide")
        assert await drain(WorkflowBuilder(start_executor=agent).build().run("hi", stream=True))
        assert await drain(WorkflowBuilder(start_executor=Hands(id="h")).build().run("hi", stream=True))

    return perform


CALLS = {"chat": _chat, "agent": _agent, "a client of its own": _own_client, "workflow": _workflow}


@pytest.fixture(name="telemetry", params=["on", "off"])
def _telemetry(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether Agent Framework makes spans."""
    if request.param == "off":
        disable_instrumentation()
    yield request.param == "on"
    enable_instrumentation(force=True)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_nothing_is_asked_once_more(instrument: Instrument, sdk: Sdk, call: Any, telemetry: bool) -> None:
    """Every attribute is read as often as without Lastchunk."""
    assert await differs(call(sdk), instrument) == {}


class Named(Agent):
    """An agent that says who it is when it is asked."""

    asked: ClassVar[list[str]] = []

    @property
    def name(self) -> str:
        self.asked.append("name")
        return "another"

    @name.setter
    def name(self, value: str) -> None: ...


async def test_a_property_says_what_their_span_says(instrument: Instrument, sdk: Sdk) -> None:
    """Agent Framework asks for it; and we take it from there."""
    agent = Named(client=OpenAIChatClient(model="m", async_client=sdk("clean")))
    Named.asked = []
    assert await drain(agent.run("hi", stream=True))
    bare, Named.asked = Named.asked, []
    exported = instrument()
    assert await drain(agent.run("hi", stream=True))
    assert Named.asked == bare
    assert (streams(exported)[0].attributes or {})[semconv.AGENT_NAME] == "another"
