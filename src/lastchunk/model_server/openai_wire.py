# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The content steps of a script as an OpenAI-compatible server sends them: chat completion chunks as SSE."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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

Json = Mapping[str, object]

_FIELDS = {"content": "content", "reasoning": "reasoning_content", "refusal": "refusal"}


def sse(data: object, event: str | None = None) -> bytes:
    """One server-sent event; `data` as it is if it is bytes, else as JSON."""
    payload = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return (f"event: {event}\n".encode() if event else b"") + b"data: " + payload + b"\n\n"


@dataclass(frozen=True, slots=True)
class OpenAIReply:
    """One answer of a model: what all its chunks have in common, and how each step looks on the wire."""

    id: str
    model: str
    speech: Speech

    def render(self, step: Content) -> Iterator[bytes]:
        """The pieces in which a step travels: each is sent by itself, `Speech.gap` after the one before."""
        match step:
            case Text():
                yield from self._text(step)
            case ToolCall(end):
                yield from self._tool_call(end)
            case Finish(reason, usage):
                yield self._chunk({}, reason or self.speech.finish, usage=usage)
            case Usage():
                yield sse({**self._envelope(), "choices": [], "usage": self._usage()})
            case Empty(count):
                yield from [sse({**self._envelope(), "choices": []})] * count
            case Odd(shape):
                yield self._odd(shape)
            case Failure(shape):
                yield self._failure(shape)
            case Done():
                yield sse(b"[DONE]")
            case Completion(reason, tool_call):
                yield json.dumps(self._completion(reason, tool_call=tool_call)).encode()
            case Refused(type_, code):
                yield json.dumps({"error": self._error(type_, code)}).encode()

    def _text(self, step: Text) -> Iterator[bytes]:
        field = _FIELDS[step.field]
        pieces = pieces_of(self.speech.text, step)
        chunks = [self._chunk({field: piece}, step.finish, usage=step.usage) for piece in pieces]
        yield from [b"".join(chunks)] if step.pieces == "one_write" else chunks

    def _tool_call(self, end: float) -> Iterator[bytes]:
        opening = {"index": 0, "id": f"call_{self.id}", "type": "function"}
        yield self._chunk({"tool_calls": [{**opening, "function": {"name": self.speech.tool, "arguments": ""}}]})
        for fragment in fragments(self.speech.arguments, end):
            yield self._chunk({"tool_calls": [{"index": 0, "function": {"arguments": fragment}}]})

    def _odd(self, shape: str) -> bytes:
        healthy = self._chunk({"content": self.speech.text})
        finish = self._chunk({}, "stop")
        return {
            "null": sse(None),
            "without_choices": sse(self._envelope()),
            "malformed_json": sse(healthy[len(b"data: ") : -10]),
            "bad_utf8": sse(b'{"choices":[{"delta":{"content":"\xff\xfe"}}]}'),
            "half": healthy[: len(healthy) // 2],
            "unterminated_finish": finish.removesuffix(b"\n"),
        }[shape]

    def _failure(self, shape: str) -> bytes:
        error = self._error("server_error", None)
        broken = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        return {
            "object": sse({"error": error}),
            "named_event": sse({"error": error}, event="error"),
            "string": sse({"error": self.speech.error}),
            "without_error_key": sse({"object": "error", **error}),
            "beside_choices": sse({**self._envelope(), "error": error, "choices": [broken]}),
        }[shape]

    def _chunk(self, delta: Json, finish: str | None = None, *, usage: bool = False) -> bytes:
        choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
        return sse(
            {**self._envelope(), "choices": [choice]} | ({"usage": self._usage()} if usage else {}),
        )

    def _completion(self, reason: str, *, tool_call: bool) -> Json:
        function = {"name": self.speech.tool, "arguments": self.speech.arguments}
        called = {
            "content": None,
            "tool_calls": [{"id": f"call_{self.id}", "type": "function", "function": function}],
        }
        message = {"role": "assistant", **(called if tool_call else {"content": self.speech.text})}
        return {
            **self._envelope("chat.completion"),
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": self._usage(),
        }

    def _envelope(self, kind: str = "chat.completion.chunk") -> Json:
        return {"id": self.id, "object": kind, "created": 1_700_000_000, "model": self.model}

    def _usage(self) -> Json:
        completion = len(words(self.speech.text))
        return {"prompt_tokens": 7, "completion_tokens": completion, "total_tokens": 7 + completion}

    def _error(self, type_: str, code: str | None) -> Json:
        return {"message": self.speech.error, "type": type_, "param": None, "code": code}


class CompletionsReply(OpenAIReply):
    """The same in the older API, whose choices have a text and nothing else."""

    __slots__ = ()

    def _chunk(self, delta: Json, finish: str | None = None, *, usage: bool = False) -> bytes:
        choice = {"index": 0, "text": delta.get("content", ""), "logprobs": None, "finish_reason": finish}
        return sse(
            {**self._envelope("text_completion"), "choices": [choice]} | ({"usage": self._usage()} if usage else {}),
        )
