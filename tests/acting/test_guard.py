# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`guard`: the same items, and an exception where an answer was cut silently."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.cache import ChatCompletionCache

from lastchunk import Reason, StreamCutOff, StreamStalled, ending_of, guard
from lastchunk.acting.reasons import CUT_BY_THE_SERVICE
from tests.acting.speaking import HALF, WHOLE, Speaker, cut, read, reason_of
from tests.endings.sources import MESSAGES, MODEL, OwnClient, user

pytestmark = pytest.mark.usefixtures("asked")
Make = Callable[..., Any]


async def test_a_cut_answer() -> None:
    """Every item, and then the exception, which says why, after how much, and what to do; nothing of the answer."""
    stream = Speaker(HALF).stream()
    items, error = await read(guard(stream))
    assert items == HALF
    assert isinstance(error, StreamCutOff)
    assert (error.items, error.answered, error.ending) == (3, True, ending_of(stream))
    assert str(error).startswith("The answer was cut off after 3 items: length (context_limit). The model reached ")
    assert ending_of(error) == error.ending
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.ending) == (str(error), error.ending)


async def test_a_whole_answer() -> None:
    """The items, and nothing else."""
    assert await read(guard(Speaker(WHOLE).stream())) == (WHOLE, None)


async def test_what_is_raised_anyway() -> None:
    """An exception of the stream is passed on unchanged: the application already hears about the failure."""
    error = ConnectionResetError("gone")
    assert await read(guard(Speaker(["Take ", error]).stream())) == (["Take "], error)


async def test_on_and_allow() -> None:
    """Which reasons count: those of `on`, without those of `allow`, by name or as `Reason`."""
    for options in (
        {"allow": ["length"]},
        {"allow": "length"},
        {"allow": {Reason.LENGTH}},
        {"on": ["empty"]},
        {"on": ()},
    ):
        assert (await read(guard(Speaker(HALF).stream(), **options)))[1] is None
    for options in ({"on": ["length"]}, {"on": CUT_BY_THE_SERVICE, "allow": ["empty"]}):
        assert cut((await read(guard(Speaker(HALF).stream(), **options)))[1]) == ("StreamCutOff", "length")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"on": ["truncatd"]}, r"^on=truncatd: that is no reason that counts here\. Known are: connection_lost, "),
        ({"allow": ["short", "length"]}, r"^allow=short: that is no reason .* truncated\.$"),
        ({"on": ["cancelled"]}, r"^on=cancelled: "),
        ({"stall": 0}, r"^stall=0: a number of seconds above 0, or None for no limit\.$"),
        ({"first": -1}, r"^first=-1: "),
        ({"finish": "never"}, r"^finish='never': say 'required' or 'optional'\.$"),
    ],
)
async def test_arguments_that_are_wrong(options: dict[str, Any], says: str) -> None:
    """A wrong argument raises at once, and the message names it."""
    with pytest.raises(ValueError, match=says):
        guard(Speaker(WHOLE).stream(), **options)


@pytest.mark.parametrize("how", ["break", "aclose", "async with", "exception"])
async def test_what_the_consumer_does_is_not_raised(how: str) -> None:
    """The consumer knows that it left or cancelled."""
    client = Speaker([*WHOLE[:3], 60.0])
    stream = client.stream()
    guarded = guard(stream)
    with contextlib.suppress(KeyError):
        async with guarded if how == "async with" else contextlib.nullcontext():
            async for _ in guarded:
                if how == "exception":
                    raise KeyError
                break
    if how in ("break", "exception"):
        del guarded, stream
        gc.collect()
        await asyncio.sleep(0)
    else:
        if how == "aclose":
            await guarded.aclose()
        assert reason_of(stream) is Reason.ABANDONED
        assert await read(guarded) == ([], None)
    await asyncio.sleep(0)
    assert client.closed == 1


def _plain(stream: Any) -> Any:
    return stream


