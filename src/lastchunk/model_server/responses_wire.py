# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The content steps of a script as OpenAI's Responses API sends them: events, the last of which carries the response."""

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
from lastchunk.model_server.anthropic_wire import event
from lastchunk.model_server.openai_wire import sse

Json = Mapping[str, object]

_INCOMPLETE = {"length": "max_output_tokens", "max_tokens": "max_output_tokens", "content_filter": "content_filter"}
"""Which finish reasons of a script make a response incomplete, and how its reason is called here."""
_DELTAS = {
    "content": "response.output_text.delta",
    "reasoning": "response.reasoning_text.delta",
    "refusal": "response.refusal.delta",
}


@dataclass(slots=True)
class ResponsesReply:
    """One answer of a model, which knows whether it has begun."""

    id: str
    model: str
    speech: Speech
    begun: bool = field(default=False, init=False)
    opened: str = field(default="", init=False)
    """What the open item carries; empty if there is none."""
    items: list[Json] = field(default_factory=list[Json], init=False)
    """The items that have been opened so far."""
    sequence: int = field(default=0, init=False)

    def render(self, step: Content) -> Iterator[bytes]:
        """The pieces in which a step travels: each is sent by itself, `Speech.gap` after the one before."""
        match step:
            case Text():
                opening = self._open(step.field)
                chunks = [self._delta(step.field, piece) for piece in pieces_of(self.speech.text, step)]
                if chunks:
                    chunks[0] = opening + chunks[0]
                yield from [b"".join(chunks)] if step.pieces == "one_write" else chunks
            case ToolCall(end):
                yield self._item(self._call(""))
                for fragment in fragments(self.speech.arguments, end):
                    yield self._event("response.function_call_arguments.delta", delta=fragment, **self._place())
            case Finish(reason):
                yield self._finish(reason or self.speech.finish)
            case Usage() | Done():
                pass  # both come with the last event
            case Empty(count):
                for _ in range(count):
                    yield self._event("response.in_progress", response=self._response("in_progress"))
            case Odd(shape):
                yield self._odd(shape)
            case Failure(shape):
                yield self._failure(shape)
            case Completion(reason, tool_call):
                output = self._call(self.speech.arguments) if tool_call else self._message()
                yield json.dumps(self._response("completed", output=[output])).encode()
            case Refused(type_, code):
                yield json.dumps({"error": {"message": self.speech.error, "type": type_, "code": code}}).encode()

    def _event(self, kind: str, **data: object) -> bytes:
        opening = b""
        if not self.begun:
            self.begun = True
            opening = self._event("response.created", response=self._response("in_progress"))
        self.sequence += 1
        return opening + event(kind, sequence_number=self.sequence, **data)

    def _item(self, item: Json) -> bytes:
        closing = self._close()
        self.items.append({**item, "id": f"item_{self.id}_{len(self.items)}"})
        return closing + self._event("response.output_item.added", output_index=self._index, item=self.items[-1])

    def _close(self) -> bytes:
        if not self.items:
            return b""
        return self._event("response.output_item.done", output_index=self._index, item=self.items[-1])

    @property
    def _index(self) -> int:
        return max(len(self.items) - 1, 0)

    def _open(self, carries: str) -> bytes:
        """Begin an item for it, unless it is open."""
        if self.opened == carries:
            return b""
        self.opened = carries
        if carries == "reasoning":
            return self._item({"type": "reasoning", "summary": [], "content": []})
        part = {"type": "refusal", "refusal": ""} if carries == "refusal" else _output_text("")
        added = self._item({**self._message(), "status": "in_progress", "content": []})
        return added + self._event("response.content_part.added", **self._place(), content_index=0, part=part)

    def _delta(self, carries: str, piece: str) -> bytes:
        return self._event(_DELTAS[carries], delta=piece, **self._place(), content_index=0, logprobs=[])

    def _finish(self, reason: str) -> bytes:
        why = _INCOMPLETE.get(reason)
        if why is None:
            closing = self._close()
            return closing + self._event("response.completed", response=self._response("completed", output=self.items))
        incomplete = self._response("incomplete", incomplete_details={"reason": why})
        return self._event("response.incomplete", response=incomplete)

    def _failure(self, shape: str) -> bytes:
        error: Json = {"code": "server_error", "message": self.speech.error}
        if shape == "without_error_key":
            return self._event("error", **error, param=None)
        if shape == "object":
            return self._event("response.failed", response=self._response("failed", error=error))
        return sse({"error": error if shape != "string" else self.speech.error}, event="error")

    def _odd(self, shape: str) -> bytes:
        healthy = self._delta("content", self.speech.text)
        return {
            "null": sse(None),
            "without_choices": event("response.output_text.delta"),
            "malformed_json": healthy[:-10] + b"\n\n",
            "bad_utf8": sse(b'{"type":"response.output_text.delta","delta":"\xff\xfe"}'),
            "half": healthy[: len(healthy) // 2],
            "unterminated_finish": self._finish("stop").removesuffix(b"\n"),
        }[shape]

    def _place(self) -> dict[str, object]:
        return {"item_id": f"item_{self.id}_{self._index}", "output_index": self._index}

    def _call(self, arguments: str) -> Json:
        name = {"id": f"item_{self.id}", "call_id": f"call_{self.id}", "name": self.speech.tool}
        return {"type": "function_call", **name, "arguments": arguments, "status": "in_progress"}

    def _message(self) -> Json:
        text = {"type": "output_text", "text": self.speech.text, "annotations": []}
        return {
            "type": "message",
            "id": f"item_{self.id}",
            "role": "assistant",
            "status": "completed",
            "content": [text],
        }

    def _response(self, status: str, **more: object) -> Json:
        said = len(words(self.speech.text))
        return {
            "id": self.id,
            "object": "response",
            "created_at": 1_700_000_000,
            "model": self.model,
            "status": status,
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": None if status == "in_progress" else _usage(said),
            **more,
        }


def _output_text(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": []}


def _usage(said: int) -> Json:
    return {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 7 + said,
    }
