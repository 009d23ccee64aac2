# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""OpenAI's Responses API with the real SDK: what its events say, and that its streams stay its streams."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from openai import AsyncOpenAI, AsyncStream, OpenAI, Stream

from lastchunk.patches.openai_responses import RESPONSES
from lastchunk.semconv import ChunkKind, LastEvent
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.wire import Wire
from tests.conftest import Exported

ASK: Any = {"model": "m", "input": "hello"}


def _event(kind: str, **fields: Any) -> Any:
    return SimpleNamespace(type=kind, **fields)


def _end(kind: str, why: str | None = None) -> Any:
    details = SimpleNamespace(reason=why) if why else None
    usage = SimpleNamespace(input_tokens=7, output_tokens=5)
    return _event(f"response.{kind}", response=SimpleNamespace(usage=usage, incomplete_details=details))


@pytest.mark.parametrize(
    ("event", "kind", "size"),
    [
        (_event("response.output_text.delta", delta="größe"), ChunkKind.TEXT, 7),
        (_event("response.refusal.delta", delta="no"), ChunkKind.TEXT, 2),
        (_event("response.reasoning_summary_text.delta", delta="hmm"), ChunkKind.REASONING, 3),
        (_event("response.function_call_arguments.delta", delta='{"a"'), ChunkKind.TOOL_CALL, 4),
        (_event("response.output_item.added", item=SimpleNamespace(type="function_call")), ChunkKind.TOOL_CALL, 0),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_content(event: Any, kind: ChunkKind, size: int) -> None:
    """An event of content has its kind and its bytes."""
    wire = Wire()
    assert RESPONSES.read(wire, event, 1.0) == (kind, size)
    assert wire.arrived


@pytest.mark.parametrize(
    ("event", "raw", "finish"),
    [
        (_end("completed"), "completed", Finish.COMPLETE),
        (_end("incomplete", "max_output_tokens"), "max_output_tokens", Finish.LENGTH),
        (_end("incomplete", "content_filter"), "content_filter", Finish.CONTENT_FILTER),
        (_end("failed"), "failed", Finish.ERROR),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_ends(event: Any, raw: str, finish: Finish) -> None:
    """The last event says how, and is the end marker."""
    wire = Wire()
    RESPONSES.read(wire, event, 1.0)
    assert (wire.finish_raw, wire.finish) == (raw, {finish})
    assert wire.end_marker
    assert (wire.input_tokens, wire.output_tokens) == (7, 5)


def test_an_error_event() -> None:
    """Ends the stream without an exception of the SDK's."""
    wire = Wire()
    RESPONSES.read(wire, _event("error"), 1.0)
    assert wire.provider_error
    assert wire.last_event is LastEvent.ERROR


@pytest.mark.parametrize(
    "event",
    [
        None,
        object(),
        _event("response.output_text.delta"),
        _event("response.output_text.delta", delta=""),
        _event("response.created"),
        _event("response.output_item.added"),
        _event("response.in_progress"),
        _event(7),  # type: ignore[arg-type]
    ],
)
def test_no_content(event: Any) -> None:
    """What carries none, and what is no event at all."""
    wire = Wire()
    RESPONSES.read(wire, event, 1.0)
    assert not wire.arrived


@pytest.mark.parametrize(
    ("given", "messages", "silent"),
    [
        ("hello", 1, False),
        ([{"role": "user", "content": "hello"}], 1, False),
        ([{"type": "function_call", "name": "f"}, {"type": "function_call_output", "output": "5"}], 2, True),
    ],
)
def test_the_input(given: Any, messages: int, silent: bool) -> None:
    """A text, or a list of items."""
    start = RESPONSES.describe(SimpleNamespace(_client=None), (), {"model": "m", "input": given})
    assert start.history is not None
    assert start.history.messages == messages
    assert start.may_be_silent is silent


async def test_a_stream_stays_one(exported: Exported, sdk: Callable[..., AsyncOpenAI]) -> None:
    """It stays the SDK's stream, and its span says what came."""
    client = sdk("clean", text="one two")
    stream = await client.responses.create(**ASK, stream=True)
    assert isinstance(stream, AsyncStream)
    assert [event.type async for event in stream][-1] == "response.completed"
    assert (await client.responses.create(**ASK)).output_text == "one two"
    given = exported.one().attributes
    assert given is not None
    assert exported.names == ["chat m"]
    assert given["gen_ai.response.finish_reasons"] == ("completed",)
    assert (given["gen_ai.usage.input_tokens"], given["gen_ai.usage.output_tokens"]) == (7, 2)
    assert given["lastchunk.stream.size"] == 7


def test_a_sync_stream_stays_one(exported: Exported, sync_sdk: Callable[..., OpenAI]) -> None:
    """A sync stream stays one, too."""
    stream = sync_sdk("length").responses.create(**ASK, stream=True)
    assert isinstance(stream, Stream)
    assert list(stream)[-1].type == "response.incomplete"
    assert exported.reason() == "length"


async def test_the_helper_makes_one_span(exported: Exported, sdk: Callable[..., AsyncOpenAI]) -> None:
    """`responses.stream` calls `create`."""
    async with sdk("tool_call").responses.stream(**ASK) as stream:
        async for _ in stream:
            pass
    assert exported.names == ["chat m"]
    assert exported.reason() == "completed"
