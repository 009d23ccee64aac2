# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams of Agent Framework: whose spans, whose metrics, and that the application has what it has without us."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import pytest
from agent_framework import (
    Agent,
    Executor,
    Message,
    ResponseStream,
    WorkflowBuilder,
    WorkflowContext,
    handler,
    response_handler,
    tool,
)
from agent_framework.exceptions import ChatClientException
from agent_framework.observability import disable_instrumentation, enable_instrumentation
from agent_framework.openai import OpenAIChatClient
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from lastchunk import semconv
from lastchunk.instrumentor import AutoGenStreamsInstrumentor
from tests.agent_framework.conftest import Make, drain, endings, streams
from tests.conftest import Exported, Instrument


@pytest.fixture(name="telemetry_off")
def _telemetry_off() -> Iterator[None]:
    disable_instrumentation()
    yield
    enable_instrumentation(force=True)


called: list[str] = []


@tool(name="lookup")
def weather(city: str) -> str:
    """The weather."""
    called.append(city)
    return f"sunny in {city}"


@tool(name="lookup")
def broken(city: str) -> str:
    """A tool that fails."""
    called.append(city)
    raise RuntimeError(city)


# --- whose span -------------------------------------------------------------------------------------------------------


async def test_their_spans_are_enriched(exported: Exported, agent: Make) -> None:
    """No second span; our attributes and chunk events stand beside theirs; theirs are not overwritten."""
    workflow = WorkflowBuilder(start_executor=agent("clean"), name="flow").build()
    await drain(workflow.run("hello", stream=True))
    assert exported.ours == []
    run, invocation, chat = streams(exported)
    assert [span.name for span in (run, invocation, chat)] == ["workflow.run", "invoke_agent guide", "chat m"]
    assert {span.instrumentation_scope.name for span in (run, invocation, chat)} == {"agent_framework"}  # type: ignore[union-attr]
    given = dict(chat.attributes or {})
    assert given["gen_ai.response.finish_reasons"] == '["stop"]'
    assert given["gen_ai.usage.output_tokens"] > 0
    assert given[semconv.EVIDENCE] == "wire"
    assert given[semconv.AGENT_NAME] == "guide"
    assert 0 < len([event for event in chat.events if event.name == semconv.CHUNK_EVENT]) <= given[semconv.CHUNKS]
    assert invocation.attributes["gen_ai.usage.output_tokens"] == given["gen_ai.usage.output_tokens"]  # type: ignore[index]
    assert run.attributes[semconv.WORKFLOW_NAME] == "flow"  # type: ignore[index]
    outermost = [span.attributes[semconv.OUTERMOST] for span in (run, invocation, chat)]  # type: ignore[index]
    assert outermost == [True, False, False]


class Name(str):
    """A text that notes whenever somebody asks whether it is empty."""

    asked = 0

    def __bool__(self) -> bool:
        Name.asked += 1
        return True

    __hash__ = str.__hash__


async def test_a_name_is_not_asked_more_often_whether_it_is_empty(
    telemetry_off: None, instrument: Instrument, agent: Make
) -> None:
    """Texts are the application's, too, and a class of its own may do anything when it is asked."""
    asked = []
    for observed in (False, True):
        exported = instrument() if observed else None
        Name.asked = 0
        await drain(agent("clean", name=Name("guide")).run("hello", stream=True))
        asked.append(Name.asked)
    assert exported is not None
    assert "invoke_agent guide" in exported.names
    assert asked[0] == asked[1]


async def test_what_only_their_telemetry_calls_is_not_called(
    telemetry_off: None, exported: Exported, agent: Make
) -> None:
    """A class of the application's may say where it sends to, and may do anything when it is asked."""

    class Client(OpenAIChatClient):
        asked = 0

        def service_url(self) -> str:
            Client.asked += 1
            return "http://example.invalid"

    asks = agent("clean")
    asks.client.__class__ = Client
    await drain(asks.run("hello", stream=True))
    assert Client.asked == 0
    assert endings(exported) == ["invoke_agent completed", "chat completed"]


async def test_spans_of_our_own_where_theirs_are_off(telemetry_off: None, exported: Exported, agent: Make) -> None:
    """With the same endings, the right parents, and the conventions' metrics from us."""
    workflow = WorkflowBuilder(start_executor=agent("silent_cut"), name="flow").build()
    await drain(workflow.run("hello", stream=True))
    assert exported.all == exported.ours
    assert [span.name for span in streams(exported)] == ["invoke_workflow flow", "invoke_agent guide", "chat m"]
    assert endings(exported) == [
        "invoke_workflow truncated/unknown+",
        "invoke_agent truncated/unknown+",
        "chat truncated/unknown",
    ]
    run, invocation, chat = streams(exported)
    assert (chat.parent or run.context).span_id == invocation.context.span_id
    assert (invocation.parent or chat.context).span_id == run.context.span_id


