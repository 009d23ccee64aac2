# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The chat completions dialect: the chunks that OpenAI's API streams, and everybody's who speaks it.

A chunk has choices with a delta and a finish reason, or the usage; `[DONE]` ends the stream. Source:
openai/types/chat/chat_completion_chunk.py and azure/ai/inference/models/_models.py.
"""

from __future__ import annotations

import re
from typing import Any

from lastchunk.own_errors import report
from lastchunk.patches.support.fields import field, items_of, last_of
from lastchunk.patches.support.history import size_of_text
from lastchunk.patches.support.sdk_calls import Content
from lastchunk.semconv import ChunkKind
from lastchunk.streams.wire import Wire

_TEXT = ChunkKind.TEXT
_END_MARKER = b"\ndata: [DONE]"
"""At the begin of a line: an answer that quotes it has no line that begins, because JSON escapes the newline."""
_DONE = b"[DONE]"
_NO_STREAM = (b"{", b"[", b"<")
"""How JSON and HTML begin, and no event does. Some servers send either as `text/event-stream`."""
_LOOKED_AT = len(_END_MARKER) + 8
"""Bytes at the end of a read: the marker, and the blank line behind it in any framing."""
EVENT_END = b"}\n\n"
"""How nearly every read ends that is an event, or some; the end marker ends otherwise."""
_ERROR_EVENT = re.compile(rb'^data: ?\{\s*"(error"|object"\s*:\s*"error")', re.MULTILINE)
"""An error that stands where a chunk should; inside of a chunk's text its quotes would be escaped."""


def answers_tool(messages: Any) -> bool:
    """The last message is a tool's result, so that the answer may be silent."""
    role = field(last_of(messages), "role")
    return isinstance(role, str) and str.__str__(role) == "tool"


def read_chunk(wire: Wire, chunk: Any, now: float) -> Content:
    """Take the evidence out of a chunk."""
    if wire.response_id is None:
        wire.named(getattr(chunk, "id", None), getattr(chunk, "model", None))
    try:
        # Text and nothing else, as nearly every chunk. A pydantic model's attributes cost three times what its dictionary does.
        fields = chunk.__dict__
        (choice,) = fields["choices"]
        of_choice = choice.__dict__
        text = of_choice["delta"].__dict__["content"]
        if text and type(text) is str and of_choice["finish_reason"] is None and fields["usage"] is None:
            wire.content(_TEXT, now)
            return _TEXT, len(text) if text.isascii() else size_of_text(text)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return _read_other(wire, chunk, now)


def _read_other(wire: Wire, chunk: Any, now: float) -> Content:
    kind, size = ChunkKind.MESSAGE, 0
    if chunk is None:
        return kind, size
    choices = getattr(chunk, "choices", None)
    if choices is None and getattr(chunk, "object", None) == "error":
        wire.broke()
    for choice in items_of(choices):
        kind, size = _content(getattr(choice, "delta", None))
        if size or kind is ChunkKind.TOOL_CALL:
            wire.content(kind, now)
        reason = identifier(choice, "finish_reason")
        if reason is not None:
            wire.finished(str(getattr(reason, "value", reason)))
    usage = getattr(chunk, "usage", None)
    if usage is not None:
        wire.usage(getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
        if not choices:
            kind = ChunkKind.USAGE
            wire.last_event = kind
    return kind, size


def identifier(chunk: Any, name: str) -> str | None:
    """A text that is not empty; None if there is none."""
    value = getattr(chunk, name, None)
    return value if isinstance(value, str) and value else None


def _content(delta: Any) -> Content:
    text = getattr(delta, "content", None) or getattr(delta, "refusal", None)
    if isinstance(text, str) and text:
        return ChunkKind.TEXT, size_of_text(text)
    calls = getattr(delta, "tool_calls", None)
    if calls:
        return ChunkKind.TOOL_CALL, sum(_size_of_call(call) for call in items_of(calls))
    for name in ("reasoning_content", "reasoning"):
        thought = getattr(delta, name, None)
        if isinstance(thought, str) and thought:
            return ChunkKind.REASONING, size_of_text(thought)
    return ChunkKind.MESSAGE, 0


def _size_of_call(call: Any) -> int:
    arguments = getattr(getattr(call, "function", None), "arguments", None)
    return size_of_text(arguments) if isinstance(arguments, str) else 0


class Reads:
    """Looks for what an SDK swallows in what it reads from the network: the end marker, errors, a body that is no stream.

    Most servers send each event as an HTTP chunk of its own, and then a read is an event: every line of `look` is paid per
    chunk. What one read gave may be handed on much later, so it counts when the SDK asks for the next one, or is through.
    Between the network and the SDK, whatever is raised ends the application's stream: so nothing is.
    """

    __slots__ = ("_wire", "_with_errors", "tail")

    def __init__(self, wire: Wire, *, with_errors: bool = False) -> None:
        self._wire = wire
        self._with_errors = with_errors
        self.tail = b""
        """The end of what was read before; empty at first."""

    def asked(self) -> None:
        """The SDK asks for more."""
        try:
            wire = self._wire
            if wire.end_marker_read or wire.error_read:
                wire.caught_up()
        except Exception as exc:
            report("what the network gave", exc)

    def look(self, data: bytes) -> bool:
        """Look at what was read; True if `asked` has something to do."""
        try:
            tail, wire = self.tail, self._wire
            if not tail:
                tail = b"\n"
                if data.startswith(_NO_STREAM):
                    wire.streamed = False
            self.tail = tail = data[-_LOOKED_AT:] if len(data) >= _LOOKED_AT else (tail + data)[-_LOOKED_AT:]
            if _DONE in tail and tail.rstrip().endswith(_END_MARKER):
                wire.end_marker_read = True
            if self._with_errors and _ERROR_EVENT.search(data):
                wire.error_read = True
            return wire.end_marker_read or wire.error_read
        except Exception as exc:
            report("what the network gave", exc)
            return False
