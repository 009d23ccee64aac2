# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agents and teams of the installed AutoGen: one span per invocation, each under the one that made it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent, UserProxyAgent
from autogen_agentchat.base import Response, TaskResult
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.messages import BaseChatMessage, TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_agentchat.tools import AgentTool
from autogen_core import CancellationToken, SingleThreadedAgentRuntime
from autogen_core.model_context import BufferedChatCompletionContext
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

from lastchunk.patches.agentchat_items import _stop_reason
from tests.conftest import Exported, Instrument

Model = Callable[..., OpenAIChatCompletionClient]
tracer = trace.get_tracer("application")


def _agent(name: str, *replies: str, **kwargs: Any) -> AssistantAgent:
    client = ReplayChatCompletionClient(list(replies) or ["one two three"])
    kwargs.setdefault("model_client_stream", True)
    return AssistantAgent(name, kwargs.pop("client", client), **kwargs)


async def _drain(stream: AsyncGenerator[Any, Any]) -> list[Any]:
    return [item async for item in stream]


def _tree(spans: Sequence[ReadableSpan]) -> dict[str, str]:
    """Each span's name and its parent's; names are unique in these tests."""
    names = {span.context.span_id: span.name for span in spans}
    tree = {span.name: names.get(span.parent.span_id, "?") if span.parent else "" for span in spans}
    assert len(tree) == len(spans), sorted(span.name for span in spans)
    return tree


# --- who stands under whom --------------------------------------------------------------------------------------------


async def test_a_run_of_an_agent(exported: Exported) -> None:
    """Its model stream stands under it; AutoGen's own `invoke_agent` does not stand at all."""
    agent = _agent("alice")
    with tracer.start_as_current_span("request"):
        items = await _drain(agent.run_stream(task="hello"))
    assert isinstance(items[-1], TaskResult)
    assert _tree(exported.all) == {
        "create_agent alice": "",
        "chat": "invoke_agent alice",
        "invoke_agent alice": "request",
        "request": "",
    }


async def test_a_run_with_a_tool(exported: Exported, model: Model) -> None:
    """AutoGen's span of the tool stands under the agent, between two model streams."""

    async def lookup(city: str, days: int) -> str:
        """Look a city up."""
        return f"{city} {days} {trace.get_current_span().name}"  # type: ignore[attr-defined]

    agent = _agent("alice", client=model("tool_call"), tools=[lookup], reflect_on_tool_use=True)
    with tracer.start_as_current_span("request"):
        items = await _drain(agent.run_stream(task="hello"))
    spans = {span.name: span for span in exported.all}
    run = spans["invoke_agent alice"]
    under = [span.name for span in exported.all if span.parent and span.parent.span_id == run.context.span_id]
    assert under == ["chat test-model", "execute_tool lookup", "chat test-model"]
    assert any("Lisbon 3 execute_tool lookup" in str(getattr(item, "content", "")) for item in items)
    assert run.attributes["lastchunk.stream.termination.reason"] == "completed"


async def test_a_run_of_a_team(exported: Exported) -> None:
    """Agents under the team, model streams under their agents, although the runtime runs them in tasks of its own."""
    team = RoundRobinGroupChat([_agent("alice"), _agent("bob")], max_turns=2)
    with tracer.start_as_current_span("request"):
        await _drain(team.run_stream(task="hello"))
    spans = {span.context.span_id: span for span in exported.ours}
    lines = sorted(
        (span.name, spans[span.parent.span_id].name if span.parent.span_id in spans else "request")
        for span in exported.ours
    )
    assert lines == [
        ("chat", "invoke_agent alice"),
        ("chat", "invoke_agent bob"),
        ("invoke_agent alice", "invoke_workflow RoundRobinGroupChat"),
        ("invoke_agent bob", "invoke_workflow RoundRobinGroupChat"),
        ("invoke_workflow RoundRobinGroupChat", "request"),
    ]
    assert len({span.context.trace_id for span in exported.ours}) == 1


