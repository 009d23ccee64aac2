# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What must hold with every version of AutoGen, of the openai SDK, of wrapt and of OpenTelemetry: `make compat`.

The same tests run in every environment. That Lastchunk had nothing to warn of, and OpenTelemetry neither, is checked
after each of them by the fixtures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_core.models import CreateResult, UserMessage
from openai import AsyncOpenAI, AsyncStream, Stream
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import get_current_span

from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported

STALL = {"timeout": 0.5}
ENDINGS = [
    ("clean", {"gap": 0.03}, "completed", None),
    ("silent_cut", {}, "truncated", "unknown"),
    ("rst", {}, "connection_lost", "connection_lost"),
    ("incomplete_chunked", {}, "connection_lost", "connection_lost"),
    ("stall", STALL, "timeout", "idle_timeout"),
    ("length", {}, "length", "context_limit"),
    ("content_filter", {}, "content_filter", "content_filter"),
    ("error_object", {}, "provider_error", "provider_error"),
    ("malformed_json", {}, "protocol_error", "provider_error"),
    ("http_429", {}, "rejected", "rate_limited"),
    ("http_400_context", {}, "rejected", "context_limit"),
]
CUTOFFS = {"truncated", "connection_lost", "timeout", "length", "content_filter", "provider_error", "protocol_error"}


def ended(span: ReadableSpan) -> tuple[Any, Any]:
    """Return reason and cause."""
    assert span.attributes is not None
    assert span.attributes["lastchunk.stream.cutoff"] is (
        span.attributes["lastchunk.stream.termination.reason"] in CUTOFFS
    )
    return (
        span.attributes["lastchunk.stream.termination.reason"],
        span.attributes.get("lastchunk.stream.termination.cause"),
    )


def parents(exported: Exported) -> dict[str, str | None]:
    """Of each of our spans, the name of its parent."""
    names = {span.context.span_id: span.name for span in exported.all}
    return {span.name: names.get(span.parent.span_id) if span.parent else None for span in exported.ours}


async def read(stream: Any) -> list[Any]:
    """The items; the exception, if there is one, is the last of them."""
    items: list[Any] = []
    try:
        async for item in stream:
            items.append(item)
    except Exception as error:
        items.append(error)
    return items


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop finish its pending work."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("not within five seconds")


@pytest.fixture(scope="module", autouse=True)
def _warm(server: ModelServer) -> None:
    """The SDK imports most of itself at its first call; in a new environment that takes seconds, which no test measures."""

    async def one() -> None:
        async with AsyncOpenAI(base_url=server.url("clean"), api_key="none") as client:
            await read(await client.chat.completions.create(model="m", messages=[], stream=True))

    asyncio.run(one())


@pytest.mark.parametrize(("script", "options", "reason", "cause"), ENDINGS, ids=[row[0] for row in ENDINGS])
class TestAnEnding:
    async def test_of_an_agents_run(
        self,
        script: str,
        options: dict[str, Any],
        reason: str,
        cause: str | None,
        model: Callable[..., Any],
        exported: Exported,
    ) -> None:
        agent = AssistantAgent("writer", model(script, **options), model_client_stream=True)
        items = await read(agent.run_stream(task="Go."))
        assert isinstance(items[-1], TaskResult | Exception)
        assert exported.names == ["chat test-model", "invoke_agent writer"]
        assert ended(exported.one("chat")) == ended(exported.one("invoke_agent")) == (reason, cause)
        assert parents(exported) == {"chat test-model": "invoke_agent writer", "invoke_agent writer": None}
        assert [span.name for span in exported.all if span.name.startswith("invoke_agent")] == ["invoke_agent writer"]

    async def test_of_a_bare_async_stream(
        self,
        script: str,
        options: dict[str, Any],
        reason: str,
        cause: str | None,
        sdk: Callable[..., Any],
        exported: Exported,
    ) -> None:
        try:
            stream = await sdk(script, **options).chat.completions.create(model="m", messages=[], stream=True)
        except Exception:
            assert reason == "rejected"
        else:
            assert isinstance(stream, AsyncStream)
            await read(stream)
        assert ended(exported.one("chat")) == (reason, cause)

    def test_of_a_bare_sync_stream(
        self,
        script: str,
        options: dict[str, Any],
        reason: str,
        cause: str | None,
        sync_sdk: Callable[..., Any],
        exported: Exported,
    ) -> None:
        try:
            stream = sync_sdk(script, **options).chat.completions.create(model="m", messages=[], stream=True)
            assert isinstance(stream, Stream)
            assert list(stream)
        except AssertionError:
            raise
        except Exception:
            assert reason not in ("completed", "truncated", "length", "content_filter")
        assert ended(exported.one("chat")) == (reason, cause)


