# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every function of ours that runs while an application streams is made to raise, one after the other.

The application must not notice: the same items, the same exceptions, the same requests. The log has one line for each kind
of failure, with the place, and never the exception's text. What is exempt, and why, stands in `EXEMPT`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import openai
import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_core.models import UserMessage
from autogen_ext.models.replay import ReplayChatCompletionClient

import lastchunk
from lastchunk import own_errors as guard
from lastchunk.streams import open_streams
from tests.conftest import Exported, Instrument

SECRET = "sabotage-secret"
HELLO = [UserMessage(content="hello", source="user")]
ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}

HANGS_AFTER = 100
"""Seconds after which a part of the application hangs, on a machine that is busy with other things as well."""

EXEMPT = {
    "the proxy itself: what drives the stream is no hook beside it": (
        "lastchunk.streams.driver",
        "lastchunk.streams.not_begun",
        "lastchunk.streams.observed",
        "lastchunk.streams.in_context",
        "lastchunk.streams.sdk_streams",
        "lastchunk.streams.proxy.Proxy",
        "lastchunk.streams.proxy._kind",
        "lastchunk.streams.observer.call_here",
        "lastchunk.streams.observer._passed",
        "lastchunk.patches.support.sdk_calls.Sdk.obtain",
        "lastchunk.patches.support.sdk_calls.Sdk.obtain_async",
        "lastchunk.patches.support.sdk_calls.Sdk._obtained",
        "lastchunk.patches.support.sdk_calls._handed_out",
        "lastchunk.patches.support.sdk_calls.instead_of",
        "lastchunk.patches.model_clients._watched",
        "lastchunk.patches.agentchat_spans._without_stream",
        "lastchunk.patches.support.sse_body.SseBody.look_sync",
        "lastchunk.patches.support.sse_decoder",
        "lastchunk.patches.runtime._publish",
        "lastchunk.patches.runtime._of_an_item",
        "lastchunk.patches.runtime._without_message",
        "lastchunk.patches.runtime.WithoutText",
    ),
    "the guard itself: it catches what is called within": (
        "lastchunk.own_errors",
        "lastchunk.streams.observer.Observer",
        "lastchunk.streams.passing_on.passed_on",
        "lastchunk.streams.passing_on._NoFrameOfOurs",
        "lastchunk.streams.tap.Tap",
        "lastchunk.streams.lifecycle.Streams.end",
        "lastchunk.streams.lifecycle.Streams._end",
        "lastchunk.patches.support.sdk_calls._Own",
        "lastchunk.patches.support.sdk_calls._Below",
        "lastchunk.patches.support.sdk_calls.Sdk._observer",
        "lastchunk.patches.support.sdk_calls.Sdk.over",
        "lastchunk.patches.support.sse_body.SseBody.asked",
        "lastchunk.patches.support.sse_body.SseBody.end",
        "lastchunk.patches.support.sse_body.SseBody.look",
        "lastchunk.patches.support.subclasses.Subclasses.look",
        "lastchunk.patches.support.wrapping._Bound",
        "lastchunk.patches.support.wrapping._Call",
        "lastchunk.patches.support.wrapping.FunctionOfClass",
        "lastchunk.patches.support.wrapping.Wrapped",
        "lastchunk.patches.model_clients._tell",
    ),
    "a line or two on numbers, sets and flags of our own, paid per chunk or run by a finaliser": (
        "lastchunk.patches.agentchat_spans._Run.over",
        "lastchunk.patches.support.sse_body.SseBody.lines",
        "lastchunk.patches.support.patching.Patcher._is_active",
        "lastchunk.patches.support.sdk_calls._close_unawaited",
        "lastchunk.streams.open_streams.remove",
        "lastchunk.streams.open_streams.let_go",
        "lastchunk.streams.open_streams.wake",
        "lastchunk.streams.open_streams.drain",
        "lastchunk.streams.record.StreamRecord.step_begins",
        "lastchunk.streams.record.StreamRecord.heard",
        "lastchunk.streams.record.StreamRecord.silence",
    ),
}
"""Functions that the test does not make raise, and why. No function that looks at a foreign object is among them."""


# --- an application ---------------------------------------------------------------------------------------------------


def _shown(item: Any) -> str:
    """An item, without what differs from run to run."""
    if hasattr(item, "messages"):
        return f"TaskResult {item.stop_reason} {[_shown(message) for message in item.messages]}"
    content = getattr(item, "content", None) or getattr(item, "choices", item)
    text = content if isinstance(content, str) else re.sub(r"chatcmpl-\d+", "chatcmpl", repr(content))
    return f"{type(item).__name__} {text}"


