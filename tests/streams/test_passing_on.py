# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The traceback of an exception that passes through us is the one that it would have had."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import ollama
import pytest
from anthropic import Anthropic, AsyncAnthropic
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient
from openai import AsyncOpenAI, OpenAI

from lastchunk.model_server.server import ModelServer
from lastchunk.patches.support.raw_responses import ObservedRawResponse
from lastchunk.streams.http_bodies import Body
from lastchunk.streams.passing_on import passed_on
from lastchunk.streams.sdk_streams import ObservedAsyncStream, ObservedStream
from tests.conftest import MODEL_INFO, Instrument

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
HELLO = [UserMessage(content="x", source="user")]
Way = Callable[[str], Awaitable[Any]]


async def _sync(url: str, stream: bool) -> None:
    with OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        answer = client.chat.completions.create(**ASK, stream=stream)
        list(answer)


async def _async(url: str, stream: bool) -> None:
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        async for _ in await client.chat.completions.create(**ASK, stream=stream):
            pass


async def _anthropic(url: str) -> None:
    """The request is made when the context manager is entered."""
    client = Anthropic(base_url=url.removesuffix("/v1"), api_key="none", max_retries=0)
    with client, client.messages.stream(**ASK, max_tokens=1) as stream:
        list(stream)


async def _anthropic_async(url: str) -> None:
    client = AsyncAnthropic(base_url=url.removesuffix("/v1"), api_key="none", max_retries=0)
    async with client, client.messages.stream(**ASK, max_tokens=1) as stream:
        [item async for item in stream]


async def _ollama(url: str) -> None:
    # A message that its own models refuse, before there is a request.
    await ollama.AsyncClient(host=url).chat(model="m", messages=[{"role": "user", "content": 7}], stream=True)  # type: ignore[list-item]


async def _autogen(url: str, use: Callable[[OpenAIChatCompletionClient], Awaitable[Any]]) -> None:
    client = OpenAIChatCompletionClient(model="m", base_url=url, api_key="none", model_info=MODEL_INFO, max_retries=0)
    try:
        await use(client)
    finally:
        await client.close()


async def _drain(stream: AsyncGenerator[Any, Any]) -> None:
    async for _ in stream:
        pass


def _agent(client: Any) -> AssistantAgent:
    return AssistantAgent("alice", client, model_client_stream=True)


WAYS: dict[str, Way] = {
    "create, sync": lambda url: _sync(url, False),
    "create(stream=True), sync": lambda url: _sync(url, True),
    "create, async": lambda url: _async(url, False),
    "create(stream=True), async": lambda url: _async(url, True),
    "anthropic's stream, sync": _anthropic,
    "anthropic's stream, async": _anthropic_async,
    "a call that ollama refuses": _ollama,
    "AutoGen's create": lambda url: _autogen(url, lambda client: client.create(HELLO)),
    "create_stream": lambda url: _autogen(url, lambda client: _drain(client.create_stream(HELLO))),
    "agent.run": lambda url: _autogen(url, lambda client: _agent(client).run(task="x")),
    "agent.run_stream": lambda url: _autogen(url, lambda client: _drain(_agent(client).run_stream(task="x"))),
    "team.run_stream": lambda url: _autogen(
        url, lambda client: _drain(RoundRobinGroupChat([_agent(client)], max_turns=1).run_stream(task="x"))
    ),
}


def _formatted(error: BaseException) -> str:
    """As an application logs it, without what differs from one call to the next."""
    text = "".join(traceback.format_exception(error))
    return re.sub(r"0x[0-9a-f]+|127\.0\.0\.1:\d+|chatcmpl-\d+|[0-9a-f-]{36}", "…", text)


async def _raised(way: Way, url: str) -> str:
    try:
        async with asyncio.timeout(20):
            await way(url)
    except Exception as error:
        return _formatted(error)
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("script", ["http_429", "rst", "error_object"])
@pytest.mark.parametrize("way", WAYS)
async def test_tracebacks(instrument: Instrument, server: ModelServer, way: str, script: str) -> None:
    """Line by line, with all that it came from, and with the text that AutoGen makes of it."""
    streams = "create, " not in way and way != "AutoGen's create"
    url = server.url(script if streams else "http_429")
    bare = await _raised(WAYS[way], url)
    instrument()
    assert await _raised(WAYS[way], url) == bare


