# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a model server says, event by event: as its protocol wants it, but for an odd value here and there."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, Literal

Dialect = Literal["openai", "completion", "responses", "anthropic", "ollama", "gemini"]
"""`completion` is an answer of the openai protocol that is no stream."""

Event = tuple[str, Any]
"""Its name, or none; and its data: a JSON value, or a text that is sent as it is."""

SENTINEL = "fuzz-sentinel"
"""Stands in every text that is content: it must not leave in telemetry."""

TOOL = "look"
_ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 2**53, 2**63, 10**40, 1.5, "", "x" * 300, "a\nb", "\x1b[31m", "\ud800", "\u202e\x00"),
    *([], {}, ["a"], {"a": 1}, f"{SENTINEL} as a name", [None], "stop", "7"),
)
_FINISHES = (
    *("stop",) * 6,
    *("length", "content_filter", "tool_calls", "end_turn", "end_turn", "max_tokens", "refusal", "pause_turn", "load"),
    *(None, "new_reason", "function_call", "error", "", "model_context_window_exceeded"),
)
_GEMINI_FINISHES = (
    *("STOP",) * 6,
    *("MAX_TOKENS", "SAFETY", "RECITATION", "MALFORMED_FUNCTION_CALL", "FINISH_REASON_UNSPECIFIED", "NEW_REASON", None),
)
_ERROR_CODES = (
    None,
    "server_error",
    "rate_limit_exceeded",
    "context_length_exceeded",
    "overloaded_error",
    429,
    "\ud800",
)


class Said:
    """Draws what stands in the fields of an answer; `odd` is how often it is not what belongs there."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._odd = random.choice((0, 0, 0.02, 0.1))

    def this(self, value: Any) -> Any:
        """`value`, or something odd."""
        return self.random.choice(_ODD) if self.random.random() < self._odd else value

    def now_and_then(self, often: float) -> bool:
        """True as `often` as that."""
        return self.random.random() < often

    def finish(self) -> Any:
        """Why the model finished."""
        return self.this(self.random.choice(_FINISHES))

    def texts(self) -> list[str]:
        """The pieces of the answer's text."""
        return [f"{SENTINEL} {number} " for number in range(self.random.choice((0, 1, 2, 3, 5, 12)))]

    def error(self) -> dict[str, Any]:
        """An error, as most protocols have it."""
        code = self.random.choice(_ERROR_CODES)
        return {"message": f"{SENTINEL}: it failed", "type": self.this("server_error"), "code": self.this(code)}


