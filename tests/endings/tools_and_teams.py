# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Endings that a tool causes, and teams as sources: how an agent or a team passes on the endings of the streams below it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from autogen_agentchat.agents import (
    AssistantAgent,
    BaseChatAgent,
    MessageFilterAgent,
    SocietyOfMindAgent,
)
from autogen_agentchat.agents._message_filter_agent import MessageFilterConfig, PerSourceFilter
from autogen_agentchat.base import Response
from autogen_agentchat.conditions import (
    ExternalTermination,
    FunctionalTermination,
    FunctionCallTermination,
    HandoffTermination,
    MaxMessageTermination,
    SourceMatchTermination,
    StopMessageTermination,
    TextMentionTermination,
    TextMessageTermination,
    TimeoutTermination,
    TokenUsageTermination,
)
from autogen_agentchat.messages import StopMessage, TextMessage
from autogen_agentchat.teams import (
    DiGraphBuilder,
    GraphFlow,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
)
from autogen_agentchat.tools import AgentTool
from autogen_agentchat.ui import Console
from autogen_core import CancellationToken, SingleThreadedAgentRuntime
from autogen_ext.models.replay import ReplayChatCompletionClient

from tests.endings.leaving import OwnError
from tests.endings.sources import MODEL_INFO, QUESTION, agent, model_client, result, source
from tests.endings.stage import SECRET, Stage
from tests.endings.ways import WAIT, WAYS, Open, Way

# -- tools ----------------------------------------------------------------------------------------------------------


async def lookup(city: str, days: int) -> str:
    """Look something up."""
    return f"{SECRET} in {city} for {days}"


def _raising() -> Any:
    async def lookup(city: str, days: int) -> str:
        """Look something up."""
        raise OwnError(SECRET)

    return lookup


def _hanging() -> Any:
    async def lookup(city: str, days: int) -> str:
        """Look something up."""
        await asyncio.sleep(60)
        return ""

    return lookup


async def _token_then_give_up(stage: Stage, open_stream: Open) -> None:
    """`CancellationToken.cancel()` during a tool, for which AutoGen waits for ever; then the consumer gives up"""
    token = stage.token
    assert token is not None
    await _give_up(stage, open_stream, lambda: asyncio.get_running_loop().call_later(0.3, token.cancel))


async def _give_up(
    stage: Stage, open_stream: Open, at_the_tool: Callable[[], Any] = lambda: None, patience: float = WAIT
) -> None:
    async with asyncio.timeout(None) as timeout:
        async for item in await open_stream():
            stage.saw(item)
            if stage.last == "ToolCallRequestEvent":
                at_the_tool()
                timeout.reschedule(asyncio.get_running_loop().time() + patience)


async def _cancel_soon(stage: Stage, open_stream: Open) -> None:
    await _give_up(stage, open_stream, patience=0.2)


async def _break_at_the_tool(stage: Stage, open_stream: Open) -> None:
    async for item in await open_stream():
        stage.saw(item)
        if stage.last == "ToolCallRequestEvent":
            break
    stage.left = "left"


REFLECT = {"reflect_on_tool_use": True}
CALL = {"arguments": f'{{"city": "{SECRET}", "days": 3}}'}
GOOD, BAD, HANGS = {"tools": (lookup,)}, {"tools": (_raising(),)}, {"tools": (_hanging(),)}