async def test_a_team_in_a_team(exported: Exported) -> None:
    """Each level under the one above it."""
    inner = RoundRobinGroupChat([_agent("alice")], name="inner", max_turns=1)
    outer = RoundRobinGroupChat([inner, _agent("bob")], name="outer", max_turns=2)
    await _drain(outer.run_stream(task="hello"))
    assert _tree([span for span in exported.ours if span.name != "chat"]) == {
        "invoke_agent alice": "invoke_workflow inner",
        "invoke_workflow inner": "invoke_workflow outer",
        "invoke_agent bob": "invoke_workflow outer",
        "invoke_workflow outer": "",
    }


async def test_an_agent_as_a_tool(exported: Exported, model: Model) -> None:
    """Its run stands under the tool's span, and that under the agent that called it."""
    helper = AgentTool(_agent("lookup", "found"), return_value_as_last_message=True)
    client = model("tool_call", arguments='{"task": "look it up"}')
    await _drain(_agent("alice", client=client, tools=[helper]).run_stream(task="hello"))
    by_id = {span.context.span_id: span for span in exported.all}
    span = next(span for span in exported.ours if span.name == "invoke_agent lookup")
    above = []
    while span.parent is not None:
        span = by_id[span.parent.span_id]
        above.append(span.name)
    assert above[-2:] == ["execute_tool lookup", "invoke_agent alice"]


async def test_an_external_runtime(exported: Exported) -> None:
    """The runtime's tasks were started in another trace: the run is found by the team's id."""
    with tracer.start_as_current_span("runtime"):
        runtime = SingleThreadedAgentRuntime()
        runtime.start()
    team = RoundRobinGroupChat([_agent("alice")], max_turns=1, runtime=runtime)
    with tracer.start_as_current_span("request"):
        await _drain(team.run_stream(task="hello"))
    await runtime.stop()
    by_id = {span.context.span_id: span for span in exported.all}
    turn = next(span for span in exported.ours if span.name == "invoke_agent alice")
    assert by_id[turn.parent.span_id].name == "invoke_workflow RoundRobinGroupChat"
    linked = [by_id[link.context.span_id].instrumentation_scope.name for link in turn.links]
    assert linked == ["autogen SingleThreadedAgentRuntime"]


# --- one span per invocation ------------------------------------------------------------------------------------------


async def test_one_invoke_agent_per_invocation(exported: Exported) -> None:
    """In a team, the container opens a span of its own, and `on_messages_stream` is a stream. One span remains."""
    agents = [_agent("alice", "one", "two"), _agent("bob", "one", "two")]
    await _drain(RoundRobinGroupChat(agents, max_turns=4).run_stream(task="hello"))
    names = [span.name for span in exported.all if span.name.startswith("invoke_agent")]
    assert sorted(names) == ["invoke_agent alice"] * 2 + ["invoke_agent bob"] * 2


async def test_run_is_no_stream(exported: Exported) -> None:
    """AutoGen's span stays, ours does not start; its model stream is one all the same, and stands under AutoGen's span."""
    await _agent("alice").run(task="hello")
    invoked = [span for span in exported.all if span.name.startswith("invoke_agent")]
    assert [span.instrumentation_scope.name for span in invoked] == ["autogen-core"]
    assert exported.one().name == "chat"
    assert exported.one().parent.span_id == invoked[0].context.span_id


async def test_a_turn_that_is_called_directly(exported: Exported) -> None:
    """`on_messages_stream` is a stream of its own if no run of the same agent is open."""
    stream = _agent("alice").on_messages_stream([TextMessage(content="hello", source="user")], CancellationToken())
    items = await _drain(stream)
    assert isinstance(items[-1], Response)
    assert sorted(exported.names) == ["chat", "invoke_agent alice"]
    assert exported.one("invoke_agent").attributes["lastchunk.stream.history.messages"] == 2


async def test_autogen_spans_can_be_kept(instrument: Instrument) -> None:
    """With `keep`, AutoGen's span and Lastchunk's both exist, of the run and of the turn in a team."""
    exported = instrument(autogen_spans="keep")
    await _drain(_agent("alice").run_stream(task="hello"))
    await _drain(RoundRobinGroupChat([_agent("bob")], max_turns=1).run_stream(task="hello"))
    scopes = sorted(
        (span.name, span.instrumentation_scope.name) for span in exported.all if span.name.startswith("invoke_agent")
    )
    assert scopes == [
        ("invoke_agent alice", "autogen-core"),
        ("invoke_agent alice", "lastchunk"),
        ("invoke_agent bob", "autogen-core"),
        ("invoke_agent bob", "lastchunk"),
    ]


