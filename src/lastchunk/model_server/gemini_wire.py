# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The content steps of a script as Gemini sends them: one event for each piece, and no end marker.

The event that finishes has the finish reason and the usage in one.
"""

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
    pieces_of,
    words,
)

_FINISHES = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "error": "MALFORMED_RESPONSE",
}
_STATUS = {"context_length_exceeded": "INVALID_ARGUMENT", "rate_limit_exceeded": "RESOURCE_EXHAUSTED"}


def _event(data: object) -> bytes:
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\r\n\r\n"


@dataclass(slots=True)
class GeminiReply:
    """One answer of a model."""

    id: str
    model: str
    speech: Speech

    def render(self, step: Content) -> Iterator[bytes]:
        """The pieces in which a step travels: each is sent by itself, `Speech.gap` after the one before."""
        match step:
            case Text():
                thought = {"thought": True} if step.field == "reasoning" else {}
                events = [_event(self._body({"text": piece, **thought})) for piece in pieces_of(self.speech.text, step)]
                yield from [b"".join(events)] if step.pieces == "one_write" else events
            case ToolCall(end):
                if end == 1.0:  # a call is one part: it comes whole, or not at all
                    yield _event(self._body(self._call()))
            case Finish(reason):
                yield _event(self._body({"text": ""}, reason or self.speech.finish))
            case Done() | Usage():
                pass
            case Empty(count):
                yield from [_event(self._body({"text": ""}))] * count
            case Odd(shape):
                yield self._odd(shape)
            case Failure():
                yield _event(self._error("INTERNAL", status=500))
            case Refused(_, code):
                yield json.dumps(self._error(_STATUS.get(code or "", "UNAVAILABLE"), code)).encode()
            case Completion(reason, tool_call):
                yield json.dumps(self._body(self._call() if tool_call else {"text": self.speech.text}, reason)).encode()

    def _odd(self, shape: str) -> bytes:
        healthy = _event(self._body({"text": self.speech.text}))
        return {
            "null": b"data: null\r\n\r\n",
            "without_choices": _event({"modelVersion": self.model}),
            "malformed_json": healthy[:-10] + b"\r\n\r\n",
            "bad_utf8": b'data: {"candidates":[{"content":{"parts":[{"text":"\xff\xfe"}]}}]}\r\n\r\n',
            "half": healthy[: len(healthy) // 2],
            "unterminated_finish": _event(self._body({"text": ""}, "stop")).removesuffix(b"\r\n\r\n"),
        }[shape]

    def _call(self) -> Mapping[str, object]:
        try:
            arguments = json.loads(self.speech.arguments)
        except ValueError:
            arguments = {}
        return {"functionCall": {"name": self.speech.tool, "args": arguments}}

    def _error(self, name: str, code: str | None = None, status: int | None = None) -> Mapping[str, object]:
        too_long = "The input token count exceeds the maximum number of tokens allowed"
        message = too_long if code == "context_length_exceeded" else self.speech.error
        said = {} if status is None else {"code": status}
        return {"error": {**said, "message": message, "status": name}}

    def _body(self, part: Mapping[str, object], reason: str | None = None) -> Mapping[str, object]:
        """One response; with a finish reason the usage comes, too."""
        candidate: dict[str, object] = {"content": {"role": "model", "parts": [part]}, "index": 0}
        body: dict[str, object] = {"candidates": [candidate], "modelVersion": self.model, "responseId": self.id}
        if reason is not None:
            candidate["finishReason"] = _FINISHES.get(reason, reason)
            body["usageMetadata"] = {
                "promptTokenCount": 7,
                "candidatesTokenCount": len(words(self.speech.text)),
            }
        return body