WAYS |= {
    "tool": Way("tool_call", CALL, stage=GOOD, brief="a tool is called and answers"),
    "tool_reflect": Way("tool_call", CALL, stage={**GOOD, "options": REFLECT}, brief="… and the model reflects on it"),
    "tool_raises": Way("tool_call", CALL, stage=BAD, brief="the tool raises"),
    "tool_raises_reflect": Way(
        "tool_call", CALL, stage={**BAD, "options": REFLECT}, brief="the tool raises, the model reflects"
    ),
    "tool_unknown": Way("tool_call", CALL, brief="the model calls a tool that there is not"),
    "tool_bad_json": Way(
        "tool_call", {"arguments": f"{SECRET}, please"}, stage=GOOD, brief="the arguments are no JSON"
    ),
    "tool_wrong_arguments": Way(
        "tool_call", {"arguments": f'{{"town": "{SECRET}"}}'}, stage=GOOD, brief="the arguments are others"
    ),
    "tool_arguments_cut": Way("tool_arguments_cut", CALL, stage=GOOD),
    "tool_arguments_cut_under_stop": Way("tool_arguments_cut_under_stop", CALL, stage=GOOD),
    "tool_arguments_cut_reflect": Way(
        "tool_arguments_cut", CALL, stage={**GOOD, "options": REFLECT}, brief="… with reflection"
    ),
    "tool_arguments_cut_by_length": Way("tool_arguments_cut_by_length", CALL, stage=GOOD),
    "tool_arguments_cut_by_length_reflect": Way(
        "tool_arguments_cut_by_length", CALL, stage={**GOOD, "options": REFLECT}, brief="… with reflection"
    ),
    "tool_call_rst": Way("tool_call_rst", CALL, stage=GOOD),
    "tool_call_then_nothing": Way("tool_call_then_nothing", CALL, stage={**GOOD, "options": REFLECT}),
    "tool_call_then_silent_cut": Way("tool_call_then_silent_cut", CALL, stage={**GOOD, "options": REFLECT}),
    "tool_hangs": Way(
        "tool_call", CALL, stage=HANGS, consume=_give_up, brief="the tool hangs, and the consumer gives up"
    ),
    "tool_hangs_cancelled_soon": Way(
        "tool_call",
        CALL,
        stage=HANGS,
        consume=_cancel_soon,
        brief="cancelled during a tool, before it counts as a stall",
    ),
    "tool_hangs_break": Way(
        "tool_call", CALL, stage=HANGS, consume=_break_at_the_tool, brief="`break` when the tool is called"
    ),
    "tool_hangs_token": Way(
        "tool_call",
        CALL,
        stage=HANGS,
        consume=_token_then_give_up,
        brief="`CancellationToken.cancel()` during a tool: AutoGen hangs, and the consumer gives up",
    ),
}

# -- teams ----------------------------------------------------------------------------------------------------------


def replayed(name: str, *texts: str, **options: Any) -> AssistantAgent:
    """An agent that needs no server."""
    client = ReplayChatCompletionClient(list(texts) or [f"{SECRET} of {name}"] * 4, model_info=MODEL_INFO)
    return AssistantAgent(name, client, model_client_stream=True, description=name, **options)


