# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the chat completions dialect says: in chunks of the real SDK's classes, and in what is read from the network."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from lastchunk.patches.support.chat_completions import Reads, answers_tool, read_chunk
from lastchunk.semconv import ChunkKind, LastEvent
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.wire import Wire

DONE = b"data: [DONE]\n\n"


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
    """Its kind, and its bytes."""
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
    """Says nothing, and breaks nothing."""
    wire = Wire()
    assert read_chunk(wire, chunk, 1.0) == (ChunkKind.MESSAGE, 0)
    assert not wire.provider_error


@pytest.mark.parametrize(
    "reads",
    [
        [DONE],
        [b"data: {}\n\n" + DONE],
        [b"data: {}\n\ndata: [DO", b"NE]\n\n"],
        [b"data: {}\n\n", b"data: [DONE]"],
        [b"data: {}\r\n\r\ndata: [DONE]\r\n\r\n"],
    ],
)
def test_the_end_marker(reads: list[bytes]) -> None:
    """However the network cuts it; it counts when the SDK asks for more, or is through."""
    for asks in (True, False):
        wire = Wire()
        looked = Reads(wire)
        for data in reads:
            looked.asked()
            looked.look(data)
        assert not wire.end_marker
        if asks:
            looked.asked()
        else:
            wire.over(exhausted=True)
        assert wire.end_marker
        assert wire.last_event is LastEvent.END_MARKER


def test_an_end_marker_that_was_not_handed_on() -> None:
    """The SDK raised before it came to it."""
    wire = Wire()
    Reads(wire).look(b"data: {broken\n\n" + DONE)
    wire.over(exhausted=False)
    assert not wire.end_marker


@pytest.mark.parametrize("data", [b'data: {"content": "data: [DONE]"}\n\n', b"data: [DONE]\n\ndata: {}\n\n", b"[DONE]"])
def test_what_is_no_end_marker(data: bytes) -> None:
    """A text that quotes it, and one that is not at the end."""
    wire = Wire()
    Reads(wire).look(data)
    wire.over(exhausted=True)
    assert not wire.end_marker


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'data: {"error": {"code": 1}}\n\n', True),
        (b'data: {"id": 1}\n\ndata:{"error":"gone"}\n\n', True),
        (b'data: { "object": "error", "message": "gone"}\n\n', True),
        (b'data: {"content": "\\ndata: {\\"error\\": 1}"}\n\n', False),
        (b'data: {"object": "chat.completion.chunk", "error": null}\n\n', False),
    ],
)
def test_errors_that_the_sdk_does_not_hand_on(data: bytes, error: bool) -> None:
    """Only where one stands in the place of a chunk, and only if asked to look."""
    for with_errors in (True, False):
        wire = Wire()
        Reads(wire, with_errors=with_errors).look(data)
        wire.over(exhausted=True)
        assert wire.provider_error is (error and with_errors)


@pytest.mark.parametrize(("data", "streamed"), [(b"{}", False), (b"<html>", False), (DONE, True), (b": hi\n\n", True)])
def test_a_body_that_is_no_stream(data: bytes, streamed: bool) -> None:
    """JSON or HTML, whatever the content type says."""
    wire = Wire()
    reads = Reads(wire)
    reads.look(data)
    reads.look(b"{")
    assert wire.streamed is streamed


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
    """The last message decides."""
    assert answers_tool(messages) is answers