async def test_what_autogen_would_have_said(exported: Exported) -> None:
    """Lastchunk's span has the data of AutoGen's: description, and the agent's id in its team."""
    agent = _agent("alice", description="knows everything")
    await _drain(RoundRobinGroupChat([agent], max_turns=1).run_stream(task="hello"))
    attributes = exported.one("invoke_agent").attributes
    assert attributes["gen_ai.agent.name"] == "alice"
    assert attributes["gen_ai.agent.description"] == "knows everything"
    assert attributes["gen_ai.agent.id"].startswith("alice_")


async def test_suppressed(exported: Exported) -> None:
    """OpenTelemetry's own switch: nothing of ours, and AutoGen's span is left to AutoGen."""
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    with suppress_instrumentation():
        await _drain(_agent("alice").run_stream(task="hello"))
    assert exported.ours == []
    assert "invoke_agent alice" in [span.name for span in exported.all]


# --- what applications define -----------------------------------------------------------------------------------------


async def test_an_agent_defined_later(exported: Exported) -> None:
    """With a stream of its own, that calls the one it inherits: one invocation, one span."""

    class Loud(AssistantAgent):
        async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> AsyncGenerator[Any, None]:
            async for item in super().on_messages_stream(messages, cancellation_token):
                yield item

        async def run_stream(self, **kwargs: Any) -> AsyncGenerator[Any, None]:  # type: ignore[override]
            async for item in super().run_stream(**kwargs):
                yield item

    client = ReplayChatCompletionClient(["one two", "three"])
    await _drain(Loud("alice", client, model_client_stream=True).run_stream(task="hello"))
    assert [span.name for span in exported.all if span.name != "create_agent alice"] == ["chat", "invoke_agent alice"]
    await _drain(
        RoundRobinGroupChat([Loud("bob", client, model_client_stream=True)], max_turns=1).run_stream(task="hi")
    )
    assert [span.name for span in exported.all if span.name.startswith("invoke_agent")] == [
        "invoke_agent alice",
        "invoke_agent bob",
    ]


