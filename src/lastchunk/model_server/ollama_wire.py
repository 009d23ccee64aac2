# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The content steps of a script as Ollama sends them: one JSON object a line.

What the other dialects say in three events (finish reason, usage, end) is one line here: the one that is `done`.
"""

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
    pieces_of,
    words,
)


def _line(data: object) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


@dataclass(slots=True)
class OllamaReply:
    """One answer of a model."""

    id: str
    model: str
    speech: Speech
    done: bool = field(default=False, init=False)
    """The line that is `done` has been sent."""

    def render(self, step: Content) -> Iterator[bytes]:
        """The pieces in which a step travels: each is sent by itself, `Speech.gap` after the one before."""
        match step:
            case Text():
                name = "thinking" if step.field == "reasoning" else "content"
                lines = [self._chunk({name: piece}) for piece in pieces_of(self.speech.text, step)]
                yield from [b"".join(lines)] if step.pieces == "one_write" else lines
            case ToolCall(end):
                if end == 1.0:  # a call is one chunk: it comes whole, or not at all
                    yield self._chunk({"content": "", "tool_calls": [self._call()]})
            case Finish(reason):
                yield self._done(reason or self.speech.finish)
            case Done():
                if not self.done:
                    yield self._done(None)
            case Usage():
                pass
            case Empty(count):
                yield from [self._chunk({"content": ""})] * count
            case Odd(shape):
                yield self._odd(shape)
            case Failure():
                yield _line({"error": self.speech.error})
            case Refused(_, code):
                too_long = "the input length exceeds the context length"
                yield _line({"error": too_long if code == "context_length_exceeded" else self.speech.error})
            case Completion(reason, tool_call):
                call = {"content": "", "tool_calls": [self._call()]} if tool_call else {"content": self.speech.text}
                yield self._done(reason, call)

    def _odd(self, shape: str) -> bytes:
        healthy = self._chunk({"content": self.speech.text})
        return {
            "null": b"null\n",
            "without_choices": _line({"model": self.model}),
            "malformed_json": healthy[:-10] + b"\n",
            "bad_utf8": b'{"message":{"role":"assistant","content":"\xff\xfe"}}\n',
            "half": healthy[: len(healthy) // 2],
            "unterminated_finish": self._done("stop").removesuffix(b"\n"),
        }[shape]

    def _call(self) -> Mapping[str, object]:
        try:
            arguments = json.loads(self.speech.arguments)
        except ValueError:
            arguments = {}
        return {"function": {"name": self.speech.tool, "arguments": arguments}}

    def _chunk(self, message: Mapping[str, object], **more: object) -> bytes:
        return _line(
            {
                "model": self.model,
                "created_at": "2026-01-01T00:00:00Z",
                "message": {"role": "assistant", **message},
                "done": False,
                **more,
            }
        )

    def _done(self, reason: str | None, message: Mapping[str, object] | None = None) -> bytes:
        self.done = True
        # Ollama says `stop` after a tool call too.
        said = {} if reason is None else {"done_reason": "stop" if reason == "tool_calls" else reason}
        counts = {"prompt_eval_count": 7, "eval_count": len(words(self.speech.text))}
        return self._chunk(message or {"content": ""}, done=True, **said, **counts)
