# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Raw responses of the openai and anthropic SDKs, and bodies that the application reads past the SDK, over real sockets."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import httpx
import httpx2
import pytest
from anthropic import AsyncAnthropic
from openai import APIConnectionError, AsyncOpenAI, AsyncStream, OpenAI, Stream
from openai._legacy_response import LegacyAPIResponse
from openai._response import AsyncAPIResponse

from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported

Sdk = Callable[..., AsyncOpenAI]
SyncSdk = Callable[..., OpenAI]
HELLO: Any = [{"role": "user", "content": "hello"}]
ASK: Any = {"model": "m", "messages": HELLO, "stream": True}


@pytest.fixture(name="claude")
async def _claude(server: ModelServer) -> AsyncIterator[Callable[[str], AsyncAnthropic]]:
    clients: list[AsyncAnthropic] = []

    def make(script: str) -> AsyncAnthropic:
        clients.append(AsyncAnthropic(base_url=server.url(script, dialect="anthropic"), api_key="none", max_retries=0))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()
    gc.collect()
    await asyncio.sleep(0)


async def drain(stream: Any) -> int:
    """Count the chunks."""
    return len([chunk async for chunk in stream])


PARSED = [
    ("clean", "completed"),
    ("silent_cut", "truncated"),
    ("length", "length"),
    ("done_only", "empty"),
    ("json_body", "empty"),
]


@pytest.mark.parametrize(("script", "reason"), PARSED)
async def test_parsed(exported: Exported, sdk: Sdk, script: str, reason: str) -> None:
    """The parsed stream has the evidence of the wire, as the stream itself has."""
    raw = await sdk(script).chat.completions.with_raw_response.create(**ASK)
    assert isinstance(raw, LegacyAPIResponse)
    stream = raw.parse()
    assert isinstance(stream, AsyncStream)
    assert raw.parse() is stream
    await drain(stream)
    assert exported.reason("chat") == reason
    assert exported.one().attributes["lastchunk.stream.evidence"] == "wire"


@pytest.mark.parametrize(("script", "reason"), PARSED)
async def test_parsed_in_a_context_manager(exported: Exported, sdk: Sdk, script: str, reason: str) -> None:
    """`with_streaming_response`, whose `parse` is a coroutine, and which closes the response when it is left."""
    async with sdk(script).chat.completions.with_streaming_response.create(**ASK) as response:
        assert isinstance(response, AsyncAPIResponse)
        stream = await response.parse()
        await drain(stream)
    assert exported.reason("chat") == reason


@pytest.mark.parametrize(("script", "reason"), PARSED)
def test_parsed_without_a_loop(exported: Exported, sync_sdk: SyncSdk, script: str, reason: str) -> None:
    """The sync client, both ways."""
    completions = sync_sdk(script).chat.completions
    stream = completions.with_raw_response.create(**ASK).parse()
    assert isinstance(stream, Stream)
    list(stream)
    with completions.with_streaming_response.create(**ASK) as response:
        list(response.parse())
    reasons = [span.attributes["lastchunk.stream.termination.reason"] for span in exported.ours]
    assert reasons == [reason, reason]


@pytest.mark.parametrize(("script", "reason"), [("clean", "completed"), ("silent_cut", "truncated")])
async def test_parsed_with_anthropic(
    exported: Exported, claude: Callable[[str], AsyncAnthropic], script: str, reason: str
) -> None:
    """The same holds for anthropic."""
    messages = claude(script).messages
    raw = await messages.with_raw_response.create(**ASK, max_tokens=99)
    await drain(raw.parse())
    async with messages.with_streaming_response.create(**ASK, max_tokens=99) as response:
        await drain(await response.parse())
    reasons = [span.attributes["lastchunk.stream.termination.reason"] for span in exported.ours]
    assert reasons == [reason, reason]


@pytest.mark.parametrize(("script", "reason"), [("clean", "completed"), ("silent_cut", "truncated")])
async def test_responses_and_what_takes_them_up(exported: Exported, sdk: Sdk, script: str, reason: str) -> None:
    """`create` and `retrieve`, raw and not."""
    responses = sdk(script).responses
    raw = await responses.with_raw_response.create(model="m", input="hello", stream=True)
    async with raw.parse() as stream:
        await drain(stream)
    assert exported.reason() == reason
    exported.exporter.clear()
    async with await responses.create(model="m", input="hello", stream=True) as plain:
        await drain(plain)
    assert exported.reason() == reason


def _taken_up(exported: Exported, reason: str) -> None:
    span = exported.one()
    assert span.name == "chat"
    assert span.attributes["lastchunk.stream.termination.reason"] == reason


@pytest.mark.parametrize(("script", "reason"), [("clean", "completed"), ("silent_cut", "truncated")])
async def test_a_response_is_taken_up(exported: Exported, sdk: Sdk, script: str, reason: str) -> None:
    """`responses.retrieve(stream=True)`: the request does not name the model."""
    responses = sdk(script).responses
    await drain(await responses.retrieve("resp_1", stream=True))
    _taken_up(exported, reason)
    exported.exporter.clear()
    raw = await responses.with_raw_response.retrieve("resp_1", stream=True)
    await drain(raw.parse())
    _taken_up(exported, reason)


@pytest.mark.parametrize(
    ("script", "reason"),
    [("clean", "completed"), ("silent_cut", "truncated"), ("length", "length"), ("rst", "connection_lost")],
)
async def test_legacy_completions(exported: Exported, sdk: Sdk, script: str, reason: str) -> None:
    """`completions.create(stream=True)`, plain and raw."""
    completions = sdk(script).completions
    texts = []
    with suppress(APIConnectionError):
        async for chunk in await completions.create(model="m", prompt="hello", stream=True):
            texts.append(chunk.choices[0].text if chunk.choices else "")
    assert "".join(texts).startswith("Every stream")
    assert exported.reason() == reason
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.size"] == len("".join(texts))
    assert attributes["lastchunk.stream.history.size"] == 5
    exported.exporter.clear()
    if reason != "connection_lost":
        await drain((await completions.with_raw_response.create(model="m", prompt="hello", stream=True)).parse())
        assert exported.reason() == reason


