# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The real google-genai SDK: what its spans say beside the ending, and the rounds in which it calls functions itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from google.genai import Client
from google.genai.types import Content, GenerateContentConfig, GenerateContentResponse, HttpOptions, Part
from httpx2 import AsyncClient
from httpx2 import Client as SyncClient

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from lastchunk.patches.google_genai_sdk import CHAT, _answers_tool, _history
from lastchunk.semconv import ChunkKind
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.start import History
from lastchunk.streams.wire import Wire
from tests.conftest import Exported

Make = Callable[[str], Client]


@pytest.fixture(name="client")
async def _client(server: ModelServer) -> AsyncIterator[Make]:
    """`client(script)`: the SDK's client of a script; closed after the test."""
    made: list[tuple[AsyncClient, SyncClient]] = []

    def make(script: str) -> Client:
        made.append((AsyncClient(), SyncClient()))
        options = HttpOptions(
            base_url=server.url(script, dialect="gemini"), httpx_async_client=made[-1][0], httpx_client=made[-1][1]
        )
        return Client(api_key="none", http_options=options)

    yield make
    for http, sync in made:
        await http.aclose()
        sync.close()


async def test_what_the_span_says(exported: Exported, client: Make) -> None:
    """Provider, model, server, tokens and history; and the application has its own kind of stream."""
    stream = await client("clean").aio.models.generate_content_stream(model="gemini-x", contents="größe")
    assert [type(item) async for item in stream] == [GenerateContentResponse] * 16
    given: dict[str, Any] = dict(exported.one("chat").attributes or {})
    assert given[semconv.PROVIDER_NAME] == "gcp.gemini"
    assert given[semconv.REQUEST_MODEL] == given[semconv.RESPONSE_MODEL] == "gemini-x"
    assert given[semconv.SERVER_ADDRESS] == "127.0.0.1"
    assert (given[semconv.USAGE_INPUT_TOKENS], given[semconv.USAGE_OUTPUT_TOKENS]) == (7, 15)
    assert (given[semconv.HISTORY_MESSAGES], given[semconv.HISTORY_SIZE]) == (1, 7)
    assert given[semconv.EVIDENCE] == "wire"


async def test_a_chat(exported: Exported, client: Make) -> None:
    """`chats` call the same method: one stream for each message."""
    chat = client("silent_cut").aio.chats.create(model="gemini-x")
    assert [item async for item in await chat.send_message_stream("hello")]
    assert exported.reason("chat") == "truncated"


def lookup(city: str, days: int) -> str:
    """Look a city up."""
    return f"{city}: {days} sunny days"


async def test_functions_that_the_sdk_calls_itself(exported: Exported, client: Make, server: ModelServer) -> None:
    """Two requests are one stream, which ends as the second one ends."""
    before = len(server.exchanges)
    stream = await client("tool_call_then_silent_cut").aio.models.generate_content_stream(
        model="gemini-x", contents="hello", config=GenerateContentConfig(tools=[lookup])
    )
    assert [item async for item in stream]
    assert len(server.exchanges) - before == 2
    assert exported.reason("chat") == "truncated"


async def test_sync(exported: Exported, client: Make) -> None:
    """The sync client, in a thread; a stream that is left is abandoned."""
    made = client("clean")

    def leave() -> None:
        stream = made.models.generate_content_stream(model="gemini-x", contents="hello")
        next(stream)
        stream.close()

    await asyncio.to_thread(leave)
    assert exported.reason("chat") == "abandoned"


def _response(**candidate: Any) -> GenerateContentResponse:
    return GenerateContentResponse.model_validate({"candidates": [candidate]})


@pytest.mark.parametrize(
    ("part", "kind", "size"),
    [
        ({"text": "größe"}, ChunkKind.TEXT, 7),
        ({"text": "hmm", "thought": True}, ChunkKind.REASONING, 3),
        ({"function_call": {"name": "lookup", "args": {}}}, ChunkKind.TOOL_CALL, 0),
        ({"text": ""}, ChunkKind.MESSAGE, 0),
    ],
)
def test_content(part: dict[str, Any], kind: ChunkKind, size: int) -> None:
    """A chunk of content has its kind and its bytes."""
    wire = Wire()
    found, of_it = CHAT.read(wire, _response(content={"parts": [part]}), 1.0)
    assert found is kind
    assert of_it >= size
    assert wire.arrived == (kind is not ChunkKind.MESSAGE)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", {Finish.COMPLETE}),
        ("MAX_TOKENS", {Finish.LENGTH}),
        ("SAFETY", {Finish.CONTENT_FILTER}),
        ("RECITATION", {Finish.CONTENT_FILTER}),
        ("MALFORMED_FUNCTION_CALL", {Finish.ERROR}),
        ("FINISH_REASON_UNSPECIFIED", set[Finish]()),
    ],
)
def test_finish_reasons(reason: str, finish: set[Finish]) -> None:
    """Each means what it says."""
    wire = Wire()
    CHAT.read(wire, _response(content={"parts": [{"text": "a"}]}, finish_reason=reason), 1.0)
    assert wire.finish == finish


def test_a_prompt_that_is_blocked() -> None:
    """There is no candidate, and the feedback says why."""
    wire = Wire()
    blocked = {"prompt_feedback": {"block_reason": "PROHIBITED_CONTENT"}}
    CHAT.read(wire, GenerateContentResponse.model_validate(blocked), 1.0)
    assert wire.finish == {Finish.CONTENT_FILTER}


def test_history() -> None:
    """The history is counted in every shape that the SDK takes, and nothing of it is used up."""
    said = Content(role="user", parts=[Part(text="abc"), Part(text="de")])
    assert _history("abc") == History(1, 3)
    assert _history([said, "f", {"role": "user", "parts": [{"text": "gh"}]}]) == History(3, 8)
    assert _history(said) == History(1, 5)
    assert _history(None) is None
    answer = Content(role="user", parts=[Part.from_function_response(name="lookup", response={"result": "a"})])
    assert _answers_tool([said, answer])
    assert not _answers_tool([answer, said])