class OwnAgent(BaseChatAgent):
    """An agent that the application wrote itself."""

    def __init__(self, name: str, raises: BaseException | None = None, stop: bool = False) -> None:
        super().__init__(name, name)
        self._raises, self._stop = raises, stop

    @property
    def produced_message_types(self) -> Any:
        """Texts."""
        return (TextMessage, StopMessage)

    async def on_messages(self, messages: Any, cancellation_token: CancellationToken) -> Response:
        """Answer, or raise."""
        if self._raises is not None:
            raise self._raises
        kind = StopMessage if self._stop else TextMessage
        return Response(chat_message=kind(content=SECRET, source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None: ...


def _two(stage: Stage) -> list[Any]:
    return [replayed("writer"), agent(stage, "editor")]


@source
async def team_run_of_two(stage: Stage) -> Any:
    """`RoundRobinGroupChat.run_stream`: a writer, then an editor with the server's model"""
    return RoundRobinGroupChat(_two(stage), max_turns=2, name="newsroom").run_stream(task=QUESTION)


@source
async def team_run_first_of_two(stage: Stage) -> Any:
    """`RoundRobinGroupChat.run_stream`: the server's model first, then one that is well"""
    return RoundRobinGroupChat([agent(stage, "editor"), replayed("writer")], max_turns=2).run_stream(task=QUESTION)


@source
async def selector_run(stage: Stage) -> Any:
    """`SelectorGroupChat.run_stream`: the server's model selects, with `create`"""
    team = SelectorGroupChat([replayed("writer"), replayed("editor")], model_client(stage), max_turns=1)
    return team.run_stream(task=QUESTION)


@source
async def selector_run_streaming(stage: Stage) -> Any:
    """`SelectorGroupChat(model_client_streaming=True).run_stream`: the server's model selects, with `create_stream`"""
    team = SelectorGroupChat(
        [replayed("writer"), replayed("editor")], model_client(stage), max_turns=1, model_client_streaming=True
    )
    return team.run_stream(task=QUESTION)


@source
async def team_run_agent_raises(stage: Stage) -> Any:
    """`RoundRobinGroupChat.run_stream`: an agent of the application's own raises"""
    return RoundRobinGroupChat([OwnAgent("raiser", OwnError(SECRET))], max_turns=1).run_stream(task=QUESTION)


@source
async def team_run_after_failure(stage: Stage) -> Any:
    """the next run of a team whose first run failed"""
    team = RoundRobinGroupChat([OwnAgent("raiser", OwnError(SECRET))], max_turns=1)
    with stage.unobserved():
        try:
            async for _ in team.run_stream(task=QUESTION):
                pass
        except RuntimeError:
            pass
    return team.run_stream(task=QUESTION)


@source
async def nested_team_run(stage: Stage) -> Any:
    """a team in a team"""
    inner = RoundRobinGroupChat([agent(stage, "inner")], max_turns=1, name="inner_team")
    return RoundRobinGroupChat([inner], max_turns=1, name="outer_team").run_stream(task=QUESTION)


@source
async def society_run(stage: Stage) -> Any:
    """`SocietyOfMindAgent.run_stream`, whose team has the server's model"""
    client = ReplayChatCompletionClient([SECRET], model_info=MODEL_INFO)
    return SocietyOfMindAgent("society", RoundRobinGroupChat([agent(stage)], max_turns=1), client).run_stream(
        task=QUESTION
    )


@source
async def agent_tool_run(stage: Stage) -> Any:
    """an agent whose tool is an agent (`AgentTool`) with the server's model"""
    from autogen_core import FunctionCall
    from autogen_core.models import CreateResult

    from tests.endings.sources import USAGE

    call = CreateResult(
        finish_reason="function_calls",
        content=[FunctionCall(id="1", name="guide", arguments='{"task": "s3cr3t"}')],
        usage=USAGE,
        cached=False,
    )
    client = ReplayChatCompletionClient([call, f"{SECRET} done"], model_info=MODEL_INFO)
    tool = AgentTool(agent(stage))
    return AssistantAgent("asker", client, tools=[tool], model_client_stream=True, reflect_on_tool_use=True).run_stream(
        task=QUESTION
    )


@source
async def swarm_run(stage: Stage) -> Any:
    """`Swarm.run_stream`"""
    return Swarm([agent(stage)], max_turns=1).run_stream(task=QUESTION)


@source
async def graph_run(stage: Stage) -> Any:
    """`GraphFlow.run_stream`, one node after the other"""
    writer, editor = replayed("writer"), agent(stage, "editor")
    graph = DiGraphBuilder().add_node(writer).add_node(editor).add_edge(writer, editor).build()
    return GraphFlow([writer, editor], graph).run_stream(task=QUESTION)


@source
async def team_run_own_runtime(stage: Stage) -> Any:
    """`RoundRobinGroupChat(runtime=…).run_stream`, in a runtime that was there before"""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    stage.closing.insert(0, runtime.stop_when_idle)
    return RoundRobinGroupChat([agent(stage)], max_turns=1, runtime=runtime).run_stream(task=QUESTION)


@source
async def message_filter_run(stage: Stage) -> Any:
    """`MessageFilterAgent.run_stream` around an agent"""
    config = MessageFilterConfig(per_source=[PerSourceFilter(source="user", position="last", count=1)])
    return MessageFilterAgent("filter", agent(stage), config).run_stream(task=QUESTION)


async def _read_on_console(stage: Stage, open_stream: Open) -> None:
    """`Console(…)`"""
    stage.saw(await Console(await open_stream()))


WAYS["console"] = Way("clean", consume=_read_on_console, brief="drained by `Console()`")
WAYS["console_silent_cut"] = Way("silent_cut", consume=_read_on_console, brief="drained by `Console()`: a silent cut")
WAYS["selects"] = Way("clean", {"text": "editor"}, brief="the selector's model names an agent")
WAYS["selects_nobody"] = Way("clean", {"text": SECRET}, brief="the selector's model names nobody, three times")

# -- termination conditions -----------------------------------------------------------------------------------------


def _external() -> ExternalTermination:
    condition = ExternalTermination()
    condition.set()
    return condition


CONDITIONS: dict[str, Any] = {
    "max_messages": lambda: MaxMessageTermination(2),
    "text_mention": lambda: TextMentionTermination(SECRET, sources=["writer"]),
    "token_usage": lambda: TokenUsageTermination(max_total_token=1),
    "timeout": lambda: TimeoutTermination(0.0),
    "external": _external,
    "stop_message": StopMessageTermination,
    "source_match": lambda: SourceMatchTermination(["writer"]),
    "text_message": lambda: TextMessageTermination("writer"),
    "functional": lambda: FunctionalTermination(lambda messages: True),
    "handoff": lambda: HandoffTermination("nobody") | MaxMessageTermination(3),
    "function_call": lambda: FunctionCallTermination("lookup") | MaxMessageTermination(3),
}


@source
async def team_run_until(stage: Stage) -> Any:
    """`RoundRobinGroupChat(termination_condition=…).run_stream`"""
    condition = CONDITIONS[stage.script]()
    first = OwnAgent("writer", stop=True) if stage.script == "stop_message" else replayed("writer")
    return RoundRobinGroupChat([first], termination_condition=condition, max_turns=4).run_stream(task=QUESTION)


for _name in CONDITIONS:
    WAYS[f"until_{_name}"] = Way(says=_name, brief=f"the team's condition: {_name.replace('_', ' ')}")


@source
async def team_run_after_cancel(stage: Stage) -> Any:
    """the next run of a team whose first run was cancelled by its token"""
    team = RoundRobinGroupChat([agent(stage)], max_turns=1)
    token = CancellationToken()
    with stage.unobserved():
        try:
            async for _ in team.run_stream(task=QUESTION, cancellation_token=token):
                token.cancel()
        except asyncio.CancelledError:
            pass
    return team.run_stream(task=QUESTION)


# -- what needs no server -------------------------------------------------------------------------------------------

WORDS = [f"{SECRET} ", "and ", "more"]
WAYS |= {
    "replays_text": Way(says=[f"{SECRET} one two"], brief="says a text"),
    "replays_nothing_more": Way(says=[], brief="has nothing more to say"),
    "replays_length": Way(says=lambda: [result("length")], brief="replays a result that says `length`"),
    "replays_unknown": Way(says=lambda: [result("unknown")], brief="replays a result that says `unknown`"),
    "says_stop": Way(says=lambda: [*WORDS, result()], brief="result says `stop`"),
    "says_unknown": Way(says=lambda: [*WORDS, result("unknown")], brief="result says `unknown`"),
    "says_length": Way(says=lambda: [*WORDS, result("length")], brief="result says `length`"),
    "says_content_filter": Way(says=lambda: [*WORDS, result("content_filter")], brief="result says `content_filter`"),
    "says_nothing": Way(says=lambda: [result("stop", "")], brief="an empty result that says `stop`"),
    "no_result": Way(says=lambda: WORDS, brief="the generator ends without its `CreateResult`"),
    "no_items": Way(says=list, brief="the generator ends without an item"),
    "raises_first": Way(says=lambda: [OwnError(SECRET)], brief="raises before the first chunk"),
    "raises_in_the_middle": Way(says=lambda: [*WORDS, OwnError(SECRET)], brief="raises after some chunks"),
    "raises_type_error": Way(says=lambda: [*WORDS, TypeError(SECRET)], brief="raises a TypeError of its own"),
    "raises_connection_reset": Way(
        says=lambda: [*WORDS, ConnectionResetError(SECRET)], brief="raises ConnectionResetError"
    ),
    "raises_after_result": Way(says=lambda: [*WORDS, result(), OwnError(SECRET)], brief="raises after its result"),
    "raises_cancelled": Way(says=lambda: [*WORDS, asyncio.CancelledError()], brief="raises CancelledError of its own"),
}
STRUCTURED = '{"city": "s3cr3t-on-sea", "days": 3}'
for _script in ("clean", "length", "content_filter", "silent_cut", "json_body", "refusal", "rst"):
    WAYS[f"structured_{_script}"] = Way(_script, {"text": STRUCTURED}, brief=f"`{_script}`, and the answer is JSON")
WAYS["structured_no_json"] = Way("clean", {"text": f"{SECRET} is no JSON"}, brief="structured output that is no JSON")
