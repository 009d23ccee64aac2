# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Less usual ways to read and to leave streams of Agent Framework."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from agent_framework import (
    AgentResponse,
    AgentResponseUpdate,
    Content,
    InMemoryCheckpointStorage,
    ResponseStream,
    agent_middleware,
)
from agent_framework.exceptions import ChatClientException
from agent_framework.orchestrations import SequentialBuilder

from tests.agent_framework.conftest import Make, drain, endings
from tests.conftest import Exported


async def test_left_between_two_items(exported: Exported, agent: Make, caplog: pytest.LogCaptureFixture) -> None:
    """A stream that is left through a generator of the application ends when Python collects it, as without Lastchunk."""

    async def passing_on() -> AsyncIterator[Any]:
        async for item in agent("stall").run("hello", stream=True):
            yield item

    gc.collect()
    gc.disable()
    try:
        items = passing_on()
        await anext(items)
        await items.aclose()
        assert endings(exported) == []
    finally:
        gc.enable()
    for _ in range(30):
        gc.collect()  # what one collection frees, a later one finds
        await asyncio.sleep(0.01)
    found = [ending.rstrip("+") for ending in endings(exported)]  # which of the two is collected first is chance
    assert found == ["invoke_agent abandoned/partial_consumption", "chat abandoned/partial_consumption"]
    caplog.clear()  # Agent Framework writes into spans that it has ended, also without us


async def test_a_middleware_that_takes_the_answer_over(exported: Exported, agent: Make) -> None:
    """It reads the agent's run, catches what broke, and answers itself: the run that it read has broken all the same."""

    @agent_middleware
    async def answers(context: Any, call_next: Any) -> None:
        await call_next()
        broken = context.result

        async def instead() -> AsyncIterator[AgentResponseUpdate]:
            with suppress(ChatClientException):
                async for update in broken:
                    yield update
            yield AgentResponseUpdate(contents=[Content.from_text("sorry")], role="assistant")

        context.result = ResponseStream(instead(), finalizer=AgentResponse.from_updates)

    made = agent("rst", middleware=[answers])
    assert (await drain(made.run("hello", stream=True)))[-1].text == "sorry"
    assert endings(exported) == [
        "invoke_agent connection_lost/connection_lost+",
        "chat connection_lost/connection_lost",
    ]


async def test_a_workflow_that_resumes_from_a_checkpoint(exported: Exported, agent: Make) -> None:
    """It is a run like any other, with the ending of what it does after the checkpoint."""
    storage = InMemoryCheckpointStorage()
    first, second = agent("clean", name="one"), agent("silent_cut", name="two")
    workflow = SequentialBuilder(participants=[first, second], checkpoint_storage=storage).build()
    await drain(workflow.run("hello", stream=True))
    kept = sorted(await storage.list_checkpoints(workflow_name=workflow.name), key=lambda one: one.timestamp)
    before = len(endings(exported))
    after_the_first = kept[len(kept) // 2]
    await drain(workflow.run(checkpoint_id=after_the_first.checkpoint_id, checkpoint_storage=storage, stream=True))
    assert endings(exported)[before:] == [
        "invoke_workflow truncated/unknown+",
        "invoke_agent truncated/unknown+",
        "chat truncated/unknown",
    ]


async def test_two_readers(exported: Exported, agent: Make) -> None:
    """Two readers share the items of one stream. It ends once."""
    stream = agent("clean").run("hello", stream=True)
    await anext(stream)
    assert await drain(stream)
    assert await drain(stream) == []
    assert endings(exported) == ["invoke_agent completed", "chat completed"]