async def _seen(of: str, wrap: Callable[[Any], Any], sdk: Make) -> Any:
    """What an application sees of a healthy stream: items, types, context, and the order of everything."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("the application's")
    client = Speaker(WHOLE)
    if of == "client":
        stream: Any = client.stream()
    elif of == "agent":
        stream = client.run()
    elif of == "team":
        agent = AssistantAgent("guide", client, model_client_stream=True)
        stream = RoundRobinGroupChat([agent], max_turns=1).run_stream(task="hello")
    else:
        stream = await sdk("clean").chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    task, seen = asyncio.current_task(), []
    async for item in wrap(stream):
        text = getattr(item, "content", None) or getattr(item, "choices", None) or item
        seen.append(
            (type(item).__name__, str(text)[:60].partition("id=")[0], variable.get(), asyncio.current_task() is task)
        )
        before = set(asyncio.all_tasks())
        await asyncio.sleep(0)
        seen.append(len(before))
    return seen, reason_of(stream), client.closed


@pytest.mark.parametrize("of", ["client", "agent", "team", "sdk"])
async def test_around_a_healthy_stream_it_changes_nothing(of: str, sdk: Make) -> None:
    """The same items in the same task and context, and no task beside it; with a limit, too."""
    bare = await _seen(of, _plain, sdk)
    assert await _seen(of, guard, sdk) == bare
    assert await _seen(of, lambda stream: guard(stream, first=30, stall=30), sdk) == bare
    assert len(bare[0]) > 6


@pytest.mark.parametrize("limits", [{}, {"stall": 30.0}])
@pytest.mark.parametrize("of", ["client", "agent", "team"])
async def test_cancelled_at_every_step(of: str, limits: dict[str, float]) -> None:
    """A cancel goes through to the stream, and nothing is left: no task, no stream, no context."""
    answer = ["Take ", 0.0, "the ", 0.0, "tram.", 0.0, WHOLE[-1], 0.0]
    turns = 0
    for turns in range(1, 200):
        client = Speaker(answer)
        agent = AssistantAgent("guide", client, model_client_stream=True)
        stream = {
            "client": client.stream,
            "agent": client.run,
            "team": lambda: RoundRobinGroupChat([agent], max_turns=1).run_stream(task="hello"),  # noqa: B023  # called in this turn
        }[of]()
        task = asyncio.create_task(read(guard(stream, **limits)))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            break
        task.cancel()
        _, error = await task
        assert error is None or isinstance(error, asyncio.CancelledError), (turns, error)
        assert reason_of(stream) in (Reason.CANCELLED, Reason.COMPLETED), turns
        assert task.cancelling() == 1
        await asyncio.sleep(0.001)
        assert len(asyncio.all_tasks()) == 1, turns
        assert client.closed == client.asked, turns
    assert turns > 4


class Router(OwnClient):
    """An application's own client, that hands on what another one says."""

    def __init__(self, client: Any, wrap: Callable[[Any], Any]) -> None:
        super().__init__([])
        self._client, self._wrap = client, wrap

    async def create_stream(self, messages: Any, **kwargs: Any) -> Any:
        """Yield the items of the other client."""
        async for item in self._wrap(self._client.create_stream(messages)):
            yield item


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("clean", None),
        ("silent_cut", "truncated"),
        ("length", "length"),
        ("empty_body", "empty"),
        ("content_filter", "content_filter"),
    ],
)
async def test_inside_of_a_client_that_delegates(script: str, reason: str | None, model: Make) -> None:
    """Below a cache or a router the stream has no record of its own.

    Its guard still knows the ending, and so does the outer one.
    """
    with pytest.warns(UserWarning, match="empty result") if reason == "empty" else contextlib.nullcontext():
        outer = ChatCompletionCache(Router(model(script), guard)).create_stream(user())
        _, error = await read(outer)
    assert (None if error is None else cut(error)[1]) == reason
    assert reason_of(outer) is Reason(reason or "completed")


async def test_inside_of_a_client_that_delegates_without_a_wire() -> None:
    """Without a wire, the result decides."""
    outer = Router(Speaker(HALF), guard).create_stream(user())
    _, error = await read(outer)
    assert cut(error) == ("StreamCutOff", "length")
    assert reason_of(outer) is Reason.LENGTH


async def test_a_sync_stream(sync_sdk: Make) -> None:
    """A sync stream behaves the same, without a loop."""
    for script, reason in (("clean", None), ("silent_cut", "truncated")):
        client = sync_sdk(script)
        bare = list(client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True))
        stream = client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        items: list[Any] = []
        error: Exception | None = None
        try:
            with guard(stream) as guarded:
                for item in guarded:
                    items.append(item)
        except StreamCutOff as raised:
            error = raised
        assert [chunk.choices for chunk in items] == [chunk.choices for chunk in bare]
        assert (None if error is None else cut(error)) == (None if reason is None else ("StreamCutOff", reason))


def test_a_stalled_stream_is_a_cut_one() -> None:
    """One `except StreamCutOff` catches both."""
    assert issubclass(StreamStalled, StreamCutOff)
