# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Defects that a review found in patches, each in the smallest shape in which it showed."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, MessageFilterAgent, MessageFilterConfig
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat, SelectorGroupChat
from autogen_core.models import CreateResult, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry.instrumentation.utils import suppress_instrumentation

from tests.conftest import MODEL_INFO, Exported

USAGE = RequestUsage(prompt_tokens=1, completion_tokens=1)


async def test_where_nobody_listens_a_run_may_be_closed_in_another_task(
    exported: Exported, caplog: pytest.LogCaptureFixture
) -> None:
    """Then the run is driven by its consumers, and a context variable of ours was reset in another's context: ValueError."""
    stream = AssistantAgent("alice", ReplayChatCompletionClient(["hello"])).run_stream(task="Say it.")
    with suppress_instrumentation():
        await asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await stream.aclose()  # type: ignore[attr-defined]
    assert exported.ours == []
    caplog.clear()  # AutoGen's own span was attached in one context and detached in another: the bare run logs that, too.


class _Client(ReplayChatCompletionClient):
    """Says a word, waits, and finishes for `reason`; or raises it."""

    def __init__(self, reason: Any = "stop", wait: float = 0.0) -> None:
        super().__init__([], MODEL_INFO)
        self._reason, self._wait = reason, wait

    async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str | CreateResult, None]:
        yield "one "
        await asyncio.sleep(self._wait)
        if isinstance(self._reason, BaseException):
            raise self._reason
        yield CreateResult(
            finish_reason=self._reason,
            content="one",
            usage=RequestUsage(prompt_tokens=1, completion_tokens=1),
            cached=False,
        )


def _agent(name: str, client: _Client) -> AssistantAgent:
    return AssistantAgent(name, client, model_client_stream=True)


async def test_a_team_fails_with_the_turn_that_failed(exported: Exported) -> None:
    """Another agent, who worked at the same time, ended well after it: the team's failure was said to be unknown."""
    first = _agent("first", _Client())
    fails = _agent("fails", _Client(ConnectionResetError("gone")))
    late = _agent("late", _Client(wait=0.05))
    graph = DiGraphBuilder()
    for agent in (first, fails, late):
        graph.add_node(agent)
    graph.add_edge(first, fails).add_edge(first, late)
    with pytest.raises(RuntimeError, match="ConnectionResetError"):
        async for _ in GraphFlow([first, fails, late], graph=graph.build()).run_stream(task="Say it."):
            pass
    assert exported.reason("invoke_workflow") == "connection_lost"


@pytest.mark.parametrize("participant", ["team", "filter"])
@pytest.mark.parametrize(("said", "chose", "reason"), [("length", "stop", "length"), ("stop", "length", "completed")])
async def test_a_result_that_is_handed_on_under_the_name_of_its_author(
    exported: Exported, participant: str, said: str, chose: str, reason: str
) -> None:
    """A nested team's last message is from one of its agents: what the selector was told was taken for its ending."""
    author = _agent("author", _Client(said))
    nested: Any = RoundRobinGroupChat([author], max_turns=1, name="nested")
    if participant == "filter":
        nested = MessageFilterAgent("nested", author, MessageFilterConfig(per_source=[]))
    choice = CreateResult(finish_reason=chose, content="nested", usage=USAGE, cached=False)  # type: ignore[arg-type]
    selector = ReplayChatCompletionClient([choice])
    team = SelectorGroupChat([nested, _agent("other", _Client())], selector, max_turns=1, name="outer")
    async for _ in team.run_stream(task="Say it."):
        pass
    (span,) = (span for span in exported.ours if span.name == "invoke_workflow outer")
    assert span.attributes["lastchunk.stream.termination.reason"] == reason


@pytest.mark.usefixtures("exported")
def test_a_class_that_was_patched_can_die() -> None:
    """An application may define one for each request: the list of what is to be undone kept them all."""

    def define() -> weakref.ref[type]:
        class Own(_Client):
            def create_stream(self, *args: Any, **kwargs: Any) -> Any:
                return super().create_stream(*args, **kwargs)

        return weakref.ref(Own)

    died = define()
    gc.collect()
    assert died() is None