# --- never parsed -----------------------------------------------------------------------------------------------------


async def test_a_raw_response_that_dies_unparsed(exported: Exported, sdk: Sdk) -> None:
    """The answer was not read; the headers belong to the application."""
    raw = await sdk("clean").chat.completions.with_raw_response.create(**ASK)
    assert raw.headers["content-type"] == "text/event-stream"
    assert raw.status_code == 200
    assert raw.request_id is None
    assert exported.ours == []
    del raw
    gc.collect()
    await asyncio.sleep(0)
    assert exported.reason() == "abandoned"


async def test_a_context_manager_that_is_left_unread(exported: Exported, sdk: Sdk) -> None:
    """A response that is left unread is closed at once."""
    async with sdk("clean").chat.completions.with_streaming_response.create(**ASK) as response:
        assert response.status_code == 200
    assert exported.reason() == "abandoned"


# --- read past the SDK ------------------------------------------------------------------------------------------------


RAW = [("clean", "completed"), ("silent_cut", "truncated"), ("json_body", "completed")]


@pytest.mark.parametrize(("script", "reason"), RAW)
async def test_raw_lines(exported: Exported, sdk: Sdk, script: str, reason: str) -> None:
    """The lines of a streaming response are read."""
    async with sdk(script).chat.completions.with_streaming_response.create(**ASK) as response:
        lines = [line async for line in response.iter_lines()]
    assert lines
    assert exported.reason() == reason
    assert exported.one().attributes["lastchunk.stream.chunks"] > 0


@pytest.mark.parametrize(("script", "reason"), RAW)
def test_raw_bytes_without_a_loop(exported: Exported, sync_sdk: SyncSdk, script: str, reason: str) -> None:
    """Bytes are read with the sync client."""
    with sync_sdk(script).chat.completions.with_streaming_response.create(**ASK) as response:
        assert b"".join(response.iter_bytes())
    assert exported.reason() == reason


@pytest.mark.parametrize(("script", "reason"), RAW)
async def test_the_http_response_outlives_the_rest(exported: Exported, sdk: Sdk, script: str, reason: str) -> None:
    """An application that passes the body on keeps nothing but that."""
    body = (await sdk(script).chat.completions.with_raw_response.create(**ASK)).http_response.aiter_bytes()
    gc.collect()
    await asyncio.sleep(0)
    assert [data async for data in body]
    assert exported.reason() == reason


async def test_lines_of_the_stream_s_own_response(exported: Exported, sdk: Sdk) -> None:
    """The stream is never iterated: its response is."""
    stream = await sdk("clean").chat.completions.create(**ASK)
    lines = [line async for line in stream.response.aiter_lines()]
    assert lines[-2] == "data: [DONE]"
    assert exported.reason() == "completed"


@pytest.mark.parametrize("script", ["anthropic", "responses"])
async def test_other_end_markers(
    exported: Exported, sdk: Sdk, claude: Callable[[str], AsyncAnthropic], script: str
) -> None:
    """`message_stop`, and `response.completed`."""
    if script == "anthropic":
        stream: Any = await claude("clean").messages.create(**ASK, max_tokens=99)
    else:
        stream = await sdk("clean").responses.create(model="m", input="hello", stream=True)
    assert [line async for line in stream.response.aiter_lines()]
    assert exported.reason() == "completed"


async def test_left_behind_the_end_marker(exported: Exported, sdk: Sdk) -> None:
    """An application that stops at `[DONE]` has received everything."""
    stream = await sdk("stall_after_done").chat.completions.create(**ASK)
    async for line in stream.response.aiter_lines():
        if line == "data: [DONE]":
            break
    await stream.response.aclose()
    assert exported.reason() == "completed"


async def test_left_in_the_middle(exported: Exported, sdk: Sdk) -> None:
    """A body that is closed before its end is abandoned."""
    response = (await sdk("stall").chat.completions.with_raw_response.create(**ASK)).http_response
    async for _ in response.aiter_lines():
        break
    await response.aclose()
    assert exported.reason() == "abandoned"


async def test_a_connection_that_breaks(exported: Exported, sdk: Sdk) -> None:
    """The application gets its error, and the span says so."""
    async with sdk("rst").chat.completions.with_streaming_response.create(**ASK) as response:
        with pytest.raises((httpx.ReadError, httpx2.ReadError)):
            [line async for line in response.iter_lines()]
    assert exported.reason() == "connection_lost"


async def test_headers_are_looked_at_and_the_stream_is_read(exported: Exported, sdk: Sdk) -> None:
    """The commonest reason to touch `response`: nothing is counted twice."""
    stream = await sdk("clean").chat.completions.create(**ASK)
    assert stream.response.headers["content-type"] == "text/event-stream"
    count = await drain(stream)
    assert exported.reason() == "completed"
    assert exported.one().attributes["lastchunk.stream.chunks"] == count


async def test_headers_are_looked_at_and_the_stream_is_dropped(exported: Exported, sdk: Sdk) -> None:
    """Left after a chunk: at once, and not when the response is collected."""
    stream = await sdk("stall").chat.completions.create(**ASK)
    assert stream.response.status_code == 200
    await anext(stream)
    await stream.response.aclose()
    del stream
    gc.collect()
    await asyncio.sleep(0)
    assert exported.reason() == "abandoned"