def _openai(said: Said) -> list[Event]:
    name, model = said.this("c-1"), said.this("m-answer")

    def chunk(delta: Any, finish: Any = None, **more: Any) -> Event:
        choices = said.this([{"index": said.this(0), "delta": said.this(delta), "finish_reason": finish}])
        event = {"id": name, "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices}
        return "", {**event, **more}

    usage = {"prompt_tokens": said.this(1), "completion_tokens": said.this(2), "total_tokens": 3}
    events = [chunk({"role": "assistant", "content": text}) for text in said.texts()]
    if said.now_and_then(0.1):
        events.insert(0, chunk({"reasoning_content": f"{SENTINEL} thought"}))
    if said.now_and_then(0.05):
        events.append(chunk({"refusal": f"{SENTINEL} no"}))
    if said.now_and_then(0.15):
        call = {"index": said.this(0), "id": said.this("call-1"), "type": "function"}
        events.append(chunk({"tool_calls": [{**call, "function": {"name": said.this(TOOL), "arguments": ""}}]}))
        arguments = said.random.choice(('{"what": "%s"}', '{"what": "%s', "{}")).replace("%s", SENTINEL)
        events.append(chunk({"tool_calls": [{"index": 0, "function": {"arguments": said.this(arguments)}}]}))
    if said.now_and_then(0.06):
        events.append(("", {"error": said.this(said.error())}))
    if said.now_and_then(0.9):
        events.append(chunk({}, said.finish(), **({"usage": said.this(usage)} if said.now_and_then(0.5) else {})))
    if said.now_and_then(0.2):
        events.append(("", {**events[-1][1], "choices": [], "usage": said.this(usage)}) if events else chunk({}))
    return [*events, ("", "[DONE]")] if said.now_and_then(0.9) else events


def _completion(said: Said) -> list[Event]:
    message = {"role": "assistant", "content": said.this("".join(said.texts()))}
    choice = {"index": 0, "message": message, "finish_reason": said.finish()}
    usage = {"prompt_tokens": said.this(1), "completion_tokens": said.this(2), "total_tokens": 3}
    whole = {"id": said.this("c-1"), "object": "chat.completion", "created": 1, "model": said.this("m-answer")}
    return [("", {**whole, "choices": said.this([choice]), "usage": said.this(usage)})]


def _responses(said: Said) -> list[Event]:
    usage = {"input_tokens": said.this(1), "output_tokens": said.this(2), "total_tokens": 3}
    usage |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    whole = {"id": said.this("r-1"), "object": "response", "created_at": 1, "model": said.this("m-answer")}
    whole |= {"output": [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    place = {"item_id": "i-1", "output_index": 0, "content_index": 0}
    item = {"type": "message", "id": "i-1", "role": "assistant", "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "", "annotations": []}
    events: list[tuple[str, Any]] = [
        ("response.created", {"response": {**whole, "status": "in_progress"}}),
        ("response.output_item.added", {"output_index": 0, "item": item}),
        ("response.content_part.added", {**place, "part": part}),
    ]
    events += [("response.output_text.delta", {**place, "delta": said.this(t), "logprobs": []}) for t in said.texts()]
    if said.now_and_then(0.1):
        events.append(("error", said.error()))
    end = said.random.choice(("completed",) * 5 + ("incomplete", "failed"))
    reason = {"incomplete_details": {"reason": said.this("max_output_tokens")}} if end == "incomplete" else {}
    error = {"error": said.error()} if end == "failed" else {}
    events.append((f"response.{end}", {"response": {**whole, **reason, **error, "status": end, "usage": usage}}))
    return [(name, {"type": said.this(name), "sequence_number": n, **data}) for n, (name, data) in enumerate(events)]


def _anthropic(said: Said) -> list[Event]:
    message = {"id": said.this("m-1"), "type": "message", "role": "assistant", "model": said.this("m-answer")}
    begin = {**message, "content": [], "stop_reason": None, "usage": {"input_tokens": said.this(1), "output_tokens": 1}}
    deltas = [{"type": "text_delta", "text": said.this(text)} for text in said.texts()]
    events: list[tuple[str, Any]] = [("message_start", {"message": said.this(begin)})]
    events.append(("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}))
    events += [("content_block_delta", {"index": 0, "delta": said.this(delta)}) for delta in deltas]
    events.append(("content_block_stop", {"index": 0}))
    if said.now_and_then(0.15):
        block = {"type": "tool_use", "id": said.this("call-1"), "name": said.this(TOOL), "input": {}}
        events.append(("content_block_start", {"index": 1, "content_block": block}))
        arguments = {"type": "input_json_delta", "partial_json": said.this(json.dumps({"what": SENTINEL}))}
        events.append(("content_block_delta", {"index": 1, "delta": arguments}))
        events.append(("content_block_stop", {"index": 1}))
    if said.now_and_then(0.1):
        events.append(said.random.choice((("ping", {}), ("error", {"error": said.this(said.error())}))))
    end = {"delta": {"stop_reason": said.finish(), "stop_sequence": None}, "usage": {"output_tokens": said.this(2)}}
    events += [("message_delta", end), ("message_stop", {})]
    return [(name, {"type": said.this(name), **data}) for name, data in events]


def _ollama(said: Said) -> list[Event]:
    def line(text: Any, **more: Any) -> Event:
        message = {"role": "assistant", "content": said.this(text)}
        return "", {"model": said.this("m-answer"), "created_at": "2024-01-01T00:00:00Z", "message": message, **more}

    lines = [line(text, done=False, response=text) for text in said.texts()]
    if said.now_and_then(0.15):
        call = {"function": {"name": said.this(TOOL), "arguments": said.this({"what": SENTINEL})}}
        lines.append(("", {**line("")[1], "message": {"role": "assistant", "content": "", "tool_calls": [call]}}))
    if said.now_and_then(0.06):
        lines.append(("", {"error": said.this(f"{SENTINEL}: it failed")}))
    counts = {"prompt_eval_count": said.this(1), "eval_count": said.this(2)}
    return [*lines, line("", done=said.this(True), done_reason=said.finish(), response="", **counts)]


def _gemini(said: Said) -> list[Event]:
    def response(parts: list[Any], **more: Any) -> Event:
        content = {"role": "model", "parts": said.this(parts)}
        candidates = [said.this({"content": said.this(content), "index": 0, **more})]
        whole = {"candidates": said.this(candidates), "modelVersion": said.this("m-answer")}
        return "", {**whole, "responseId": said.this("r-1")}

    events = [response([{"text": said.this(text)}]) for text in said.texts()]
    if said.now_and_then(0.1):
        events.insert(0, response([{"text": f"{SENTINEL} thought", "thought": said.this(True)}]))
    if said.now_and_then(0.15):
        events.append(response([{"functionCall": {"name": said.this(TOOL), "args": said.this({"what": SENTINEL})}}]))
    if said.now_and_then(0.06):
        error = {"code": said.random.choice((429, 500, 400)), "message": f"{SENTINEL}: no", "status": "UNAVAILABLE"}
        events.append(("", {"error": said.this(error)}))
    if said.now_and_then(0.05):
        events.append(("", {"promptFeedback": {"blockReason": said.this("SAFETY")}}))
    end = response([{"text": ""}], finishReason=said.this(said.random.choice(_GEMINI_FINISHES)))
    usage = {"promptTokenCount": said.this(1), "candidatesTokenCount": said.this(2), "totalTokenCount": 3}
    return [*events, ("", {**end[1], "usageMetadata": said.this(usage)})] if said.now_and_then(0.9) else events


_DIALECTS: dict[Dialect, Callable[[Said], list[Event]]] = {
    "openai": _openai,
    "completion": _completion,
    "responses": _responses,
    "anthropic": _anthropic,
    "ollama": _ollama,
    "gemini": _gemini,
}


def answer(random: Random, dialect: Dialect) -> list[Event]:
    """The events of an answer; now and then one is missing, comes twice, or in another's place."""
    events = _DIALECTS[dialect](Said(random))
    if events and random.random() < 0.1:
        place, other = random.randrange(len(events)), random.randrange(len(events))
        match random.randrange(3):
            case 0:
                del events[place]
            case 1:
                events.insert(other, events[place])
            case _:
                events[place], events[other] = events[other], events[place]
    return events
