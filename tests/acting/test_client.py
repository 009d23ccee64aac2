# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`GuardedChatCompletionClient`: agents and teams whose model retries cut answers, or raises."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import ChatCompletionClient
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.openai import OpenAIChatCompletionClient

from lastchunk import GuardedChatCompletionClient, Reason, StreamCutOff, ending_of
from tests.acting.fake_time import FakeTime
from tests.acting.speaking import HALF, WHOLE, Speaker, cut, read, reason_of
from tests.endings.sources import MODEL_INFO, USAGE, result, user

pytestmark = pytest.mark.usefixtures("asked")
Make = Callable[..., Any]
EMPTY = [result("stop", "")]


@pytest.fixture(autouse=True)
def _no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait before a retry: tenacity does the waiting, and tests it."""
    monkeypatch.setattr("lastchunk.acting.retry.wait_retry_after.__call__", lambda *_: 0.0)


def _agent(client: Any, **options: Any) -> AssistantAgent:
    return AssistantAgent("guide", client, model_client_stream=True, **options)


async def test_a_whole_answer() -> None:
    """The client passes on every item of the client inside, and returns the values of its other methods."""
    inner = Speaker(WHOLE)
    client = GuardedChatCompletionClient(inner)
    assert await read(client.create_stream(user())) == (WHOLE, None)
    assert await client.create(user()) is WHOLE[-1]
    assert (client.actual_usage(), client.total_usage(), client.model_info) == (USAGE, USAGE, MODEL_INFO)
    assert (client.count_tokens(user()), client.remaining_tokens(user())) == (0, 1000)
    with pytest.warns(DeprecationWarning, match="use model_info"):
        assert client.capabilities == MODEL_INFO
    await client.close()


async def test_half_an_answer_is_none() -> None:
    """The text comes, and then the exception. The result never comes, so an agent does not remember it."""
    inner = Speaker(HALF)
    items, error = await read(GuardedChatCompletionClient(inner).create_stream(user()))
    assert (items, cut(error)) == (HALF[:2], ("StreamCutOff", "length"))
    agent = _agent(GuardedChatCompletionClient(inner))
    stream = agent.run_stream(task="hello")
    _, error = await read(stream)
    assert (cut(error), reason_of(stream)) == (("StreamCutOff", "length"), Reason.LENGTH)
    assert [message.type for message in await agent.model_context.get_messages()] == ["UserMessage"]
    assert await read(GuardedChatCompletionClient(inner, allow=["length"]).create_stream(user())) == (HALF, None)


async def test_a_team_of_it() -> None:
    """The run has the ending of the model's stream."""
    stream = RoundRobinGroupChat([_agent(GuardedChatCompletionClient(Speaker(HALF)))], max_turns=1).run_stream(task="x")
    _, error = await read(stream)
    assert (type(error), reason_of(stream), reason_of(error)) == (RuntimeError, Reason.LENGTH, Reason.LENGTH)


async def test_create() -> None:
    """By the finish reason of the result; its exception is the client's own, and knows its ending."""
    with pytest.raises(StreamCutOff) as caught:
        await GuardedChatCompletionClient(Speaker([result("length")])).create(user())
    assert (caught.value.ending.reason, caught.value.items) == (Reason.LENGTH, 0)
    error = ConnectionResetError()
    with pytest.raises(ConnectionResetError) as raised:
        await GuardedChatCompletionClient(Speaker([error])).create(user())
    assert raised.value is error
    assert reason_of(error) is Reason.REJECTED
    assert (await GuardedChatCompletionClient(Speaker([result("unknown")])).create(user())).finish_reason == "unknown"


@pytest.mark.parametrize("first", [[ConnectionResetError()], EMPTY])
@pytest.mark.parametrize("method", ["create_stream", "run", "team"])
async def test_it_heals(first: list[Any], method: str) -> None:
    """As long as nothing was passed on, it asks again, and the consumer does not notice."""
    inner = Speaker(first, first, WHOLE)
    client = GuardedChatCompletionClient(inner, attempts=3)
    if method == "create_stream":
        assert await read(client.create_stream(user())) == (WHOLE, None)
    else:
        run = _agent(client) if method == "run" else RoundRobinGroupChat([_agent(client)], max_turns=1)
        stream = run.run_stream(task="hello")
        items, error = await read(stream)
        assert (error, reason_of(stream)) == (None, Reason.COMPLETED)
        assert items[-1].messages[-1].content == WHOLE[-1].content
    assert (inner.asked, inner.closed) == (3, 3)


async def test_create_heals() -> None:
    """A cut answer of `create` is asked for again."""
    inner = Speaker([ConnectionResetError()], WHOLE)
    assert await GuardedChatCompletionClient(inner, attempts=2).create(user()) is WHOLE[-1]
    assert inner.asked == 2


async def test_a_cut_call_of_a_tool_heals(model: Make, server: Any) -> None:
    """Nothing of the answer was passed on, so the client asks again, over real sockets."""
    before = len(server.exchanges)
    client = GuardedChatCompletionClient(model("tool_arguments_cut"), attempts=2)
    items, error = await read(client.create_stream(user()))
    assert (items, cut(error), len(server.exchanges) - before) == ([], ("StreamCutOff", "truncated"), 2)


