# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every class that an application derives is observed, wherever its methods come from, and dies when it is forgotten."""

from __future__ import annotations

import functools
import gc
import inspect
import traceback
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
import wrapt
from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import TextMessage
from autogen_core.models import ChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient

from lastchunk import AutoGenStreamsInstrumentor
from tests.conftest import Exported, Instrument


async def _of_a_mixin(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[str, None]:
    yield "one"


def _mixin() -> Any:
    return type("Mixin", (), {"create_stream": _of_a_mixin})


def _from_a_mixin() -> Any:
    return type("Mixed", (_mixin(), ReplayChatCompletionClient), {})


def _from_a_mixin_of_a_mixin() -> Any:
    return type("Mixed", (type("Below", (_mixin(),), {}), ReplayChatCompletionClient), {})


def _assigned() -> Any:
    kind: Any = type("Assigned", (ReplayChatCompletionClient,), {})
    kind.create_stream = _of_a_mixin
    return kind


def _decorated() -> Any:
    kind: Any = type("Decorated", (ReplayChatCompletionClient,), {})
    old = kind.create_stream

    @functools.wraps(old)
    async def new(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async for item in old(self, *args, **kwargs):
            yield item

    kind.create_stream = new
    return kind


def _assigned_to_a_mixin() -> Any:
    mixin: Any = type("Mixin", (), {})
    kind = type("Mixed", (mixin, ReplayChatCompletionClient), {})
    mixin.create_stream = _of_a_mixin
    return kind


def _assigned_above() -> Any:
    above: Any = type("Above", (ReplayChatCompletionClient,), {})
    kind = type("Below", (above,), {"__init__": lambda self, *args: super(kind, self).__init__(*args)})
    above.create_stream = _of_a_mixin
    return kind


WAYS = [_from_a_mixin, _from_a_mixin_of_a_mixin, _assigned, _decorated, _assigned_to_a_mixin, _assigned_above]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("before", [False, True], ids=["instrumented before", "defined before"])
async def test_methods_from_elsewhere(instrument: Instrument, way: Callable[[], Any], before: bool) -> None:
    """One span for a stream, and none when it is undone, with the methods that were there."""
    kind = way() if before else None
    exported = instrument()
    kind = kind or way()
    assert "one" in [item async for item in kind(["one"]).create_stream([])]
    assert exported.names == ["chat"]
    AutoGenStreamsInstrumentor().uninstrument()
    for owner in kind.__mro__:
        assert not [name for name, value in vars(owner).items() if isinstance(value, wrapt.FunctionWrapper)]
    assert "one" in [item async for item in kind(["one"]).create_stream([])]
    assert exported.names == ["chat"]


async def test_a_mixin_serves_others_too(exported: Exported) -> None:
    """What is no model client is no stream of ours, although it has the same method."""
    mixin = _mixin()
    client, other = type("Client", (mixin, ReplayChatCompletionClient), {}), type("Other", (mixin,), {})
    assert [item async for item in client(["one"]).create_stream([])] == ["one"]
    assert [item async for item in other().create_stream()] == ["one"]
    assert exported.names == ["chat"]


def test_making_an_object_looks_the_same(instrument: Instrument) -> None:
    """Its signature, what is raised and from where, and that nothing stands between."""

    class Picky(ReplayChatCompletionClient):
        def __init__(self, words: list[str], *, size: int = 1) -> None:
            if size < 0:
                raise LookupError(size)
            super().__init__(words)

    def looks() -> list[str]:
        with pytest.raises(LookupError) as caught:
            Picky(["one"], size=-1)
        return [frame.name for frame in traceback.extract_tb(caught.tb)]

    before = inspect.signature(Picky), inspect.signature(BaseChatAgent), looks()
    instrument()
    assert (inspect.signature(Picky), inspect.signature(BaseChatAgent), looks()) == before
    with pytest.raises(TypeError, match=r"Picky\.__init__\(\) missing 1 required positional argument: 'words'"):
        Picky()  # type: ignore[call-arg]


@pytest.mark.parametrize("base", [ReplayChatCompletionClient, BaseChatAgent, ChatCompletionClient])
def test_a_class_that_is_forgotten_dies(exported: Exported, base: type) -> None:
    """An application may define one for each request."""

    def define() -> weakref.ref[type]:
        async def stream(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[str, None]:
            yield "one"

        body = {"create_stream": stream, "create": stream, "run_stream": stream, "__init__": lambda self: None}
        return weakref.ref(type("PerRequest", (type("Mixin", (), {"on_messages_stream": stream}), base), body))

    died = [define() for _ in range(50)]
    gc.collect()
    assert {reference() for reference in died} == {None}
    before = len(gc.get_objects())
    for _ in range(200):
        define()
    gc.collect()
    assert len(gc.get_objects()) - before < 50


class Lazy(ReplayChatCompletionClient):
    """Its properties want a connection first."""

    asked: list[str]

    @property
    def client(self) -> Any:
        self.asked.append("client")
        raise RuntimeError("connect first")

    base_client = _client = _create_args = _sk_client = client  # type: ignore[assignment]


async def test_no_property_is_asked(exported: Exported) -> None:
    """Neither what raises, nor anything else that the call itself does not ask for."""
    Lazy.asked = []
    assert [item async for item in Lazy(["one"]).create_stream([])]
    assert await Lazy(["one"]).create([])
    assert exported.reason() == "completed"
    assert Lazy.asked == []


async def test_an_agent_with_a_hostile_description(exported: Exported) -> None:
    """Nothing of the agent is read that raises, and its turn is observed."""

    class Agent(BaseChatAgent):
        produced_message_types = (TextMessage,)

        @property
        def description(self) -> str:
            raise RuntimeError

        @property
        def _model_client(self) -> Any:
            raise RuntimeError

        async def on_reset(self, cancellation_token: Any) -> None:
            pass

        async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
            return Response(chat_message=TextMessage(content="one", source=self.name))

    token: Any = None
    assert [item async for item in Agent("alice", "d").on_messages_stream([], token)]
    assert exported.names == ["invoke_agent alice"]
    assert exported.reason() == "completed"