async def test_a_team(model: Callable[..., Any], exported: Exported) -> None:
    agents = [AssistantAgent(name, model("clean"), model_client_stream=True) for name in ("writer", "critic")]
    items = await read(RoundRobinGroupChat(agents, max_turns=2).run_stream(task="Go."))
    assert isinstance(items[-1], TaskResult)
    assert items[-1].stop_reason
    (run,) = (span for span in exported.ours if span.attributes["gen_ai.operation.name"] == "invoke_workflow")
    assert sorted(span.name for span in exported.ours if span is not run) == [
        "chat test-model",
        "chat test-model",
        "invoke_agent critic",
        "invoke_agent writer",
    ]
    assert [ended(span) for span in exported.ours] == [("completed", None)] * 5
    assert sorted(span.name for span in exported.all if span.name.startswith("invoke_agent")) == [
        "invoke_agent critic",
        "invoke_agent writer",
    ]
    for span in exported.ours:
        if span.name.startswith("invoke_agent"):
            assert span.parent.span_id == run.context.span_id
    assert len({span.context.trace_id for span in exported.ours}) == 1


async def test_a_teams_runtime_tells_nothing_of_items_and_messages(
    model: Callable[..., Any], exported: Exported
) -> None:
    agents = [AssistantAgent(name, model("clean"), model_client_stream=True) for name in ("writer", "critic")]
    items = await read(RoundRobinGroupChat(agents, max_turns=2).run_stream(task="Go."))
    strangers = [span for span in exported.all if span not in exported.ours]
    assert len(items) > 20
    assert len(strangers) < len(items)
    assert not [span.name for span in strangers if "output_topic" in span.name or "message" in span.attributes]


async def test_a_team_whose_agent_raises(model: Callable[..., Any], exported: Exported) -> None:
    agent = AssistantAgent("writer", model("rst"), model_client_stream=True)
    items = await read(RoundRobinGroupChat([agent], max_turns=1).run_stream(task="Go."))
    assert isinstance(items[-1], Exception)
    assert {ended(span) for span in exported.ours} == {("connection_lost", "connection_lost")}
    assert len(exported.ours) == 3


async def test_an_agent_that_does_not_stream_is_one_invocation(model: Callable[..., Any], exported: Exported) -> None:
    agent = AssistantAgent("writer", model("length"))
    items = await read(agent.run_stream(task="Go."))
    assert isinstance(items[-1], TaskResult)
    assert exported.names == ["invoke_agent writer"]
    assert ended(exported.one()) == ("length", "context_limit")


async def test_run_is_one_invocation(model: Callable[..., Any], exported: Exported) -> None:
    agent = AssistantAgent("writer", model("clean"), model_client_stream=True)
    await agent.run(task="Go.")
    # AutoGen 0.6 made a span of its own for it; before, the stream within it is ours, and its loop has to close it.
    await until(lambda: any(span.name.startswith("invoke_agent") for span in exported.all))
    assert len([span for span in exported.all if span.name.startswith("invoke_agent")]) == 1
    assert ended(exported.one("chat")) == ("completed", None)


async def test_a_tool(model: Callable[..., Any], exported: Exported) -> None:
    def lookup(city: str, days: int) -> str:
        """Say what the weather will be."""
        return f"{days} days of sun in {city}"

    agent = AssistantAgent(
        "writer", model("tool_call"), tools=[lookup], reflect_on_tool_use=True, model_client_stream=True
    )
    items = await read(agent.run_stream(task="Go."))
    assert isinstance(items[-1], TaskResult)
    assert exported.names == ["chat test-model", "chat test-model", "invoke_agent writer"]
    assert {ended(span) for span in exported.ours} == {("completed", None)}


async def test_a_break(model: Callable[..., Any], exported: Exported) -> None:
    async def leave_early() -> None:
        agent = AssistantAgent("writer", model("clean", gap=0.05), model_client_stream=True)
        count = 0
        async for _ in agent.run_stream(task="Go."):
            count += 1
            if count == 3:
                assert not get_current_span().get_span_context().is_valid
                break

    await leave_early()
    await until(lambda: len(exported.ours) == 2)
    for span in exported.ours:
        assert span.attributes["lastchunk.stream.termination.reason"] == "abandoned"
        assert span.attributes["lastchunk.stream.termination.cause"] == "partial_consumption"
        assert span.attributes["lastchunk.stream.cutoff"] is True


async def test_a_cancellation_token(model: Callable[..., Any], exported: Exported) -> None:
    token = CancellationToken()
    agent = AssistantAgent("writer", model("stall"), model_client_stream=True)
    asyncio.get_running_loop().call_later(0.3, token.cancel)
    with pytest.raises(asyncio.CancelledError):
        await read(agent.run_stream(task="Go.", cancellation_token=token))
    assert {ended(span) for span in exported.ours} == {("cancelled", "cancelled_by_application")}
    assert len(exported.ours) == 2


async def test_the_application_gets_what_it_gets_without(
    server: ModelServer, model: Callable[..., Any], instrument: Callable[[], Exported]
) -> None:
    def task() -> list[UserMessage]:
        return [UserMessage(content="Go.", source="user")]

    before = await read(model("clean").create_stream(task()))
    exported = instrument()
    during = await read(model("clean").create_stream(task()))
    AutoGenStreamsInstrumentor().uninstrument()
    after = await read(model("clean").create_stream(task()))
    assert before == during == after
    assert isinstance(during[-1], CreateResult)
    assert exported.names == ["chat test-model"]
