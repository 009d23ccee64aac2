# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`ending_of`, on every kind of stream, and on what came out of one."""

from __future__ import annotations

import copy
import dataclasses
import gc
import inspect
import pickle
import weakref
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from openai import APIConnectionError

from lastchunk import Cause, Ending, Reason, StreamCutOff, ending_of, guard
from tests.acting.speaking import HALF, WHOLE, Speaker, cut, read, reason_of
from tests.endings.sources import MESSAGES, MODEL, user

pytestmark = pytest.mark.usefixtures("asked")
Make = Callable[..., Any]


def _team(client: Any) -> Any:
    return RoundRobinGroupChat([AssistantAgent("guide", client, model_client_stream=True)], max_turns=1)


@pytest.mark.parametrize("of", ["client", "agent", "team", "turn"])
@pytest.mark.parametrize(("says", "reason"), [(WHOLE, Reason.COMPLETED), (HALF, Reason.LENGTH)])
async def test_autogen(of: str, says: list[Any], reason: Reason) -> None:
    """A run, a turn, a model's stream: None while it is open, then its ending, for as long as the object is there."""
    client = Speaker(says)
    agent = AssistantAgent("guide", client, model_client_stream=True)
    streams = {
        "client": lambda: client.create_stream(user()),
        "agent": lambda: agent.run_stream(task="hello"),
        "team": lambda: _team(client).run_stream(task="hello"),
        "turn": lambda: agent.on_messages_stream([], None),  # type: ignore[arg-type]  # nobody cancels this one
    }
    stream = streams[of]()
    assert ending_of(stream) is None
    seen = [ending_of(stream) async for _ in stream]
    assert len(seen) > 2
    assert set(seen) == {None}
    assert reason_of(stream) is reason
    assert reason_of(guard(stream)) is reason


async def test_the_sdk(sdk: Make, sync_sdk: Make) -> None:
    """What `create(stream=True)` and the helper `stream(...)` give, async and sync."""
    request = {"model": MODEL, "messages": MESSAGES}
    stream = await sdk("silent_cut").chat.completions.create(**request, stream=True)
    assert ending_of(stream) is None
    assert len([chunk async for chunk in stream]) == 8
    assert ending_of(stream) == Ending(Reason.TRUNCATED, Cause.UNKNOWN, "truncated")
    sync = sync_sdk("silent_cut").chat.completions.create(**request, stream=True)
    assert (ending_of(sync), len(list(sync)), reason_of(sync)) == (None, 8, Reason.TRUNCATED)
    async with sdk("silent_cut").chat.completions.stream(**request) as helper:
        assert len([event async for event in helper]) == 16
    assert reason_of(helper) is Reason.TRUNCATED


@pytest.mark.parametrize("how", ["with_raw_response", "with_streaming_response"])
async def test_raw_responses(how: str, sdk: Make, sync_sdk: Make) -> None:
    """What `parse()` of a raw response gives is a stream like any other, for `ending_of` and for `guard`."""
    request = {"model": MODEL, "messages": MESSAGES, "stream": True}
    made = getattr(sdk("silent_cut").chat.completions, how).create(**request)
    async with AsyncExitStack() as opened:
        response = await (made if how == "with_raw_response" else opened.enter_async_context(made))
        parsed = response.parse()
        stream = await parsed if inspect.isawaitable(parsed) else parsed
        assert ending_of(stream) is None
        items, error = await read(guard(stream))
    assert (len(items), cut(error)) == (8, ("StreamCutOff", "truncated"))
    assert reason_of(stream) is Reason.TRUNCATED
    sync_made = getattr(sync_sdk("silent_cut").chat.completions, how).create(**request)
    with ExitStack() as opened_sync:
        sync_response = sync_made if how == "with_raw_response" else opened_sync.enter_context(sync_made)
        sync = sync_response.parse()
        with pytest.raises(StreamCutOff):
            list(guard(sync))
    assert reason_of(sync) is Reason.TRUNCATED


async def test_an_ending_says_what_to_do() -> None:
    """It is frozen, typed, and can be kept, compared and sent."""
    stream = Speaker(HALF).stream()
    await read(stream)
    ending = ending_of(stream)
    assert ending is not None
    assert (ending.reason, ending.cause, ending.cutoff) == (Reason.LENGTH, Cause.CONTEXT_LIMIT, True)
    assert ending.remedy.startswith("The model reached its output limit: ")
    assert Ending(Reason.COMPLETED, None).remedy == ""
    assert pickle.loads(pickle.dumps(ending)) == copy.deepcopy(ending) == ending
    with pytest.raises(dataclasses.FrozenInstanceError):
        ending.reason = Reason.COMPLETED  # type: ignore[misc]  # that is what must fail


async def test_of_an_exception(model: Make) -> None:
    """An exception gives the ending of its stream, which is often out of reach by then. So does one raised from it."""
    stream = model("rst").create_stream(user())
    with pytest.raises(APIConnectionError) as caught:
        async for _ in stream:
            pass
    assert ending_of(caught.value) == ending_of(stream)
    assert reason_of(caught.value) is Reason.CONNECTION_LOST
    own = RuntimeError("no answer")
    own.__cause__ = caught.value
    assert reason_of(own) is Reason.CONNECTION_LOST
    assert ending_of(ValueError("of something else")) is None


@pytest.mark.parametrize("error", [ValueError("a"), KeyError("b"), ConnectionResetError("c"), Exception("d")])
async def test_of_an_exception_of_python(error: Exception) -> None:
    """Exceptions of Python itself cannot be referred to weakly. What is kept with them is not pickled."""
    stream = Speaker(["Take ", error]).run()
    raised = (await read(stream))[1]
    assert raised is error
    assert ending_of(error) == ending_of(stream) is not None
    assert ending_of(pickle.loads(pickle.dumps(error))) is None
    assert b"lastchunk.streams" not in pickle.dumps(error)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (object(), "ending_of() got an object, which Lastchunk does not observe. Pass the object itself that "),
        ([1], "ending_of() got a list, which Lastchunk does not observe. Pass the object itself that "),
        ((item for item in ()), "ending_of() got a generator, which Lastchunk does not observe."),
    ],
)
def test_of_something_else(given: object, says: str) -> None:
    """One clear sentence says what to pass."""
    with pytest.raises(TypeError) as caught:
        ending_of(given)
    assert str(caught.value).startswith(says)


async def test_of_what_is_no_stream_yet(sdk: Make) -> None:
    """Each such object has its own sentence."""
    coroutine = sdk("clean").chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    with pytest.raises(
        TypeError, match=r"a coroutine, which is no stream yet: await it, and pass what that returns\.$"
    ):
        guard(coroutine)
    coroutine.close()
    manager = sdk("clean").chat.completions.stream(model=MODEL, messages=MESSAGES)
    with pytest.raises(TypeError, match="which is no stream yet: enter it with `async with`"):
        guard(manager)
    async with manager as stream:
        assert reason_of(stream) is None


async def test_nothing_of_the_application_is_kept() -> None:
    """A stream that has ended, and an exception that came out of one, hold no client, agent or task."""
    client = Speaker(["Take ", ValueError("no more")])
    stream = client.run()
    gone = weakref.ref(client)
    error = (await read(stream))[1]
    assert error is not None
    error.__traceback__ = None
    del client
    gc.collect()
    assert gone() is None
    assert reason_of(stream) is reason_of(error) is Reason.ERROR