async def test_a_subclass_that_is_refused(instrument: Instrument) -> None:
    """Python's own exception, which names the method that refused it."""

    async def way(_: str) -> None:
        type("Refused", (ReplayChatCompletionClient,), {}, unknown=1)

    bare = await _raised(way, "")
    instrument()
    assert await _raised(way, "") == bare


class Failing(ReplayChatCompletionClient):
    """Raises in its own code, in the ways that Python has."""

    def __init__(self, how: str) -> None:
        super().__init__(["one"])
        self.how = how

    async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        yield "one"
        try:
            raise LookupError("first")
        except LookupError as first:
            if self.how == "from":
                raise ValueError("second") from first
            if self.how == "group":
                raise ExceptionGroup("both", [first, ValueError("second")]) from None
            if self.how == "in a handler":
                raise ValueError("second")  # noqa: B904  # the way that is tried
            raise


@pytest.mark.parametrize("how", ["again", "from", "group", "in a handler"])
@pytest.mark.parametrize("agent", [False, True], ids=["create_stream", "run_stream"])
async def test_chains(instrument: Instrument, how: str, agent: bool) -> None:
    async def way(_: str) -> None:
        client = Failing(how)
        await _drain(_agent(client).run_stream(task="x") if agent else client.create_stream([]))

    bare = await _raised(way, "")
    instrument()
    assert await _raised(way, "") == bare


class _Fails:
    """An SDK's stream, raw response or body that fails whenever it is left, or parsed."""

    def _fail(self, *args: Any) -> Any:
        raise LookupError("it failed")

    async def _fail_later(self, *args: Any) -> Any:
        raise LookupError("it failed")

    __enter__ = __exit__ = close = parse = _fail
    __aenter__ = __aexit__ = aclose = _fail_later


class _ParsesLater(_Fails):
    parse = _Fails._fail_later


class _Nobody:
    """An observer that observes nothing."""

    record = None

    def closed(self) -> None: ...
    def let_go(self) -> None: ...


async def _with(stream: Any) -> None:
    async with stream:
        pass


async def _exit(stream: Any) -> None:
    await stream.__aexit__(None, None, None)


def _sync_with(stream: Any) -> None:
    with stream:
        pass


SYNC, ASYNC = (kind(_Fails(), _Nobody()) for kind in (ObservedStream, ObservedAsyncStream))
RAW, RAW_LATER = (ObservedRawResponse(kind(), _Nobody(), lambda _: None) for kind in (_Fails, _ParsesLater))  # type: ignore[arg-type]
BODY = Body(_Fails(), _Nobody(), {})  # type: ignore[arg-type]

LEAVING: dict[str, Callable[[], Any]] = {
    "with": lambda: _sync_with(SYNC),
    "the end of with": lambda: SYNC.__exit__(None, None, None),
    "close": lambda: SYNC.close(),
    "async with": lambda: _with(ASYNC),
    "the end of async with": lambda: _exit(ASYNC),
    "aclose": lambda: ASYNC.aclose(),
    "parse": lambda: RAW.parse(),
    "parse, async": lambda: RAW_LATER.parse(),
    "close of a raw response": lambda: RAW.close(),
    "close of a body": lambda: BODY.close(),
    "aclose of a body": lambda: BODY.aclose(),
}


@pytest.mark.parametrize("way", LEAVING)
async def test_what_fails_when_a_stream_is_left_or_parsed(way: str) -> None:
    """Seed 700619 of the wire: a cancel while the body of a response was closed."""

    async def leaves() -> None:
        left = LEAVING[way]()
        if left is not None:
            await left

    with pytest.raises(LookupError, match="it failed") as raised:
        await leaves()
    modules = [str(entry.frame.f_globals["__name__"]) for entry in raised.traceback]
    assert [name for name in modules if name.startswith("lastchunk.")] == []


def test_a_chain_in_a_circle() -> None:
    """It is looked at once."""
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    passed_on(one)
    assert (one.__traceback__, two.__traceback__) == (None, None)
