# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the chat completions dialect says: in chunks of the real SDK's classes."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from lastchunk.patches.support.chat_completions import answers_tool, read_chunk
from lastchunk.semconv import Cause, ChunkKind, LastEvent
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.wire import Wire


def _chunk(*choices: dict[str, Any], **more: Any) -> ChatCompletionChunk:
    whole = [{"index": 0, "delta": {}, "finish_reason": None, **choice} for choice in choices]
    return ChatCompletionChunk.construct(id="1", model="m", choices=whole, **more)


@pytest.mark.parametrize(
    ("delta", "kind", "size"),
    [
        ({"content": "größe"}, ChunkKind.TEXT, 7),
        ({"refusal": "no"}, ChunkKind.TEXT, 2),
        ({"reasoning_content": "hmm"}, ChunkKind.REASONING, 3),
        ({"reasoning": "hmm"}, ChunkKind.REASONING, 3),
        ({"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]}, ChunkKind.TOOL_CALL, 4),
        ({"role": "assistant", "content": ""}, ChunkKind.MESSAGE, 0),
    ],
)
def test_content(delta: dict[str, Any], kind: ChunkKind, size: int) -> None:
    """A chunk of content has its kind and its bytes."""
    wire = Wire()
    assert read_chunk(wire, _chunk({"delta": delta}), 1.0) == (kind, size)
    assert wire.arrived == (kind is not ChunkKind.MESSAGE)


def test_finish_and_usage() -> None:
    """In one chunk, or in two; the first reason is the raw one, and every one counts."""
    wire = Wire()
    read_chunk(wire, _chunk({"finish_reason": "length"}), 1.0)
    assert wire.last_event is LastEvent.FINISH
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    assert read_chunk(wire, _chunk(usage=usage), 1.0) == (ChunkKind.USAGE, 0)
    read_chunk(wire, _chunk({"finish_reason": ""}), 1.0)
    read_chunk(wire, _chunk({"finish_reason": "stop"}), 1.0)
    assert wire.finish_raw == "length"
    assert wire.finish == {Finish.LENGTH, Finish.COMPLETE}
    assert (wire.input_tokens, wire.output_tokens) == (7, 5)


@pytest.mark.parametrize("chunk", [None, object(), ChatCompletionChunk.model_construct(), "text"])
def test_what_is_no_chunk(chunk: Any) -> None:
    """Other objects say nothing, and break nothing."""
    wire = Wire()
    assert read_chunk(wire, chunk, 1.0) == (ChunkKind.MESSAGE, 0)
    assert not wire.provider_error


NAMES = ["reasoning_text", "thinking", "thoughts", "reasoning_details", "some_new_thinking"]


@pytest.mark.parametrize("name", NAMES)
def test_thinking_under_any_name(name: str) -> None:
    """Reasoning is found under the names of Copilot, older gateways, OpenRouter, and under new ones."""
    wire = Wire()
    value = [{"type": "reasoning.text", "text": "hm"}] if name.endswith("details") else "hm"
    assert read_chunk(wire, _chunk({"delta": {name: value}}), 1.0) == (ChunkKind.REASONING, 2)


@pytest.mark.parametrize(
    ("choice", "kind", "size"),
    [
        ({"delta": {"content": [{"type": "text", "text": "Paris"}]}}, ChunkKind.TEXT, 5),
        (
            {"delta": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}},
            ChunkKind.REASONING,
            2,
        ),
        ({"delta": {"audio": {"id": "a", "data": "AAAA", "transcript": "hi"}}}, ChunkKind.MESSAGE, 6),
        ({"delta": {"function_call": {"name": "f", "arguments": "{}"}}}, ChunkKind.TOOL_CALL, 2),
        ({"delta": {"function_call": {"name": "f", "arguments": ""}}}, ChunkKind.TOOL_CALL, 0),
        ({"delta": {"something_new": {"deep": ["hello"]}}}, ChunkKind.MESSAGE, 5),
        ({"message": {"role": "assistant", "content": "Hello"}}, ChunkKind.TEXT, 5),
        ({"text": "Hello"}, ChunkKind.TEXT, 5),
    ],
)
def test_content_in_other_places_and_shapes(choice: dict[str, Any], kind: ChunkKind, size: int) -> None:
    """Everything that is not protocol counts as content."""
    wire = Wire()
    assert read_chunk(wire, _chunk(choice), 1.0) == (kind, size)
    assert wire.arrived
    assert wire.last_event is kind


@pytest.mark.parametrize(
    "delta",
    [
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"content": [{"type": "text", "text": ""}]},
        {"audio": {"id": "a1", "transcript": ""}},
        {"audio": {"expires_at": 1234567890}},
        {"reasoning_details": [{"type": "reasoning.text", "format": "x", "index": 0, "signature": "abc"}]},
        {},
    ],
)
def test_protocol_is_no_content(delta: dict[str, Any]) -> None:
    """Roles, ids, indices and empty texts are not content, but they can be the last event."""
    wire = Wire()
    read_chunk(wire, _chunk({"delta": {"content": "x"}}), 1.0)
    read_chunk(wire, _chunk({"delta": delta}), 1.0)
    assert wire.content_chunks == 1
    assert wire.last_event is ChunkKind.MESSAGE


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"code": 50505, "message": "Model service overloaded. Please try again later."}, None),
        ({"object": "error", "message": "too many requests"}, Cause.RATE_LIMITED),
        ({"error": {"code": "context_length_exceeded"}}, Cause.CONTEXT_LIMIT),
    ],
)
def test_an_error_in_the_place_of_a_chunk(more: dict[str, Any], cause: Cause | None) -> None:
    """With or without the key `error`."""
    wire = Wire()
    read_chunk(wire, ChatCompletionChunk.construct(**more), 1.0)
    assert wire.provider_error
    assert wire.error_cause is cause
    assert wire.last_event is LastEvent.ERROR


def test_a_vendor_s_error_and_usage() -> None:
    """Groq's stand in `x_groq`."""
    wire = Wire()
    read_chunk(wire, _chunk({}, x_groq={"id": "r", "usage": {"prompt_tokens": 9, "completion_tokens": 3}}), 1.0)
    assert (wire.input_tokens, wire.output_tokens) == (9, 3)
    assert not wire.provider_error
    read_chunk(wire, _chunk({}, x_groq={"id": "r", "error": "over_capacity"}), 1.0)
    assert wire.provider_error


@pytest.mark.parametrize(
    ("messages", "answers"),
    [
        ([{"role": "user"}, {"role": "tool"}], True),
        ([{"role": "tool"}, {"role": "user"}], False),
        ([], False),
        (None, False),
        (["text"], False),
        ("tool", False),
    ],
)
def test_answers_a_tool(messages: Any, answers: bool) -> None:
    """The last message decides whether a tool is answered."""
    assert answers_tool(messages) is answers
