# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The real ollama client: what its chunks say, and its generators, which make their requests at their first step."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import httpx
import pytest
from ollama import AsyncClient, ChatResponse, Client, ResponseError

from lastchunk.model_server.server import ModelServer
from lastchunk.patches.ollama_sdk import CHAT, _after_headers
from lastchunk.semconv import ChunkKind, LastEvent
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.wire import Wire
from tests.conftest import Exported

ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}


def _chunk(message: dict[str, Any], **more: Any) -> ChatResponse:
    return ChatResponse.model_validate({"model": "llama", "message": {"role": "assistant", **message}, **more})


@pytest.mark.parametrize(
    ("message", "kind", "size"),
    [
        ({"content": "größe"}, ChunkKind.TEXT, 7),
        ({"thinking": "hmm", "content": ""}, ChunkKind.REASONING, 3),
        ({"tool_calls": [{"function": {"name": "lookup", "arguments": {}}}]}, ChunkKind.TOOL_CALL, 0),
        ({"content": ""}, ChunkKind.MESSAGE, 0),
        ({}, ChunkKind.MESSAGE, 0),
    ],
)
def test_content(message: dict[str, Any], kind: ChunkKind, size: int) -> None:
    """A chunk of content has its kind and its bytes."""
    wire = Wire()
    assert CHAT.read(wire, _chunk(message), 1.0) == (kind, size)
    assert wire.arrived == (kind is not ChunkKind.MESSAGE)
    assert wire.response_model == "llama"


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop", {Finish.COMPLETE}), ("length", {Finish.LENGTH}), ("load", {Finish.COMPLETE}), (None, set[Finish]())],
)
def test_done(reason: str | None, finish: set[Finish]) -> None:
    """The last line is the end marker, with or without a reason."""
    wire = Wire()
    CHAT.read(wire, _chunk({"content": "a"}, done=True, done_reason=reason, prompt_eval_count=7, eval_count=5), 1.0)
    assert wire.end_marker
    assert (wire.finish, wire.finish_raw) == (finish, reason)
    assert (wire.input_tokens, wire.output_tokens) == (7, 5)
    assert wire.last_event is LastEvent.END_MARKER


@pytest.mark.parametrize("chunk", [None, object(), ChatResponse.model_construct()])
def test_what_is_no_chunk(chunk: Any) -> None:
    """Other objects say nothing, and break nothing."""
    wire = Wire()
    assert CHAT.read(wire, chunk, 1.0) == (ChunkKind.MESSAGE, 0)
    assert not wire.end_marker


async def _drain(stream: Any) -> None:
    async for _ in stream:
        pass


def test_errors_after_the_headers() -> None:
    """An error that stood in the body, and one raised while it was read; the status of a response is neither."""

    def iter_lines() -> None:
        raise httpx.ReadError("gone")

    assert _after_headers(ResponseError("broken"))
    assert not _after_headers(ResponseError("too many", 429))
    assert not _after_headers(httpx.ReadError("gone"))
    for read in (iter_lines, lambda: json.loads("<html>")):
        with pytest.raises((httpx.ReadError, ValueError)) as caught:
            read()
        assert _after_headers(caught.value)


async def test_a_stream_stays_one(exported: Exported, server: ModelServer) -> None:
    """An async generator, which begins at its first step."""
    client = AsyncClient(host=server.url("clean", dialect="ollama"))
    stream: Any = await client.chat(**ASK)
    assert inspect.isasyncgen(stream)
    assert exported.ours == []
    before = server.requests("clean")
    await stream.aclose()
    assert server.requests("clean") == before
    assert exported.ours == []
    chunks = [chunk async for chunk in await client.chat(**ASK)]
    await client.close()
    assert all(type(chunk) is ChatResponse for chunk in chunks)
    given = exported.one().attributes
    assert given is not None
    assert exported.names == ["chat m"]
    assert given["gen_ai.provider.name"] == "ollama"
    assert given["server.address"] == "127.0.0.1"
    assert given["gen_ai.response.finish_reasons"] == ("stop",)
    assert exported.reason() == "completed"


def test_a_sync_stream_stays_one(exported: Exported, server: ModelServer) -> None:
    """A generator, also by position."""
    with Client(host=server.url("length", dialect="ollama")) as client:
        stream: Any = client.chat("by-position", ASK["messages"], stream=True)
        assert inspect.isgenerator(stream)
        assert len(list(stream)) > 1
        assert client.chat("m", ASK["messages"]).done
    assert exported.names == ["chat by-position"]
    assert exported.reason() == "length"


@pytest.mark.parametrize("how", ["drop", "aclose", "cancel"])
async def test_leaving(exported: Exported, server: ModelServer, how: str) -> None:
    """The connection is closed at once, as without Lastchunk."""
    async with AsyncClient(host=server.url("stall", dialect="ollama")) as client:
        stream: Any = await client.chat(**ASK)
        await anext(stream)
        if how == "cancel":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_drain(stream), 0.2)
        elif how == "aclose":
            await stream.aclose()
        del stream
        assert await asyncio.to_thread(server.exchanges[-1].over.wait, 2)
        assert server.exchanges[-1].client_left_at is not None
    assert exported.reason() == ("cancelled" if how == "cancel" else "abandoned")


@pytest.mark.parametrize(
    ("script", "reason", "last_event"),
    [
        ("stall_after_headers", "timeout", "headers"),
        ("stall_before_headers", "rejected", "none"),
        ("rst_after_headers", "connection_lost", "headers"),
        ("rst_before_headers", "rejected", "none"),
        ("html_body", "protocol_error", "headers"),
        ("http_429", "rejected", "error"),
        ("empty_body", "empty", "headers"),
    ],
)
async def test_headers(exported: Exported, server: ModelServer, script: str, reason: str, last_event: str) -> None:
    """The generator shows none: they are told from the exception."""
    async with AsyncClient(host=server.url(script, dialect="ollama"), timeout=0.3) as client:
        try:
            async for _ in await client.chat(**ASK):
                pass
        except (httpx.HTTPError, ResponseError, ValueError):
            pass
    assert exported.reason() == reason
    assert (exported.one().attributes or {})["lastchunk.stream.last_event"] == last_event
