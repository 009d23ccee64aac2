# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`ending_of`, `guard` and `keepalive` on the streams of Agent Framework."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from agent_framework import Message, WorkflowBuilder

from lastchunk import Cause, KeepAlive, Reason, StreamCutOff, StreamStalled, ending_of, guard, keepalive
from tests.acting.speaking import read
from tests.agent_framework.conftest import Make, drain

pytestmark = pytest.mark.usefixtures("asked")
LEVELS = ("agent", "workflow")


@pytest.fixture(name="stream")
def _stream(agent: Make) -> Callable[..., Any]:
    """`stream(level, script)`: what `run(stream=True)` returned."""

    def make(level: str, script: str, **options: Any) -> Any:
        speaker = agent(script, **options)
        if level == "agent":
            return speaker.run("hello", stream=True)
        return WorkflowBuilder(start_executor=speaker).build().run("hello", stream=True)

    return make


@pytest.mark.parametrize("level", LEVELS)
async def test_a_whole_answer(level: str, stream: Callable[..., Any]) -> None:
    """A guard hands out the same items, and raises nothing."""
    bare = len(await drain(stream(level, "clean")))
    answer = stream(level, "clean")
    assert ending_of(answer) is None
    assert len(await drain(guard(answer))) == bare > 5
    ending = ending_of(answer)
    assert ending is not None
    assert (ending.reason, ending.cutoff) == (Reason.COMPLETED, False)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("silent_cut", Reason.TRUNCATED),
        ("length", Reason.LENGTH),
        ("content_filter", Reason.CONTENT_FILTER),
    ],
)
async def test_a_cut_that_nobody_tells(level: str, script: str, reason: Reason, stream: Callable[..., Any]) -> None:
    """The stream ends without an error. The guard raises after the last item."""
    answer = stream(level, script)
    items, error = await read(guard(answer))
    assert isinstance(error, StreamCutOff)
    assert len(items) == error.items > 0
    assert error.ending.reason is reason
    assert error.ending == ending_of(answer) == ending_of(error)


@pytest.mark.parametrize("level", LEVELS)
async def test_an_error_is_passed_on(level: str, stream: Callable[..., Any]) -> None:
    """What the stream raises itself comes out of the guard, and knows the ending."""
    answer = stream(level, "rst")
    with pytest.raises(Exception) as told:  # noqa: PT011 - whatever Agent Framework makes of it
        await drain(guard(answer))
    assert not isinstance(told.value, StreamCutOff)
    ending = ending_of(told.value)
    assert ending is not None
    assert ending == ending_of(answer)
    assert ending.reason is Reason.CONNECTION_LOST


@pytest.mark.parametrize("level", LEVELS)
async def test_a_stall(level: str, stream: Callable[..., Any]) -> None:
    """A limit on silence closes the stream."""
    answer = stream(level, "stall")
    with pytest.raises(StreamStalled) as told:
        await drain(guard(answer, stall=0.3))
    assert (told.value.ending.reason, told.value.ending.cause) == (Reason.TIMEOUT, Cause.IDLE_TIMEOUT)


async def test_keep_alives(stream: Callable[..., Any]) -> None:
    """Markers in a silence; the items stay the same."""
    async with aclosing(keepalive(stream("agent", "slow_first_chunk", wait=0.3), every=0.1)) as marked:
        items = await drain(marked)
    assert sum(isinstance(item, KeepAlive) for item in items) >= 1
    assert len(items) > 5


async def test_the_stream_around_several_chats(agent: Make) -> None:
    """A chat client that calls tools makes a stream for each request; the one around them has no ending, and it says so."""
    around = agent("clean").client.get_response([Message("user", ["hello"])], stream=True)
    with pytest.raises(TypeError, match="guard\\(\\) got a ResponseStream, which Lastchunk does not observe"):
        guard(around)
    assert len(await drain(around)) > 5