class Plain(BaseChatAgent):
    """An agent with neither model nor stream."""

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        return Response(chat_message=TextMessage(content="done", source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        pass


async def test_an_agent_without_a_model(exported: Exported) -> None:
    """The span shows only that the run came to its end."""
    items = await _drain(Plain("plain", "").run_stream(task="hello"))
    assert isinstance(items[-1], TaskResult)
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.termination.reason"] == "completed"
    assert attributes["lastchunk.stream.evidence"] == "none"
    assert attributes["lastchunk.stream.chunks"] == 2


async def test_a_turn_replaced_on_the_instance(exported: Exported) -> None:
    """By a function without `self`, as tests do; the run is still a stream."""
    agent = Plain("plain", "")

    async def replaced(messages: Any, cancellation_token: Any) -> AsyncGenerator[Any, None]:
        yield Response(chat_message=TextMessage(content="replaced", source="plain"))

    agent.on_messages_stream = replaced  # type: ignore[method-assign]
    items = await _drain(agent.run_stream(task="hello"))
    assert items[-1].messages[-1].content == "replaced"
    assert exported.names == ["invoke_agent plain"]


async def test_two_agents_of_one_name(exported: Exported) -> None:
    """They are two invocations, although the name is the same."""
    inner = Plain("same", "")

    class Outer(Plain):
        async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> AsyncGenerator[Any, None]:
            async for item in inner.run_stream(task="hello"):
                if isinstance(item, TaskResult):
                    yield Response(chat_message=item.messages[-1])

    await _drain(Outer("same", "").run_stream(task="hello"))
    assert exported.names == ["invoke_agent same"] * 2


# --- what is read -----------------------------------------------------------------------------------------------------


async def test_the_history(exported: Exported) -> None:
    """What is sent to the model: what the agent remembers and what it is given."""
    agent = _agent("alice", "äö", "three", system_message=None)
    await _drain(agent.run_stream(task="hello"))
    await _drain(agent.run_stream(task="you"))
    first, second = (span for span in exported.ours if span.name == "invoke_agent alice")
    assert (
        first.attributes["lastchunk.stream.history.messages"],
        first.attributes["lastchunk.stream.history.size"],
    ) == (
        1,
        5,
    )
    size = len("hello") + len("äö".encode()) + len("you")
    assert (
        second.attributes["lastchunk.stream.history.messages"],
        second.attributes["lastchunk.stream.history.size"],
    ) == (
        3,
        size,
    )


@pytest.mark.parametrize("streams", [True, False])
async def test_a_context_that_sends_less_than_it_holds(exported: Exported, streams: bool) -> None:
    """What is sent counts, also where the model does not stream."""
    messages = [UserMessage(content="x", source="user") for _ in range(100)]
    context = BufferedChatCompletionContext(buffer_size=2, initial_messages=[*messages])
    agent = _agent("alice", model_context=context, system_message=None, model_client_stream=streams)
    await _drain(agent.run_stream(task="hello"))
    assert exported.one("invoke_agent").attributes["lastchunk.stream.history.messages"] == 2


async def test_waiting_for_a_person(exported: Exported) -> None:
    """Waiting for a person all night is neither a gap nor a silence."""
    waited: list[float] = []

    async def answer(prompt: str, cancellation_token: CancellationToken | None = None) -> str:
        asked = asyncio.get_running_loop().time()
        await asyncio.sleep(0.2)
        waited.append(asyncio.get_running_loop().time() - asked)
        return "yes"

    await _drain(UserProxyAgent("person", input_func=answer).run_stream(task="may I?"))
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.max_gap"] < waited[0]
    assert attributes["lastchunk.stream.termination.reason"] == "completed"


@pytest.mark.parametrize(
    ("condition", "stopped"),
    [
        (MaxMessageTermination(2), "max_messages"),
        (TextMentionTermination("three"), "text_mention"),
        (TextMentionTermination("three") | MaxMessageTermination(9), "text_mention"),
        (None, "max_turns"),
    ],
)
async def test_why_a_team_stopped(exported: Exported, condition: Any, stopped: str) -> None:
    """AutoGen's text is not kept, only its meaning."""
    team = RoundRobinGroupChat([_agent("alice")], termination_condition=condition, max_turns=1)
    await _drain(team.run_stream(task="hello"))
    assert exported.one("invoke_workflow").attributes["lastchunk.stream.team.stop_reason"] == stopped


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("Timeout of 3 seconds reached", "timeout"),
        ("External termination requested", "external"),
        ("Stop message received", "stop_message"),
        ("Handoff to bob from alice detected.", "handoff"),
        ("'alice' answered", "source_match"),
        ("Text message received from 'alice'", "text_message"),
        ("Function 'f' was executed.", "function_call"),
        ("Functional termination condition met", "functional"),
        ("Digraph execution is complete", "graph_complete"),
        ("Max rounds reached.", "max_rounds"),
        ("Token usage limit reached, total token count: 5", "token_usage"),
        ("The group chat has already terminated.", "already_terminated"),
        ("The group chat is stopped.", "runtime_stopped"),
        ("The answer is 42: Max rounds reached.", "_OTHER"),
        ("", "_OTHER"),
    ],
)
def test_stop_reasons(text: str, stopped: str) -> None:
    """How each condition of AutoGen begins its text; anything else may be a model's."""
    assert _stop_reason(text) == stopped


async def test_an_already_terminated_team(exported: Exported) -> None:
    """It says so in a result without messages."""
    condition = MaxMessageTermination(1)
    team = RoundRobinGroupChat([_agent("alice")], termination_condition=condition)
    await _drain(team.run_stream(task="hello"))
    await _drain(team.run_stream())
    last = [span for span in exported.ours if span.name.startswith("invoke_workflow")][-1]
    assert last.attributes["lastchunk.stream.termination.reason"] == "completed"
    assert last.attributes["lastchunk.stream.team.stop_reason"] in (
        "already_terminated",
        "max_messages",
        "runtime_stopped",
    )
