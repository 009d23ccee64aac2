# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The content steps of a script as Anthropic sends them: named events that open, fill and close content blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lastchunk.model_server.actions import (
    Completion,
    Content,
    Done,
    Empty,
    Failure,
    Finish,
    Odd,
    Refused,
    Speech,
    Text,
    ToolCall,
    Usage,
    fragments,
    pieces_of,
    words,
)
from lastchunk.model_server.openai_wire import sse

Json = Mapping[str, object]

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
"""What a script's finish reason is called here; any other is sent as it is."""


def event(kind: str, **data: object) -> bytes:
    """One server-sent event, which says its type twice."""
    return sse({"type": kind, **data}, event=kind)


@dataclass(slots=True)
class AnthropicReply:
    """One answer of a model, which knows whether its message has begun and which block is open."""

    id: str
    model: str
    speech: Speech
    begun: bool = field(default=False, init=False)
    block: str = field(default="", init=False)
    """The type of the open block; empty if none is."""
    index: int = field(default=-1, init=False)

    def render(self, step: Content) -> Iterator[bytes]:
        """The pieces in which a step travels: each is sent by itself, `Speech.gap` after the one before."""
        match step:
            case Text():
                yield from self._text(step)
            case ToolCall(end):
                yield from self._tool_call(end)
            case Finish(reason):
                yield from self._finish(reason or self.speech.finish)
            case Usage():
                pass  # it comes with the stop reason
            case Empty(count):
                yield from [event("ping")] * count
            case Odd(shape):
                yield self._begin() + self._odd(shape)
            case Failure(shape):
                error = self._error("overloaded_error", None)
                yield sse(self.speech.error.encode(), event="error") if shape == "string" else sse(error, event="error")
            case Done():
                yield event("message_stop")
            case Completion(reason, tool_call):
                yield json.dumps(self._completion(reason, tool_call=tool_call)).encode()
            case Refused(type_, code):
                yield json.dumps(self._error(type_, code)).encode()

    def _begin(self) -> bytes:
        if self.begun:
            return b""
        self.begun = True
        usage = {"input_tokens": 7, "output_tokens": 1}
        return event("message_start", message={**self._message(), "usage": usage, "stop_reason": None})

    def _open(self, kind: str, block: Json) -> bytes:
        """Begin the message and this block, unless they are open."""
        if self.block == kind:
            return b""
        opening = self._begin() + self._close()
        self.block, self.index = kind, self.index + 1
        return opening + event("content_block_start", index=self.index, content_block={"type": kind, **block})

    def _close(self) -> bytes:
        if not self.block:
            return b""
        self.block = ""
        return event("content_block_stop", index=self.index)

    def _delta(self, kind: str, **delta: str) -> bytes:
        return event("content_block_delta", index=self.index, delta={"type": kind, **delta})

    def _text(self, step: Text) -> Iterator[bytes]:
        block, name = ("thinking", "thinking") if step.field == "reasoning" else ("text", "text")
        opening = self._open(block, {name: ""} | ({"signature": ""} if block == "thinking" else {}))
        chunks = [self._delta(f"{block}_delta", **{name: piece}) for piece in pieces_of(self.speech.text, step)]
        if chunks:
            chunks[0] = opening + chunks[0]
        yield from [b"".join(chunks)] if step.pieces == "one_write" else chunks

    def _tool_call(self, end: float) -> Iterator[bytes]:
        yield self._open("tool_use", {"id": f"toolu_{self.id}", "name": self.speech.tool, "input": {}})
        for fragment in fragments(self.speech.arguments, end):
            yield self._delta("input_json_delta", partial_json=fragment)

    def _finish(self, reason: str) -> Iterator[bytes]:
        closing = self._begin() + self._close()
        said = {"stop_reason": _STOP_REASONS.get(reason, reason), "stop_sequence": None}
        yield closing + event("message_delta", delta=said, usage={"output_tokens": len(words(self.speech.text))})

    def _odd(self, shape: str) -> bytes:
        healthy = self._delta("text_delta", text=self.speech.text)
        finish = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1})
        name = b"event: content_block_delta\n"
        return {
            "null": sse(None, event="content_block_delta"),
            "without_choices": event("content_block_delta"),
            "malformed_json": healthy[:-10] + b"\n\n",
            "bad_utf8": name + sse(b'{"type":"content_block_delta","delta":{"text":"\xff\xfe"}}'),
            "half": healthy[: len(healthy) // 2],
            "unterminated_finish": finish.removesuffix(b"\n"),
        }[shape]

    def _message(self) -> Json:
        return {"id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": []}

    def _completion(self, reason: str, *, tool_call: bool) -> Json:
        call = {"type": "tool_use", "id": f"toolu_{self.id}", "name": self.speech.tool, "input": {}}
        return {
            **self._message(),
            "content": [call if tool_call else {"type": "text", "text": self.speech.text}],
            "stop_reason": _STOP_REASONS.get(reason, reason),
            "usage": {"input_tokens": 7, "output_tokens": len(words(self.speech.text))},
        }

    def _error(self, type_: str, code: str | None) -> Json:
        too_long = "prompt is too long: 215000 tokens > 200000 maximum"
        message = too_long if code == "context_length_exceeded" else self.speech.error
        return {"type": "error", "error": {"type": type_, "message": message}}
