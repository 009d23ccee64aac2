# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Patches can be applied and removed, also beside the patches of others."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import wrapt
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.agents import _base_chat_agent as base_chat_agent
from autogen_agentchat.teams import BaseGroupChat
from autogen_agentchat.teams._group_chat import _chat_agent_container as container
from autogen_core import _single_threaded_agent_runtime as runtime
from autogen_core._telemetry import _tracing as tracing
from autogen_core.models import ChatCompletionClient
from autogen_core.tools import _base as tools
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.openai import BaseOpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient
from openai.resources.chat.completions import AsyncCompletions, Completions

from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.patches import PATCHES
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.settings import Settings
from lastchunk.streams.lifecycle import Streams
from lastchunk.telemetry import Telemetry
from tests.conftest import Exported, Instrument

PATCHED: list[tuple[Any, str]] = [
    (BaseChatAgent, "run_stream"),
    (BaseChatAgent, "on_messages_stream"),
    (AssistantAgent, "on_messages_stream"),
    (BaseGroupChat, "run_stream"),
    (base_chat_agent, "trace_invoke_agent_span"),
    (container, "trace_invoke_agent_span"),
    (runtime.SingleThreadedAgentRuntime, "_create_otel_attributes"),
    (tracing.TraceHelper, "trace_block"),
    (tools, "trace_tool_span"),
    (ReplayChatCompletionClient, "create_stream"),
    (ReplayChatCompletionClient, "create"),
    (ChatCompletionCache, "create_stream"),
    (BaseOpenAIChatCompletionClient, "create_stream"),
    (BaseOpenAIChatCompletionClient, "create"),
    (AsyncCompletions, "create"),
    (Completions, "create"),
]
BASES: list[Any] = [BaseChatAgent, BaseGroupChat, ChatCompletionClient]


def _loaded() -> Iterator[Any]:
    """Every class and module that a patch could touch."""
    for base in BASES:
        waiting = [base]
        while waiting:
            owner = waiting.pop()
            yield owner
            waiting.extend(owner.__subclasses__())
    yield from (base_chat_agent, container, runtime, tracing, tools, runtime.SingleThreadedAgentRuntime)
    yield from (tracing.TraceHelper, AsyncCompletions, Completions)


def _state() -> dict[tuple[Any, str], Any]:
    """Return what each name refers to. The objects are held, so that no other object can take their identity."""
    return {(owner, name): value for owner in _loaded() for name, value in vars(owner).items() if name[:4] != "_abc"}


def _changed(before: dict[tuple[Any, str], Any], after: dict[tuple[Any, str], Any]) -> set[tuple[Any, str]]:
    """Return the names that refer to another object, are new, or are gone."""
    return {key for key in before.keys() | after.keys() if before.get(key, before) is not after.get(key, after)}


@pytest.mark.parametrize("cycles", [1, 3])
def test_uninstrument_restores_everything(instrument: Instrument, cycles: int) -> None:
    """The identical objects are back, and everything that was added is gone."""
    before = _state()
    for _ in range(cycles):
        instrument()
        assert _changed(before, _state()) >= {*PATCHED, *((base, "__init_subclass__") for base in BASES)}
        AutoGenStreamsInstrumentor().uninstrument()
        assert _changed(before, _state()) == set()


def test_a_patched_function_looks_the_same(instrument: Instrument) -> None:
    """To inspection: its name, its signature, and what kind of function it is."""

    def looks(owner: Any, name: str) -> tuple[Any, ...]:
        function = getattr(owner, name)
        kinds = (
            inspect.isasyncgenfunction,
            inspect.iscoroutinefunction,
            inspect.isfunction,
            inspect.isgeneratorfunction,
        )
        return (
            inspect.signature(function),
            function.__name__,
            function.__qualname__,
            function.__doc__,
            function.__module__,
            *(kind(function) for kind in kinds),
        )

    before = [looks(owner, name) for owner, name in PATCHED]
    abstract = [base.__abstractmethods__ for base in BASES]
    instrument()
    assert [looks(owner, name) for owner, name in PATCHED] == before
    assert [base.__abstractmethods__ for base in BASES] == abstract


# --- with others on top -----------------------------------------------------------------------------------------------


def _foreign(function: Any) -> Any:
    """Somebody else's wrapper."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


async def _spans(exported: Exported) -> int:
    """Return how many spans one stream makes."""
    exported.exporter.clear()
    stream = ReplayChatCompletionClient(["one two"]).create_stream([])
    assert [str(item) for item in [item async for item in stream][:2]] == ["one ", "two"]
    return len(exported.all)


async def test_cycles_do_not_stack(instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time another wrapper comes on top of ours, which then cannot be taken off."""
    monkeypatch.setattr(ReplayChatCompletionClient, "create_stream", vars(ReplayChatCompletionClient)["create_stream"])
    for _ in range(4):
        exported = instrument()
        assert await _spans(exported) == 1
        ReplayChatCompletionClient.create_stream = _foreign(vars(ReplayChatCompletionClient)["create_stream"])  # type: ignore[method-assign]
        assert await _spans(exported) == 1
        AutoGenStreamsInstrumentor().uninstrument()
        assert await _spans(exported) == 0


