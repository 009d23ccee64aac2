# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A patched function is copied, pickled and referred to as it was, and keeps nothing of a call that failed."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any

import openai
import pytest
import wrapt
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.agents import _base_chat_agent as base_chat_agent
from autogen_ext.models.replay import ReplayChatCompletionClient
from openai import OpenAI
from openai.resources.chat.completions import Completions
from opentelemetry.instrumentation.utils import unwrap

from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.patches.support.wrapping import left_out_if_it_fails
from tests.conftest import Exported, Instrument

FUNCTIONS: list[Any] = [
    pytest.param(lambda client, agent: ReplayChatCompletionClient.create_stream, id="of a client's class"),
    pytest.param(lambda client, agent: BaseChatAgent.run_stream, id="of an agent's class"),
    pytest.param(lambda client, agent: Completions.create, id="of an SDK's class"),
    pytest.param(lambda client, agent: client.create_stream, id="of a client"),
    pytest.param(lambda client, agent: client.create, id="of a client, a coroutine"),
    pytest.param(lambda client, agent: agent.run_stream, id="of an agent"),
    pytest.param(lambda client, agent: agent.on_messages_stream, id="of an agent, its turn"),
    pytest.param(lambda client, agent: base_chat_agent.trace_invoke_agent_span, id="of a module"),
]
USES: list[Any] = [
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deepcopy"),
    pytest.param(lambda function: copy.deepcopy({"f": [function]})["f"][0], id="deepcopy of what holds it"),
    *(
        pytest.param(
            lambda function, protocol=protocol: pickle.loads(pickle.dumps(function, protocol)), id=f"pickle {protocol}"
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ),
    pytest.param(lambda function: weakref.WeakMethod(function)(), id="WeakMethod"),
]


def _outcome(use: Callable[[Any], Any], function: Any) -> Any:
    """Return what a use gives, in words. It is the same bare and patched."""
    try:
        got = use(function)
    except Exception as error:
        return type(error)
    owner = getattr(got, "__self__", None)
    return got.__qualname__, type(owner), owner is getattr(function, "__self__", None), inspect.ismethod(got)


class _Overrides(ReplayChatCompletionClient):
    async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async for item in super().create_stream(*args, **kwargs):
            yield item


class _Inherits(_Overrides):
    pass


@pytest.mark.parametrize("observed", [False, True], ids=["bare", "observed"])
async def test_which_function_it_is(instrument: Instrument, observed: bool) -> None:
    """How libraries find out whether a class overrides a method, and call a function that they got from one."""
    if observed:
        instrument()
    client = _Inherits(["one"])
    assert _Inherits.create_stream is _Overrides.create_stream
    assert _Overrides.create_stream is not ReplayChatCompletionClient.create_stream
    assert AssistantAgent.run_stream is BaseChatAgent.run_stream
    assert client.create_stream.__func__ is _Overrides.create_stream
    assert repr(_Overrides.create_stream).startswith("<function _Overrides.create_stream at 0x")
    assert repr(client.create_stream) == f"<bound method _Overrides.create_stream of {client!r}>"
    assert not hasattr(_Overrides.create_stream, "__func__")
    assert "one" in [item async for item in client.create_stream.__func__(client, [])]


async def test_the_function_of_a_method_is_observed(exported: Exported) -> None:
    client = _Inherits(["one"])
    assert "one" in [item async for item in client.create_stream.__func__(client, [])]
    assert exported.names == ["chat"]


@pytest.mark.parametrize("of", FUNCTIONS)
@pytest.mark.parametrize("use", USES)
def test_copies_and_references(
    instrument: Instrument, of: Callable[[Any, Any], Any], use: Callable[[Any], Any]
) -> None:
    """Each gives what it gives without Lastchunk, exceptions included."""
    client = ReplayChatCompletionClient(["one"])
    agent = AssistantAgent("alice", client)
    bare = _outcome(use, of(client, agent))
    instrument()
    assert _outcome(use, of(client, agent)) == bare


@pytest.mark.parametrize("ours_first", [True, False])
def test_another_instrumentation_on_top(instrument: Instrument, ours_first: bool) -> None:
    """Whoever undoes first: no cycle of instrumenting leaves a layer, and each layer doubles what an attribute costs."""
    bare = vars(Completions)["create"]
    for _ in range(3):
        instrument()
        wrapt.wrap_function_wrapper(Completions, "create", lambda wrapped, _, args, kwargs: wrapped(*args, **kwargs))
        if ours_first:
            AutoGenStreamsInstrumentor().uninstrument()
        unwrap(Completions, "create")  # it puts back what `Completions.create` gave: a bound method of ours
        if not ours_first:
            AutoGenStreamsInstrumentor().uninstrument()
            assert vars(Completions)["create"] is bare
    instrument()
    assert vars(Completions)["create"].__wrapped__ is bare
    AutoGenStreamsInstrumentor().uninstrument()
    assert vars(Completions)["create"] is bare


async def test_a_copy_is_observed(exported: Exported) -> None:
    """It is a method of ours, bound to what it should be bound to."""
    client = ReplayChatCompletionClient(["one", "two", "three"])
    assert client.create_stream == copy.copy(client.create_stream)
    for stream in (copy.copy(client.create_stream), weakref.WeakMethod(client.create_stream)()):
        assert stream is not None
        assert [item async for item in stream([])]
    copied = copy.deepcopy({"f": client.create_stream})["f"]
    assert copied.__self__ is not client  # type: ignore[attr-defined]
    assert [item async for item in copied([])]
    assert exported.names == ["chat"] * 3


class Failure(Exception):
    """An exception that can be referred to weakly."""


class Big:
    """Something that the application holds while it calls."""


@pytest.mark.parametrize("stream", [False, True])
def test_an_exception_dies_when_it_is_let_go(exported: Exported, sync_sdk: Callable[..., OpenAI], stream: bool) -> None:
    """Nothing of ours holds it, or the callers' variables, until the garbage collector comes."""
    completions = sync_sdk("http_429").chat.completions

    def attempt() -> tuple[Any, Any]:
        big = Big()
        try:
            completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=stream)
        except openai.RateLimitError as error:
            return weakref.ref(error), weakref.ref(big)
        raise AssertionError

    gc.collect()
    gc.disable()
    try:
        assert [reference() for reference in attempt()] == [None, None]
    finally:
        gc.enable()
    assert exported.names == (["chat m"] if stream else [])


@pytest.mark.parametrize("wrapper", ["raises", "raises after the call", "passes"])
def test_a_failing_wrapper_keeps_nothing(wrapper: str, reported: Callable[[], list[str]]) -> None:
    """Whoever failed, the application has the one call, its exception or its value, and nothing stays behind."""
    calls = []

    def fails(of: Big) -> None:
        calls.append(1)
        raise Failure

    def wraps(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if wrapper == "raises":
            raise RuntimeError
        try:
            return wrapped(*args, **kwargs)
        except Failure:
            if wrapper == "passes":
                raise
            raise RuntimeError from None

    def attempt() -> tuple[Any, Any]:
        big = Big()
        try:
            left_out_if_it_fails("it", wraps)(fails, None, (big,), {})
        except Failure as error:
            return weakref.ref(error), weakref.ref(big)
        raise AssertionError

    gc.disable()
    try:
        assert [reference() for reference in attempt()] == [None, None]
    finally:
        gc.enable()
    assert calls == [1]
    assert reported() == ([] if wrapper == "passes" else ["handling a call of it"])
