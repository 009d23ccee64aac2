# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`guard(first=…, stall=…)`: what counts as silence, and what happens to a stream that stalls. With a fake clock."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, UserProxyAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import CreateResult

from lastchunk import Cause, Reason, StreamStalled, ending_of, guard
from tests.acting.fake_time import FakeTime
from tests.acting.speaking import WHOLE, Speaker, cut, read
from tests.endings.sources import USAGE, result

pytestmark = pytest.mark.usefixtures("asked")


@pytest.fixture(name="time")
def _time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    return FakeTime(monkeypatch)


async def _read(stream: Any, **limits: Any) -> tuple[int, Any]:
    items, error = await read(guard(stream, **limits))
    return len(items), error


STALLS: list[tuple[list[Any], dict[str, float], tuple[float, int] | None]] = [
    ([10.0, "a", 10.0, "b", 10.0, result()], {"stall": 11}, None),
    (["a", 3600.0, "b", result()], {"stall": 60}, (60.0, 1)),
    ([3600.0, "a", result()], {"stall": 60}, (60.0, 0)),
    ([3600.0, "a", result()], {"first": 120, "stall": 60}, (120.0, 0)),
    ([100.0, "a", 3600.0, result()], {"first": 120, "stall": 60}, (160.0, 1)),
    ([100.0, "a", 3600.0, result()], {"first": 120}, None),
    ([3600.0, "a", result()], {"first": 120}, (120.0, 0)),
    (["a", 40.0, "", 40.0, "", 40.0, "b", result()], {"stall": 60}, (60.0, 2)),
    (["a", 40.0, "b", 40.0, "c", 40.0, result()], {"stall": 60}, None),
]
"""What the model says (a number is a pause), the limits, and when it is given up, after how many items."""


@pytest.mark.parametrize(("says", "limits", "given_up"), STALLS)
def test_a_models_stream(
    says: list[Any], limits: dict[str, float], given_up: tuple[float, int] | None, time: FakeTime
) -> None:
    """A chunk without content does not end a silence."""
    client = Speaker(says)
    count, error = time.run(_read(client.stream(), **limits))
    if given_up is None:
        assert (count, error) == (sum(isinstance(item, str | CreateResult) for item in says), None)
        return
    reason, limit = ("timeout", limits["stall"]) if count else ("rejected", limits.get("first", limits.get("stall")))
    assert (time.passed, count, cut(error)) == (*given_up, ("StreamStalled", reason))
    assert (error.ending.cause, error.silence) == (Cause.IDLE_TIMEOUT, limit)
    assert client.closed == 1


def test_what_it_says(time: FakeTime) -> None:
    """The exception says how long nothing came, after how much, and what to do."""
    stream = Speaker(["a", 3600.0]).stream()
    _, error = time.run(_read(stream, stall=60))
    assert str(error).startswith(
        "No content came for 60 s after 1 item, so the stream was closed: timeout (idle_timeout). Something gave up on a silent "
    )
    assert ending_of(error) == ending_of(stream) == error.ending
    assert (error.__cause__, error.__suppress_context__) == (None, True)


@pytest.mark.parametrize("of", ["agent", "team"])
def test_a_run(of: str, time: FakeTime) -> None:
    """The echo of the task is an item, and no content of the model; the run takes the ending of the model's stream."""
    client = Speaker([100.0, "a", 3600.0])

    async def main() -> Any:
        agent = AssistantAgent("guide", client, model_client_stream=True)
        token = CancellationToken()
        run = agent if of == "agent" else RoundRobinGroupChat([agent], max_turns=1)
        stream = run.run_stream(task="hello", cancellation_token=token)
        return *await _read(stream, first=120, stall=60, token=token), ending_of(stream), token.is_cancelled()

    count, error, ending, cancelled = time.run(main())
    assert (time.passed, count, cut(error), cancelled) == (160.0, 2, ("StreamStalled", "timeout"), True)
    assert (ending.cause, ending.inherited, client.closed) == (Cause.IDLE_TIMEOUT, True, 1)


def test_the_consumers_own_time_is_no_silence(time: FakeTime) -> None:
    """Only a step that is pending waits for the service."""

    async def main() -> int:
        count = 0
        async for _ in guard(Speaker(["a", 40.0, "b", result()]).stream(), stall=60):
            count += 1
            await asyncio.sleep(600)
        return count

    assert time.run(main()) == 3