async def test_a_wrapper_on_top_stays(instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is somebody else's to remove; when they do, what was there before us comes back as they knew it."""
    original = vars(ReplayChatCompletionClient)["create_stream"]
    monkeypatch.setattr(ReplayChatCompletionClient, "create_stream", original)
    exported = instrument()
    ours = vars(ReplayChatCompletionClient)["create_stream"]
    foreign = _foreign(ours)
    ReplayChatCompletionClient.create_stream = foreign  # type: ignore[method-assign]
    AutoGenStreamsInstrumentor().uninstrument()
    assert vars(ReplayChatCompletionClient)["create_stream"] is foreign
    assert await _spans(exported) == 0
    assert isinstance(ours, wrapt.FunctionWrapper)
    assert ours.__wrapped__ is original


async def test_what_was_replaced_is_not_put_back(instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application's own replacement (a test's, a cache's) is not ours to undo."""

    async def replaced(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[str, None]:
        yield "replaced"

    monkeypatch.setattr(ReplayChatCompletionClient, "create_stream", vars(ReplayChatCompletionClient)["create_stream"])
    exported = instrument()
    ReplayChatCompletionClient.create_stream = replaced  # type: ignore[method-assign]
    AutoGenStreamsInstrumentor().uninstrument()
    assert vars(ReplayChatCompletionClient)["create_stream"] is replaced
    assert exported.all == []


def test_an_attribute_that_somebody_deleted(instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deleted attribute is not restored and causes no complaint. The others are restored."""
    original = vars(AsyncCompletions)["create"]
    sync = vars(Completions)["create"]
    instrument()
    del AsyncCompletions.create
    AutoGenStreamsInstrumentor().uninstrument()
    assert "create" not in vars(AsyncCompletions)
    assert vars(Completions)["create"] is sync
    AsyncCompletions.create = original  # type: ignore[method-assign]


async def test_streams_that_are_open_go_on(instrument: Instrument) -> None:
    """Open streams end as they would have; new ones are not observed."""
    exported = instrument()
    client = ReplayChatCompletionClient(["one two three", "four"])
    stream = client.create_stream([])
    await anext(stream)
    AutoGenStreamsInstrumentor().uninstrument()
    assert [str(item) for item in [item async for item in stream][:2]] == ["two ", "three"]
    assert exported.reason() == "completed"
    assert await anext(client.create_stream([])) == "four"
    assert len(exported.ours) == 1


async def test_a_stream_that_was_made_before_the_undo(instrument: Instrument) -> None:
    """It is one of ours, although it begins later; it works as any other."""
    exported = instrument()
    stream = ReplayChatCompletionClient(["one"]).create_stream([])
    AutoGenStreamsInstrumentor().uninstrument()
    assert len([item async for item in stream]) == 2
    assert exported.names == ["chat"]


# --- subclasses -------------------------------------------------------------------------------------------------------


def test_subclasses_keep_their_own_init_subclass(instrument: Instrument) -> None:
    """Our wrapper calls the method that it replaces, with the same arguments, and so does an application's subclass."""
    instrument()
    seen: list[tuple[type, str]] = []

    class Registering(ReplayChatCompletionClient):
        def __init_subclass__(cls, *, label: str, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            seen.append((cls, label))

    class Registered(Registering, label="here"):
        async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str, None]:
            yield "one"

    assert seen == [(Registered, "here")]
    assert isinstance(vars(Registered)["create_stream"], wrapt.FunctionWrapper)
    with pytest.raises(TypeError, match="keyword argument"):
        type("Wrong", (ReplayChatCompletionClient,), {}, nonsense=1)


def test_a_subclass_after_the_undo_is_untouched(instrument: Instrument) -> None:
    """This also holds if Lastchunk's hook had to stay."""
    instrument()
    AutoGenStreamsInstrumentor().uninstrument()

    class Late(ReplayChatCompletionClient):
        async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str, None]:
            yield "one"

    assert inspect.isfunction(vars(Late)["create_stream"])
    assert not isinstance(vars(Late)["create_stream"], wrapt.FunctionWrapper)


# --- one patch, all of it or nothing ----------------------------------------------------------------------------------


class Library:
    """A stand-in for a library's class."""

    async def stream(self) -> AsyncGenerator[str, None]:
        """Yield two items."""
        yield "one"
        yield "two"

    def other(self) -> str:
        """Return something else."""
        return "other"


@pytest.fixture(name="patcher")
def _patcher() -> Iterator[Patcher]:
    settings = Settings()
    patcher = Patcher(Streams(Telemetry(), settings), settings)
    yield patcher
    patcher.undo()


def _pass(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return wrapped(*args, **kwargs)


def test_a_patch_that_does_not_fit_leaves_nothing_behind(patcher: Patcher) -> None:
    """Half a patch would be worse than none."""
    before = dict(vars(Library))

    def apply(module: ModuleType, patcher: Patcher) -> None:
        patcher.wrap(Library, "stream", _pass)
        patcher.wrap(Library, "missing", _pass)

    with pytest.raises(AttributeError, match="Library has no missing"):
        patcher.apply(Patch("library", ">= 1", "library", apply), ModuleType("library"))
    assert dict(vars(Library)) == before


def test_what_is_inherited_is_not_wrapped_twice(patcher: Patcher) -> None:
    """A class that does not define the method itself is served by the one that does."""

    class Child(Library):
        pass

    with pytest.raises(AttributeError, match="Child has no other"):
        patcher.wrap(Child, "other", _pass)


def test_the_undo_is_in_reverse(patcher: Patcher) -> None:
    """Two of our wrappers on one method come off as they went on."""
    original = vars(Library)["other"]
    patcher.wrap(Library, "other", _pass)
    patcher.wrap(Library, "other", _pass)
    assert Library().other() == "other"
    patcher.undo()
    assert vars(Library)["other"] is original


def test_every_patch_says_what_it_was_made_for() -> None:
    """The warning about a patch that does not fit shows this text."""
    assert len(set(PATCHES)) == len(PATCHES)
    for patch in PATCHES:
        assert patch.library
        assert patch.supported
        assert patch.module
