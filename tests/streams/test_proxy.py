# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A stream that is handed to the application can do what it can do without Lastchunk, and nothing more.

Each question is asked of the same stream, bare and observed.
"""

from __future__ import annotations

import collections.abc
import copy
import gc
import inspect
import operator
import pickle
import re
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.replay import ReplayChatCompletionClient
from openai import AsyncOpenAI, OpenAI

from lastchunk.model_server.server import ModelServer
from lastchunk.streams.proxy import Proxy
from tests.conftest import Instrument

ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}
SHAPES = [getattr(collections.abc, name) for name in collections.abc.__all__ if name not in ("ByteString", "Hashable")]
METHODS = (
    *(
        "__iter__",
        "__next__",
        "__aiter__",
        "__anext__",
        "__enter__",
        "__exit__",
        "__aenter__",
        "__aexit__",
        "__await__",
    ),
    *("__len__", "__contains__", "__getitem__", "__call__", "__bool__", "__index__", "__int__"),
    *("__copy__", "__deepcopy__", "__wrapped__", "close", "aclose", "parse"),
)


async def _async_stream(sync: OpenAI, client: AsyncOpenAI) -> Any:
    return await client.chat.completions.create(**ASK)


async def _sync_stream(sync: OpenAI, client: AsyncOpenAI) -> Any:
    return sync.chat.completions.create(**ASK)


async def _raw_response(sync: OpenAI, client: AsyncOpenAI) -> Any:
    return sync.chat.completions.with_raw_response.create(**ASK)


async def _iterator(sync: OpenAI, client: AsyncOpenAI) -> Any:
    return iter(sync.chat.completions.create(**ASK))


async def _model_stream(sync: OpenAI, client: AsyncOpenAI) -> Any:
    return ReplayChatCompletionClient(["one"]).create_stream([])


async def _run(sync: OpenAI, client: AsyncOpenAI) -> Any:
    return AssistantAgent("alice", ReplayChatCompletionClient(["one"])).run_stream(task="x")


STREAMS = [_async_stream, _sync_stream, _raw_response, _iterator, _model_stream, _run]


def _set(stream: Any) -> Any:
    stream.mine = 1
    return stream.mine


def _renamed(stream: Any) -> Any:
    stream.__name__ = "mine"
    return stream.__name__


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "what it is": lambda stream: [shape.__name__ for shape in SHAPES if isinstance(stream, shape)],
    "what it has": lambda stream: [name for name in METHODS if hasattr(stream, name)],
    # `copy` leaves a note with the class of what it copies.
    "all that it has": lambda stream: sorted({*dir(stream)} - {"__slotnames__"}),
    "its own": lambda stream: sorted(vars(stream)),
    "class": lambda stream: stream.__class__,
    "name of its class": lambda stream: type(stream).__name__,
    "repr": repr,
    "str": str,
    "format": lambda stream: f"{stream!s:>9}{stream:}",
    "awaitable": inspect.isawaitable,
    "callable": callable,
    "truth": bool,
    "equality": lambda stream: (stream == stream, stream != stream, stream == 1, hash(stream) == hash(stream)),
    "len": len,
    "item": lambda stream: stream[0],
    "call": lambda stream: stream(),
    "order": lambda stream: stream < stream,
    "sum": lambda stream: stream + 1,
    "sum, reversed": lambda stream: 1 + stream,
    "index": operator.index,
    "with": lambda stream: type(stream).__enter__,
    "async with": lambda stream: type(stream).__aenter__.__name__,
    "weak reference": lambda stream: weakref.ref(stream)() is stream,
    "an attribute that is set": _set,
    "a name that is set": _renamed,
    "an attribute that is not there": lambda stream: stream.not_there,
    "an attribute that is deleted": lambda stream: delattr(stream, "not_there"),
    "copy": lambda stream: type(copy.copy(stream)).__name__,
    "how it is copied deeply": lambda stream: stream.__reduce_ex__(4)[:2],
    "pickle": pickle.dumps,
    "state": lambda stream: sorted(stream.__getstate__() or ()),
}


def _answer(ask: Callable[[Any], Any], stream: Any) -> str:
    try:
        answer = repr(ask(stream))
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    return re.sub(r"0x[0-9a-f]+", "0x…", answer)


async def _answers(make: Callable[..., Any], url: str) -> dict[str, str]:
    async with AsyncOpenAI(base_url=url, api_key="none") as client:
        with OpenAI(base_url=url, api_key="none") as sync:
            stream = await make(sync, client)
            return {name: _answer(ask, stream) for name, ask in QUESTIONS.items()}


@pytest.mark.parametrize("make", STREAMS)
async def test_it_can_do_what_it_can_do_bare(
    instrument: Instrument, server: ModelServer, make: Callable[..., Any]
) -> None:
    """A library that asks whether a stream is an `Iterable`, or has `__enter__`, is told the same."""
    url = server.url("clean")
    bare = await _answers(make, url)
    instrument()
    observed = await _answers(make, url)
    assert observed == bare


class Odd:
    """An application's own stream, which can do more than stream."""

    __hash__ = None  # type: ignore[assignment]
    mine = 7

    def __len__(self) -> int:
        return 3

    def __call__(self, one: int, *, two: int) -> int:
        return one + two

    def __contains__(self, item: object) -> bool:
        raise LookupError("it failed")

    @classmethod
    def __matmul__(cls, other: object) -> object:
        return cls, other


def test_an_object_that_can_do_more() -> None:
    odd: Any = Proxy(Odd())
    assert (len(odd), odd(1, two=2), odd.mine, odd @ 4) == (3, 3, 7, (Odd, 4))
    assert not isinstance(odd, collections.abc.Hashable)
    assert not hasattr(odd, "__iter__")
    with pytest.raises(LookupError) as raised:
        assert 1 in odd
    assert [entry.name for entry in raised.traceback] == ["test_an_object_that_can_do_more", "__contains__"]


class Unhashable(type):
    __hash__ = None  # type: ignore[assignment]


def test_a_class_that_cannot_be_looked_at(reported: Callable[[], list[str]]) -> None:
    """Its objects have no special methods, but for what a proxy replaces."""

    class Kept(Proxy):
        __slots__ = ()
        _self_instead = {"__iter__": lambda proxy: iter("one")}  # noqa: RUF012

    kept: Any = Kept(Unhashable("Mine", (), {"mine": 7})())
    assert (list(kept), kept.mine) == (["o", "n", "e"], 7)
    assert reported() == ["making a proxy of a stream"]


def test_a_class_of_an_application_can_die() -> None:
    """A class for each request: what was made for its proxies dies with it."""
    kind = type("Mine", (), {"__len__": lambda self: 1})
    assert len(Proxy(kind())) == 1  # type: ignore[arg-type]
    gone = weakref.ref(kind)
    del kind
    gc.collect()
    assert gone() is None