class Application:
    """Streams of every kind, to their end or not."""

    def __init__(self, model: Any, sdk: Any, sync_sdk: Any) -> None:
        # To make a client takes longer than all of its streams here.
        self.model, self.sdk, self.sync_sdk = (
            functools.cache(functools.partial(make, text="a b c d")) for make in (model, sdk, sync_sdk)
        )
        self.part = ""
        self.seen: list[str] = []

    async def run(self, *parts: str) -> list[str]:
        """Read the whole stream or a part of it, and return what the application saw."""
        self.seen = []
        for self.part in parts or PARTS:
            self.seen.append(f"--- {self.part}")
            try:
                await asyncio.wait_for(getattr(self, self.part)(), HANGS_AFTER)
            except Exception as error:
                self.seen.append(f"{type(error).__name__}: {str(error).splitlines()[:1]}")
        return self.seen

    async def _read(self, stream: Any) -> None:
        try:
            async for item in stream:
                self.seen.append(_shown(item))
        except Exception as error:
            self.seen.append(f"raised {type(error).__name__}: {str(error).splitlines()[:1]}")

    async def agent_with_a_tool(self) -> None:
        """Two model streams over HTTP and a tool between them; then one that breaks."""

        async def lookup(city: str, days: int) -> str:
            """Look a city up."""
            return f"{city} {days}"

        client = self.model("tool_call")
        agent = AssistantAgent("alice", client, tools=[lookup], model_client_stream=True, reflect_on_tool_use=True)
        await self._read(agent.run_stream(task="hello"))
        await self._read(AssistantAgent("bob", self.model("rst"), model_client_stream=True).run_stream(task="hello"))

    async def team(self) -> None:
        """Two agents, one of them with a cut stream."""
        agents = [AssistantAgent("alice", ReplayChatCompletionClient(["one two"]), model_client_stream=True)]
        agents.append(AssistantAgent("bob", self.model("silent_cut"), model_client_stream=True))
        await self._read(RoundRobinGroupChat(agents, max_turns=2).run_stream(task="hello"))

    async def without_streaming(self) -> None:
        """Use the agent as AutoGen configures it by default."""
        await self._read(AssistantAgent("alice", ReplayChatCompletionClient(["one"])).run_stream(task="hello"))
        agent = AssistantAgent("bob", ReplayChatCompletionClient(["one"]), model_client_stream=True)
        self.seen.append(_shown(await agent.run(task="hello")))

    async def bare_sdk(self) -> None:
        """Read answers that end, that break, and that never begin."""
        for script in ("clean", "error_object", "http_429"):
            try:
                await self._read(await self.sdk(script).chat.completions.create(**ASK))
            except openai.APIError as error:
                self.seen.append(type(error).__name__)
        async with await self.sdk("clean").chat.completions.create(**ASK) as stream:
            self.seen.append(_shown(await anext(stream)))

    async def sync_stream(self) -> None:
        """Do the same with sync streams, without an event loop."""
        for script in ("clean", "rst"):
            with contextlib.suppress(openai.APIConnectionError):
                for chunk in self.sync_sdk(script).chat.completions.create(**ASK):
                    self.seen.append(_shown(chunk))

    async def own_client(self) -> None:
        """A client that is defined while the application runs."""

        class Own(ReplayChatCompletionClient):
            async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
                yield "one"
                raise LookupError("its own")

        await self._read(Own([]).create_stream(HELLO))

    async def leave(self) -> None:
        """Leave a stream by `break`, `aclose` and `athrow`, and before it began."""
        client = ReplayChatCompletionClient(["one two three"] * 9)
        async for item in client.create_stream(HELLO):
            self.seen.append(_shown(item))
            break
        await asyncio.sleep(0)
        stream = client.create_stream(HELLO)
        self.seen.append(_shown(await anext(stream)))
        self.seen.append(_shown(await stream.asend(None)))
        await stream.aclose()
        stream = client.create_stream(HELLO)
        await anext(stream)
        with contextlib.suppress(KeyError):
            await stream.athrow(KeyError())
        client.create_stream(HELLO)

    async def cancel(self) -> None:
        """Cancel a stream while a step is pending."""
        token = CancellationToken()
        stream = self.model("stall").create_stream(HELLO, cancellation_token=token)
        # The script stalls after half of its four chunks: only then is a step pending, however slow the machine is.
        self.seen.extend([_shown(await anext(stream)), _shown(await anext(stream))])
        asyncio.get_running_loop().call_later(0.01, token.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await anext(stream)
        self.seen.append("cancelled")


PARTS = (
    "agent_with_a_tool",
    "team",
    "without_streaming",
    "bare_sdk",
    "sync_stream",
    "own_client",
    "leave",
    "cancel",
)


# --- and a saboteur ---------------------------------------------------------------------------------------------------


def _functions() -> dict[str, FunctionType]:
    """Every function and method in our own modules, by its full name."""
    found: dict[str, FunctionType] = {}
    for info in pkgutil.walk_packages(lastchunk.__path__, "lastchunk."):
        if info.name.startswith(
            ("lastchunk.own_errors", "lastchunk.streams", "lastchunk.patches", "lastchunk.telemetry")
        ):
            module = importlib.import_module(info.name)
            for name, value in _own(module, info.name):
                found[f"{info.name}.{name}"] = value
    return found


def _own(owner: Any, module: str, prefix: str = "") -> Iterator[tuple[str, FunctionType]]:
    for name, value in list(vars(owner).items()):
        if inspect.isclass(value) and value.__module__ == module and value is not owner:
            yield from _own(value, module, f"{prefix}{name}.")
            continue
        value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        value = inspect.unwrap(value) if callable(value) else value
        if (
            isinstance(value, FunctionType)
            and value.__module__ == module
            and "<string>" not in value.__code__.co_filename
        ):
            yield f"{prefix}{name}", value


def _is_exempt(name: str) -> bool:
    return any(f"{name}.".startswith(f"{exempt}.") for names in EXEMPT.values() for exempt in names)


def _raise(*args: Any, **kwargs: Any) -> Any:
    raise BufferError("sabotage-secret")


async def _raise_async(*args: Any, **kwargs: Any) -> Any:
    raise BufferError("sabotage-secret")


def _raise_in_generator(*args: Any, **kwargs: Any) -> Any:
    raise BufferError("sabotage-secret")
    yield


def _sabotaged(code: CodeType) -> CodeType:
    raiser: Callable[..., Any] = _raise
    if code.co_flags & inspect.CO_COROUTINE:
        raiser = _raise_async
    elif code.co_flags & inspect.CO_GENERATOR:
        raiser = _raise_in_generator
    return raiser.__code__.replace(co_freevars=code.co_freevars, co_name=code.co_name, co_qualname=code.co_qualname)


FUNCTIONS = {
    name: function
    for name, function in _functions().items()
    if not _is_exempt(name) and not function.__code__.co_flags & inspect.CO_ASYNC_GENERATOR
}
MODULES = sorted({function.__module__ for function in FUNCTIONS.values()})


@dataclass(frozen=True)
class Healthy:
    """What the application sees in each of its parts when nothing fails, and which of our functions each part calls."""

    seen: dict[str, list[str]]
    called: dict[CodeType, set[str]]


_measured: list[Healthy] = []


async def _healthy(application: Application) -> Healthy:
    """The measurement, made once for all tests."""
    if not _measured:
        await application.run()  # What patches a library is called once in a process.
        called: dict[CodeType, set[str]] = {}
        sys.setprofile(lambda frame, event, argument: called.setdefault(frame.f_code, set()).add(application.part))
        try:
            seen = {part: await application.run(part) for part in PARTS}
        finally:
            sys.setprofile(None)
        assert not any(line.startswith("TimeoutError") for lines in seen.values() for line in lines), "a part hangs"
        _measured.append(Healthy(seen, called))
    return _measured[0]


@pytest.fixture(name="application")
def _application(model: Any, sdk: Any, sync_sdk: Any) -> Application:
    return Application(model, sdk, sync_sdk)


async def test_the_application_alone(application: Application, instrument: Instrument) -> None:
    """The application sees the same with and without Lastchunk when nothing fails. The other tests compare with that."""
    alone = await application.run()
    instrument()
    assert await application.run() == alone
    assert sum(line.startswith("raised") for line in alone) == 3, alone


class Saboteur:
    """Makes one of our functions raise whenever it is called, and reports what that does to the application."""

    def __init__(
        self, application: Application, reported: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
    ) -> None:
        self._application = application
        self._reported = reported
        self._caplog = caplog

    async def faults(self, name: str, healthy: Healthy) -> list[tuple[Any, ...]]:
        """Return what goes wrong in the parts of the application that call the function `name`, when it raises."""
        function = FUNCTIONS[name]
        code, faults = function.__code__, list[tuple[Any, ...]]()
        parts = [part for part in PARTS if part in healthy.called[code]]
        expected = [line for part in parts for line in healthy.seen[part]]
        function.__code__ = _sabotaged(code)
        try:
            seen = await self._application.run(*parts)
        finally:
            function.__code__ = code
        open_streams._open.clear()
        open_streams._let_go.clear()
        messages = [record.getMessage() for record in self._caplog.records if record.name.startswith("lastchunk")]
        if seen != expected:
            faults.append((name, "seen", [line for line in seen if line not in expected][:1]))
        if not messages:
            faults.append((name, "not reported"))
        if len(messages) != len(guard._reported) or len(set(messages)) != len(messages):
            faults.append((name, "reported more than once", messages))
        if SECRET in "".join(messages):
            faults.append((name, "the text is in the log"))
        self._reported()
        return faults


@pytest.fixture(name="saboteur")
def _saboteur(
    application: Application, exported: Exported, reported: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> Saboteur:
    return Saboteur(application, reported, caplog)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.timeout(300)
async def test_every_hook_raises(application: Application, saboteur: Saboteur, module: str) -> None:
    """Each function raises in turn, in the parts of the application that call it."""
    healthy = await _healthy(application)
    faults = [
        fault
        for name, function in FUNCTIONS.items()
        if function.__module__ == module and function.__code__ in healthy.called
        for fault in await saboteur.faults(name, healthy)
    ]
    assert not faults, "\n".join(map(str, faults))


# --- whether the application would notice -----------------------------------------------------------------------------

GUARDS = {
    "patches.model_clients._tell": "streams.gathering.ending_of_answer",
    "patches.support.sdk_calls.Sdk._observer": "streams.nesting.current_stream",
    "patches.support.sdk_calls.Sdk._obtained": "patches.support.stainless._retried",
    "patches.support.sdk_calls.Sdk.over": "streams.wire.Wire.end_marker_came",
    "patches.support.sdk_calls._Below.failed": "streams.raised.Raised.__init__",
    "patches.support.sse_body.SseBody.asked": "streams.wire.Wire.caught_up",
    "patches.support.sse_body.SseBody.look": "patches.support.sse_body.SseBody._read_data",
    "patches.support.subclasses.Subclasses.follow.<locals>.init_subclass": "patches.support.subclasses.Subclasses.look_at",
    "patches.support.subclasses.Subclasses.look": "patches.support.subclasses.Subclasses.look_at",
    "patches.support.wrapping.left_out_if_it_fails.<locals>.safe": "patches.agentchat_spans._who_asks",
    "streams.lifecycle.Streams._end": "streams.answers.behind_answer",
    "streams.observer.Observer._watch": "patches.agentchat_items.Items.__call__",
    "streams.observer.Observer.begin": "streams.chunks.ChunkSample.__init__",
    "streams.observer.Observer.item": "patches.agentchat_items.Items.__call__",
    "streams.observer.Observer.listens": "patches.agentchat._describe_agent",
    "streams.passing_on.passed_on": "streams.passing_on._look_through",
    "streams.tap.Tap.chunks": "patches.support.carried.carried",
}
"""Where an error of ours is caught, and a function that raises into it. A guard that stands inside another one is none of
these: it keeps one failure from the rest of our work, and not from the application."""


@pytest.mark.parametrize("place", GUARDS)
@pytest.mark.filterwarnings(
    "ignore"
)  # Without its guard an error may come out in a finaliser, too, where it is a warning.
@pytest.mark.timeout(300)
async def test_a_guard_that_is_missing_is_noticed(
    application: Application, saboteur: Saboteur, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """If the guard is taken away, the test above finds a fault. This proves that the test works."""
    healthy = await _healthy(application)

    def lets_through(doing: str, error: BaseException) -> None:
        code = sys._getframe(1).f_code
        if f"lastchunk.{place}".endswith(f".{code.co_qualname}"):
            raise error
        guard.report(doing, error)

    module = next(
        m for name, m in sorted(sys.modules.items(), reverse=True) if f"lastchunk.{place}".startswith(f"{name}.")
    )
    monkeypatch.setattr(module, "report", lets_through)
    assert await saboteur.faults(f"lastchunk.{GUARDS[place]}", healthy)


def test_every_exemption_is_one() -> None:
    """Each name that the table mentions still exists."""
    names = [f"{name}." for name in _functions()]
    assert [
        exempt
        for exempts in EXEMPT.values()
        for exempt in exempts
        if not any(n.startswith(f"{exempt}.") for n in names)
    ] == []
