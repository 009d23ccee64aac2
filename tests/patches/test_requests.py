# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The request that a server receives is the one it would have received: no argument is used up, and no code in one runs."""

from __future__ import annotations

from collections import UserDict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI

from lastchunk.model_server.server import ModelServer
from lastchunk.patches.support.fields import ask, field, fields_of, items_of, last_of
from lastchunk.patches.support.history import history_of
from tests.conftest import Exported

PARTS = [{"type": "text", "text": "Is this"}, {"type": "text", "text": "contract valid?"}]
CALLS = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
ONE_SHOT: list[Any] = [
    pytest.param(lambda parts: (part for part in parts), id="generator"),
    pytest.param(iter, id="iterator"),
    pytest.param(lambda parts: map(dict, parts), id="map"),
    pytest.param(lambda parts: deque(parts), id="deque"),
]
Make = Callable[[list[Any]], Iterable[Any]]


def _last_body(server: ModelServer) -> Any:
    return server.exchanges[-1].body


@pytest.mark.parametrize("make", ONE_SHOT)
def test_chat_completions(exported: Exported, sync_sdk: Callable[..., OpenAI], server: ModelServer, make: Make) -> None:
    """Content and tool calls may be any iterable, by the SDK's own types."""
    messages: list[Any] = [
        {"role": "user", "content": make(PARTS)},
        {"role": "assistant", "content": "x", "tool_calls": make(CALLS)},
        {"role": "tool", "tool_call_id": "c1", "content": make(PARTS)},
    ]
    assert list(sync_sdk("clean").chat.completions.create(model="m", stream=True, messages=iter(messages)))
    assert list(sync_sdk("clean").chat.completions.create(model="m", stream=True, messages=messages[:0])) != []
    sent = server.exchanges[-2].body["messages"]
    assert [message.get("content") for message in sent] == [PARTS, "x", PARTS]
    assert sent[1]["tool_calls"] == CALLS
    assert exported.names == ["chat m", "chat m"]


@pytest.mark.parametrize("make", ONE_SHOT)
async def test_async_chat_completions(
    exported: Exported, sdk: Callable[..., AsyncOpenAI], server: ModelServer, make: Make
) -> None:
    messages: list[Any] = [{"role": "user", "content": make(PARTS)}]
    stream = await sdk("clean").chat.completions.create(model="m", stream=True, messages=messages)
    assert [chunk async for chunk in stream]
    assert _last_body(server)["messages"] == [{"role": "user", "content": PARTS}]
    assert exported.reason() == "completed"


@pytest.mark.parametrize("make", ONE_SHOT)
def test_responses(exported: Exported, sync_sdk: Callable[..., OpenAI], server: ModelServer, make: Make) -> None:
    given: list[Any] = [{"role": "user", "content": make([{"type": "input_text", "text": "one"}])}]
    assert list(sync_sdk("clean").responses.create(model="m", stream=True, input=given))
    assert _last_body(server)["input"] == [{"role": "user", "content": [{"type": "input_text", "text": "one"}]}]
    assert exported.reason() == "completed"


@pytest.mark.parametrize("make", ONE_SHOT)
async def test_messages(exported: Exported, server: ModelServer, make: Make) -> None:
    """Anthropic's, sync and async."""
    url, parts = server.url("clean", dialect="anthropic"), [{"type": "text", "text": "one"}]
    with Anthropic(base_url=url, api_key="none", max_retries=0) as client:
        asked: list[Any] = [{"role": "user", "content": make(parts)}]
        assert list(client.messages.create(model="m", max_tokens=5, stream=True, messages=asked))
        assert _last_body(server)["messages"] == [{"role": "user", "content": parts}]
    async with AsyncAnthropic(base_url=url, api_key="none", max_retries=0) as client:
        asked = [{"role": "user", "content": make(parts)}]
        stream: AsyncIterator[Any] = await client.messages.create(model="m", max_tokens=5, stream=True, messages=asked)
        assert [event async for event in stream]
        assert _last_body(server)["messages"] == [{"role": "user", "content": parts}]
    assert len(exported.ours) == 2


class Untouchable:
    """Whatever is asked of it counts."""

    def __init__(self) -> None:
        self.__dict__["asked"] = []

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        object.__getattribute__(self, "__dict__")["asked"].append(name)
        raise RuntimeError(name)

    def __iter__(self) -> Iterator[Any]:
        self.__dict__["asked"].append("__iter__")
        return iter(())

    def __len__(self) -> int:
        self.__dict__["asked"].append("__len__")
        return 1


class Drained(list[Any]):
    """A list that can be read once."""

    def __iter__(self) -> Iterator[Any]:
        while self:
            yield self.pop(0)


@pytest.mark.parametrize(
    "history",
    [
        lambda it: it,
        lambda it: [it],
        lambda it: [{"role": "user", "content": it}],
        lambda it: [{"role": "user", "content": [it]}],
        lambda it: [{"role": "user", "content": "x", "tool_calls": it}],
        lambda it: [{"role": "user", "content": "x", "tool_calls": [{"function": it}]}],
    ],
)
def test_nothing_is_asked_of_the_objects_of_the_application(history: Callable[[Any], Any]) -> None:
    """No property, no `__getattr__`, no iterator."""
    thing = Untouchable()
    history_of(history(thing))
    assert thing.__dict__["asked"] == []


def test_a_list_of_its_own_kind_is_not_used_up() -> None:
    """It is counted as a list, whatever its class makes of that."""
    content = Drained(PARTS)
    history = history_of([{"role": "user", "content": content}])
    assert history is not None
    assert history.size == len("Is thiscontract valid?")
    assert len(content) == 2


def test_fields() -> None:
    """What an object holds itself."""

    class Message:
        content = "of the class"

        def __init__(self) -> None:
            self.role = "user"

        @property
        def text(self) -> str:
            raise RuntimeError

    message = Message()
    assert (field(message, "role"), field(message, "content"), field(message, "text")) == ("user", None, None)
    assert (ask(message, "role"), ask(message, "content"), ask(message, "text")) == ("user", "of the class", None)
    assert fields_of({"a": 1}) == {"a": 1}
    assert fields_of(UserDict(a=1)).get("a") is None
    assert (fields_of(5), items_of("text"), items_of(iter([1])), items_of({1: 2})) == ({}, (), (), ())
    assert (last_of([1, 2]), last_of((1,)), last_of([]), last_of("ab")) == (2, 1, None, None)
