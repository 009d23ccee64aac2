# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The orchestrations of Agent Framework: what the run says when one of its agents is cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from agent_framework import Agent
from agent_framework.orchestrations import (
    ConcurrentBuilder,
    GroupChatBuilder,
    HandoffBuilder,
    MagenticBuilder,
    MagenticContext,
    MagenticManagerBase,
    MagenticProgressLedger,
    MagenticProgressLedgerItem,
    SequentialBuilder,
)

from lastchunk import semconv
from tests.agent_framework.conftest import Make, drain, endings, streams
from tests.conftest import Exported

Build = Callable[[list[Agent]], Any]


def _sequential(agents: list[Agent]) -> Any:
    return SequentialBuilder(participants=agents).build()


def _concurrent(agents: list[Agent]) -> Any:
    return ConcurrentBuilder(participants=agents).build()


def _group_chat(agents: list[Agent]) -> Any:
    turns = iter([agent.name for agent in agents])
    return GroupChatBuilder(
        participants=agents, selection_func=lambda state: next(turns), max_rounds=len(agents)
    ).build()


def _handoff(agents: list[Agent]) -> Any:
    return HandoffBuilder(participants=agents).with_start_agent(agents[0]).build()


class Manager(MagenticManagerBase):
    """Plans nothing, gives the floor to each agent in turn, and closes with a text of its own."""

    def __init__(self, agents: list[Agent]) -> None:
        super().__init__()
        self._turns = [agent.name or "" for agent in agents]

    async def plan(self, context: MagenticContext) -> Any:
        return context.chat_history[-1]

    async def replan(self, context: MagenticContext) -> Any:
        return context.chat_history[-1]

    async def create_progress_ledger(self, context: MagenticContext) -> MagenticProgressLedger:
        item = MagenticProgressLedgerItem
        done = not self._turns
        return MagenticProgressLedger(
            is_request_satisfied=item(reason="", answer=done),
            is_in_loop=item(reason="", answer=False),
            is_progress_being_made=item(reason="", answer=True),
            next_speaker=item(reason="", answer=self._turns.pop(0) if self._turns else ""),
            instruction_or_question=item(reason="", answer="go on"),
        )

    async def prepare_final_answer(self, context: MagenticContext) -> Any:
        return context.chat_history[-1]


def _magentic(agents: list[Agent]) -> Any:
    return MagenticBuilder(participants=agents, manager=Manager(agents)).build()


ALL: list[Build] = [_sequential, _concurrent, _group_chat, _handoff, _magentic]


@pytest.mark.parametrize("build", ALL)
async def test_complete(exported: Exported, agent: Make, build: Build) -> None:
    """Every inner stream belongs to the run."""
    agents = [agent("clean", name=name, require_per_service_call_history_persistence=True) for name in ("one", "two")]
    assert await drain(build(agents).run("hello", stream=True))
    run, *others = streams(exported)
    assert set(endings(exported)) == {"invoke_workflow completed", "invoke_agent completed", "chat completed"}
    assert run.attributes[semconv.OUTERMOST]  # type: ignore[index]
    assert not any(span.attributes[semconv.OUTERMOST] for span in others)  # type: ignore[index]


@pytest.mark.parametrize("build", ALL)
async def test_the_last_answer_is_cut(exported: Exported, agent: Make, build: Build) -> None:
    """The run has the ending of the agent that its output came from; it is the last to end, also where all speak at once."""
    agents = [
        agent(script, name=name, require_per_service_call_history_persistence=True)
        for script, name in (("clean", "one"), ("idle_then_silent_cut", "two"))
    ]
    if build is _handoff:
        agents.reverse()  # the first one speaks, and nobody hands off
    await drain(build(agents).run("hello", stream=True))
    assert endings(exported)[0].startswith("invoke_workflow truncated/")
    assert endings(exported)[0].endswith("+")


@pytest.mark.parametrize("build", ALL)
async def test_a_connection_breaks(exported: Exported, agent: Make, build: Build) -> None:
    """The run has the failure of the agent that raised."""
    agents = [agent("rst", name=name, require_per_service_call_history_persistence=True) for name in ("one", "two")]
    with pytest.raises(Exception, match="service failed"):
        await drain(build(agents).run("hello", stream=True))
    assert endings(exported)[0] == "invoke_workflow connection_lost/connection_lost+"


async def test_one_of_many_is_cut(exported: Exported, agent: Make) -> None:
    """The concurrent run has the ending of the agent that ended last; the cut one is counted (docs/limits.md)."""
    agents = [agent("silent_cut", name="one"), agent("pause", name="two", wait=0.5)]
    await drain(_concurrent(agents).run("hello", stream=True))
    run = streams(exported)[0]
    assert endings(exported)[0] == "invoke_workflow completed"
    assert run.attributes[semconv.INNER_CUTOFFS] == 1  # type: ignore[index]