async def test_a_stream_that_nobody_reads_is_theirs_alone(exported: Exported, agent: Make) -> None:
    """A stream that nobody reads never began. Agent Framework's span of it ends as without Lastchunk."""
    messages = [Message("user", ["hello"])]
    stream = agent("clean").client.get_response(messages, stream=True)
    await asyncio.sleep(0)
    del stream
    gc.collect()
    assert streams(exported) == []
    assert exported.ours == []


async def test_a_cancel_is_an_error_of_theirs(exported: Exported, agent: Make) -> None:
    """Agent Framework's status stays, and Lastchunk's reason says what happened."""

    async def read() -> None:
        async with asyncio.timeout(None) as patience:
            async for _ in agent("stall").run("hello", stream=True):
                patience.reschedule(asyncio.get_running_loop().time() + 0.1)

    with pytest.raises(TimeoutError):
        await read()
    assert [span.status.status_code.name for span in streams(exported)] == ["ERROR", "ERROR"]
    assert endings(exported) == [
        "invoke_agent cancelled/cancelled_by_application",
        "chat cancelled/cancelled_by_application+",
    ]


# --- metrics ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theirs", [True, False])
async def test_the_conventions_metrics_once(instrument: Instrument, agent: Make, theirs: bool) -> None:
    """The conventions' metrics come from Agent Framework if its telemetry is on, else from Lastchunk.

    Lastchunk's own are always there.
    """
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    if not theirs:
        disable_instrumentation()
    try:
        instrument(meter_provider=provider)
        await drain(agent("clean").run("hello", stream=True))
    finally:
        enable_instrumentation(force=True)
    data = reader.get_metrics_data()
    names = {m.name for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics} if data else set()
    assert {
        "lastchunk.stream.ended",
        "gen_ai.invoke_agent.duration",
        "gen_ai.client.operation.time_to_first_chunk",
    } <= names
    ours = {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"} & names
    assert ours == (set() if theirs else {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"})


# --- what the application has -----------------------------------------------------------------------------------------


async def test_the_stream_stays_what_it_is(exported: Exported, agent: Make) -> None:
    """Its class, its methods, its final response; and nothing of ours is current between two items."""
    stream = agent("clean").run("hello", stream=True)
    assert type(stream) is ResponseStream
    assert stream.with_cleanup_hook(lambda: None) is stream
    async for _ in stream:
        assert trace.get_current_span() is trace.INVALID_SPAN
        assert [variable.name for variable in copy_context() if variable.name.startswith("lastchunk")] == []
    response = await stream.get_final_response()
    assert response.text.startswith("Every stream begins well")
    assert endings(exported) == ["invoke_agent completed", "chat completed"]


async def test_the_final_response_alone(exported: Exported, agent: Make) -> None:
    """An application that asks only for the result reads the stream, too. A mapped stream is the same stream."""
    assert (await agent("clean").run("hello", stream=True).get_final_response()).text
    mapped = agent("clean").run("hello", stream=True).map(lambda update: update.text, lambda texts: "".join(texts))
    assert "".join(await drain(mapped)).startswith("Every stream")
    assert endings(exported) == ["invoke_agent completed", "chat completed"] * 2


async def test_nothing_is_kept(exported: Exported, agent: Make) -> None:
    """Neither the agent nor the stream outlives its use."""
    made = agent("clean")
    stream = made.run("hello", stream=True)
    await drain(stream)
    kept = weakref.ref(made), weakref.ref(stream)
    del made, stream
    gc.collect()
    await asyncio.sleep(0)
    gc.collect()
    assert [reference() for reference in kept] == [None, None]


async def test_a_task_may_make_and_another_read(exported: Exported, agent: Make) -> None:
    """One task makes the stream and another reads it, as behind a web server."""
    stream = agent("clean").run("hello", stream=True)
    items = await asyncio.create_task(drain(stream))
    assert items
    assert endings(exported) == ["invoke_agent completed", "chat completed"]


async def test_after_uninstrument(exported: Exported, agent: Make) -> None:
    """Every patched name is as it was."""
    pull = vars(ResponseStream)["_pull_next_update"]
    assert hasattr(pull, "__wrapped__")
    AutoGenStreamsInstrumentor().uninstrument()
    assert vars(ResponseStream)["_pull_next_update"] is pull.__wrapped__
    await drain(agent("clean").run("hello", stream=True))
    assert streams(exported) == []


# --- runs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lookup", [weather, broken], ids=["answers", "raises"])
async def test_tools(exported: Exported, agent: Make, lookup: Any) -> None:
    """A tool that raises is told to the model, which goes on: no cutoff."""
    called.clear()
    await drain(agent("tool_call", tools=[lookup]).run("hello", stream=True))
    assert called == ["Lisbon"]
    assert endings(exported) == ["invoke_agent completed", "chat completed", "chat completed"]


async def test_a_cut_call_is_recovered_from(exported: Exported, agent: Make) -> None:
    """The model is asked again: counted on the run, and no cutoff of it."""
    await drain(agent("tool_arguments_cut", tools=[weather]).run("hello", stream=True))
    assert endings(exported) == ["invoke_agent completed", "chat truncated/unknown", "chat completed"]
    assert streams(exported)[0].attributes[semconv.INNER_CUTOFFS] == 1  # type: ignore[index]


async def test_the_answer_after_a_tool_is_cut(exported: Exported, agent: Make) -> None:
    """The run has the ending of its last message."""
    await drain(agent("tool_call_then_silent_cut", tools=[weather]).run("hello", stream=True))
    assert endings(exported) == ["invoke_agent truncated/unknown+", "chat completed", "chat truncated/unknown"]


async def test_a_tool_that_hangs(exported: Exported, agent: Make) -> None:
    """The run waits for a tool, and says so."""

    @tool(name="lookup")
    async def hangs(city: str) -> str:
        """Never answers."""
        patience.reschedule(asyncio.get_running_loop().time() + 0.1)
        await asyncio.sleep(60)
        return city

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as patience:
            await drain(agent("tool_call", tools=[hangs]).run("hello", stream=True))
    assert streams(exported)[0].attributes[semconv.WAITING_FOR] == "tool"  # type: ignore[index]


async def test_an_agent_as_a_tool(exported: Exported, agent: Make) -> None:
    """What it does is a part of the run that calls it."""
    inner = agent("silent_cut", name="expert").as_tool(arg_name="city")
    await drain(agent("assistant", tools=[inner]).run("hello", stream=True))
    assert endings(exported)[0] == "invoke_agent completed"
    outermost = [span for span in streams(exported) if span.attributes[semconv.OUTERMOST]]  # type: ignore[index]
    assert [span.name for span in outermost] == ["invoke_agent guide"]


# --- workflows --------------------------------------------------------------------------------------------------------


class Asks(Executor):
    """Asks a person, and says what the answer was."""

    @handler
    async def ask(self, text: str, ctx: WorkflowContext[str, str]) -> None:
        await ctx.request_info(text, str)

    @response_handler
    async def answered(self, original_request: str, response: str, ctx: WorkflowContext[str, str]) -> None:
        await ctx.yield_output(f"{original_request}: {response}")


async def test_a_workflow_that_asks_a_person(exported: Exported) -> None:
    """It ends, and is complete: the answer comes in a run of its own."""
    workflow = WorkflowBuilder(start_executor=Asks(id="asks"), name="flow").build()
    events = await drain(workflow.run("may I?", stream=True))
    (request,) = [event for event in events if event.type == "request_info"]
    await drain(workflow.run(stream=True, responses={request.request_id: "yes"}))
    assert endings(exported) == ["invoke_workflow completed", "invoke_workflow completed"]


class Raises(Executor):
    """Fails by itself."""

    @handler
    async def fail(self, text: str, ctx: WorkflowContext[str, str]) -> None:
        raise ValueError(text)


async def test_an_executor_that_raises(exported: Exported) -> None:
    """The run is an error; Agent Framework's span has it, too."""
    workflow = WorkflowBuilder(start_executor=Raises(id="raises"), name="flow").build()
    with pytest.raises(ValueError, match="hello"):
        await drain(workflow.run("hello", stream=True))
    (run,) = streams(exported)
    assert run.attributes[semconv.TERMINATION_REASON] == "error"  # type: ignore[index]
    assert run.attributes["error.type"] == "ValueError"  # type: ignore[index]


async def test_a_workflow_as_an_agent(exported: Exported, agent: Make) -> None:
    """The workflow's run is what the application iterates."""
    inner = WorkflowBuilder(start_executor=agent("length"), name="flow").build()
    await drain(inner.as_agent(name="whole").run("hello", stream=True))
    assert endings(exported) == [
        "invoke_workflow length/context_limit+",
        "invoke_agent length/context_limit+",
        "chat length/context_limit",
    ]


# --- content ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", ["clean", "tool_call", "rst", "http_429", "error_object"])
async def test_no_content(exported: Exported, sdk: Any, script: str) -> None:
    """Neither question nor answer nor error text is in any span, ours or theirs."""
    secret = "s3cr3t"
    http = sdk(script, text=f"{secret} of the sea", error=secret, arguments=f'{{"city": "{secret}"}}')
    address = str(http.base_url)
    made = Agent(client=OpenAIChatClient(model="m", async_client=http), name="guide", tools=[weather])
    workflow = WorkflowBuilder(start_executor=made, name="flow").build()
    with suppress(ChatClientException):
        await drain(workflow.run(f"{secret}?", stream=True))
    assert streams(exported)
    assert [span.name for span in exported.all if secret in span.to_json().replace(address, "")] == []