@pytest.mark.parametrize(
    ("says", "times"),
    [
        ([["Take ", ConnectionResetError()]], 1),
        ([[ConnectionResetError()]], 3),
        ([HALF], 1),
        ([[result("length", "")]], 1),
    ],
)
async def test_what_it_does_not_mend(says: list[list[Any]], times: int) -> None:
    """No retry follows text that was passed on, a limit that the same request meets again, or a third attempt."""
    inner = Speaker(*says)
    _, error = await read(GuardedChatCompletionClient(inner, attempts=3).create_stream(user()))
    assert error is not None
    assert inner.asked == times


async def test_a_consumer_that_leaves() -> None:
    """The stream inside is closed."""
    inner = Speaker(["a", "b", 3600.0])
    stream = GuardedChatCompletionClient(inner).create_stream(user())
    assert await anext(stream) == "a"
    await stream.aclose()
    assert inner.closed == 1


def test_a_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run ends as the model's stream did; a stall before the first word is asked for again."""
    time = FakeTime(monkeypatch)
    inner = Speaker(["a", 3600.0])
    stream = _agent(GuardedChatCompletionClient(inner, stall=60)).run_stream(task="hello")
    _, error = time.run(read(stream))
    assert (time.passed, cut(error)) == (60.0, ("StreamStalled", "timeout"))
    ending = ending_of(stream)
    assert ending is not None
    assert (ending.reason, ending.inherited) == (Reason.TIMEOUT, True)
    inner = Speaker([3600.0], WHOLE)
    assert time.run(read(GuardedChatCompletionClient(inner, first=30, attempts=2).create_stream(user()))) == (
        WHOLE,
        None,
    )
    assert (time.passed, inner.asked) == (90.0, 2)


async def test_the_streams_are_those_inside(instrument: Make) -> None:
    """Each attempt is a stream with a span. The client around them has no span."""
    exported = instrument()
    await read(_agent(GuardedChatCompletionClient(Speaker(EMPTY, WHOLE), attempts=2)).run_stream(task="hello"))
    reasons = [(span.name, span.attributes["lastchunk.stream.termination.reason"]) for span in exported.ours]
    assert reasons == [("chat", "empty"), ("chat", "completed"), ("invoke_agent guide", "completed")]
    assert exported.one("invoke_agent").attributes["lastchunk.stream.inner_cutoffs"] == 1


async def test_inside_of_a_cache_and_around_one() -> None:
    """It belongs around a cache. Inside of one, it also knows its endings."""
    inner = Speaker(HALF, WHOLE)
    outer = GuardedChatCompletionClient(ChatCompletionCache(inner))
    assert cut((await read(outer.create_stream(user())))[1]) == ("StreamCutOff", "length")
    cached = ChatCompletionCache(GuardedChatCompletionClient(Speaker(HALF, WHOLE)))
    assert cut((await read(cached.create_stream(user())))[1]) == ("StreamCutOff", "length")
    assert await read(cached.create_stream(user())) == (WHOLE, None)


def test_as_a_component() -> None:
    """`dump_component` and `load_component` work, by AutoGen's own rules."""
    inner = OpenAIChatCompletionClient(model="gpt-4o-mini", api_key="none")
    client = GuardedChatCompletionClient(
        inner, on=["truncated", "length"], allow=["length"], first=120, stall=60, finish="optional", attempts=3
    )
    dumped = client.dump_component()
    assert dumped.provider == "lastchunk.GuardedChatCompletionClient"
    loaded = ChatCompletionClient.load_component(dumped)
    assert isinstance(loaded, GuardedChatCompletionClient)
    assert isinstance(loaded.client, OpenAIChatCompletionClient)
    assert loaded.dump_component() == dumped
    plain = GuardedChatCompletionClient(inner).dump_component()
    assert GuardedChatCompletionClient.load_component(plain).dump_component() == plain
    agent = _agent(client).dump_component()
    assert AssistantAgent.load_component(agent).dump_component() == agent


def test_arguments_that_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong argument raises at once, and the message names it."""
    for options in ({"on": ["truncatd"]}, {"allow": ["short"]}, {"stall": 0}, {"attempts": 0}):
        (name,) = options
        with pytest.raises(ValueError, match=rf"^{name}="):
            GuardedChatCompletionClient(Speaker(WHOLE), **options)
    monkeypatch.setitem(sys.modules, "tenacity", None)
    monkeypatch.delitem(sys.modules, "lastchunk.acting.retry")
    monkeypatch.delattr("lastchunk.acting.retry", raising=False)
    GuardedChatCompletionClient(Speaker(WHOLE))
    with pytest.raises(
        ImportError, match=r"^Retries need tenacity: pip install 'lastchunk-instrumentation-autogen\[retry\]'$"
    ):
        GuardedChatCompletionClient(Speaker(WHOLE), attempts=2)