def _calls(tool: str) -> CreateResult:
    call = FunctionCall(id="1", name=tool, arguments="{}")
    return CreateResult(finish_reason="function_calls", content=[call], usage=USAGE, cached=False)


async def slow() -> str:
    """A tool that takes an hour."""
    await asyncio.sleep(3600)
    return "done"


@pytest.mark.parametrize(("tools", "passed", "reason"), [(False, 3600.0, None), (True, 60.0, Reason.TOOL_ERROR)])
def test_a_tool(tools: bool, passed: float, reason: Reason | None, time: FakeTime) -> None:
    """It is waited for, unless the guard is told otherwise; the silence of the model after it begins anew."""
    client = Speaker([_calls("slow")], [50.0, *WHOLE])
    stream = client.run(tools=[slow], reflect_on_tool_use=True)
    _, error = time.run(_read(stream, stall=60, tools=tools))
    assert (time.passed, None if error is None else error.ending.reason) == (passed + (0 if tools else 50.0), reason)


def test_the_model_after_a_tool(time: FakeTime) -> None:
    """A model that stalls then is given up after its own silence."""
    client = Speaker([_calls("slow")], [3600.0, *WHOLE])
    stream = client.run(tools=[slow], reflect_on_tool_use=True)
    _, error = time.run(_read(stream, stall=60))
    assert (time.passed, cut(error)) == (3660.0, ("StreamStalled", "rejected"))


def test_a_person(time: FakeTime) -> None:
    """Waiting for a person may take all night."""

    async def answer(prompt: str, token: CancellationToken | None) -> str:
        await asyncio.sleep(8 * 3600)
        return "yes"

    async def main() -> Any:
        team = RoundRobinGroupChat(
            [
                AssistantAgent("guide", Speaker(WHOLE), model_client_stream=True),
                UserProxyAgent("me", input_func=answer),
            ],
            max_turns=2,
        )
        return await _read(team.run_stream(task="hello"), stall=60)

    assert time.run(main())[1] is None
    assert time.passed == 8 * 3600


def test_an_agent_that_does_not_stream(time: FakeTime) -> None:
    """Nothing comes until the whole answer does."""

    class Slow(Speaker):
        async def create(self, messages: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(3600)
            return await super().create(messages)

    stream = AssistantAgent("guide", Slow(WHOLE)).run_stream(task="hello")
    _, error = time.run(_read(stream, stall=60))
    assert (time.passed, isinstance(error, StreamStalled)) == (60.0, True)


def test_a_consumer_that_leaves_is_not_kept_waiting_for(time: FakeTime) -> None:
    """The timer of a limit holds no stream."""
    client = Speaker(["a", 3600.0])

    async def main() -> None:
        async for _ in guard(client.stream(), stall=60):
            break
        gc.collect()
        await asyncio.sleep(0.001)

    time.run(main())
    assert (client.closed, time.passed < 1) == (1, True)


def _cancels(task: asyncio.Task[Any]) -> None:
    task.cancel()


@pytest.mark.parametrize("at", [59.0, 60.0, 61.0])
def test_cancelled_when_it_stalls(at: float, time: FakeTime) -> None:
    """A cancel from outside stays a cancel, even at the moment in which the limit is reached."""

    async def main() -> tuple[Any, int]:
        task = asyncio.create_task(_read(Speaker(["a", 3600.0]).stream(), stall=60))
        asyncio.get_running_loop().call_later(at, _cancels, task)
        _, error = await task
        return error, task.cancelling()

    error, cancels = time.run(main())
    if at == 59.0:
        assert (type(error), cancels) == (asyncio.CancelledError, 1)
    elif at == 60.0:
        assert cancels == 1
    else:
        assert (type(error), cancels) == (StreamStalled, 0)


def test_needs_a_task() -> None:
    """Outside of asyncio there is no task to cancel: one clear sentence says so."""
    stream = guard(Speaker(WHOLE).stream(), stall=60)
    with pytest.raises(RuntimeError, match="no running event loop"):
        stream.__anext__().send(None)
