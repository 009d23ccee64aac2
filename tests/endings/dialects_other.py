# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What servers send that speak as Anthropic's, as OpenAI's Responses API, or as Ollama: each script is one habit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lastchunk.model_server.actions import NDJSON, Head, Step
from tests.endings.raw import named, says
from tests.endings.stage import SECRET

_MESSAGE = {
    "id": "1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
_START = {"type": "message_start", "message": _MESSAGE}
_BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
_PIECE = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": SECRET}}
_STOP = {"type": "message_stop"}


def _delta(reason: str) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}


def _failure(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": f"{SECRET} {message}"}}


ANTHROPIC: Mapping[str, tuple[tuple[Step, ...], str]] = {
    "text_in_block_start": (
        says(named(_START, {**_BLOCK, "content_block": {"type": "text", "text": SECRET}}, _delta("end_turn"), _STOP)),
        "no deltas",
    ),
    "context_window": (says(named(_START, _BLOCK, _PIECE, _delta("model_context_window_exceeded"), _STOP)), ""),
    "refusal_later": (says(named(_START, _BLOCK, _PIECE, _delta("refusal"), _STOP)), ""),
    "pause_turn": (says(named(_START, _BLOCK, _PIECE, _delta("pause_turn"), _STOP)), ""),
    "overloaded_later": (says(named(_START, _BLOCK, _PIECE, _failure("overloaded_error", "Overloaded"))), ""),
    "rate_limit_later": (says(named(_START, _BLOCK, _PIECE, _failure("rate_limit_error", "Too fast"))), ""),
    "prompt_too_long": (
        says(named(_START, _failure("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"))),
        "",
    ),
}

_RESPONSE = {
    "id": "1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "output": [],
    "parallel_tool_calls": True,
} | {
    "tool_choice": "auto",
    "tools": [],
}
_ITEM = {"id": "2", "type": "message", "role": "assistant", "status": "completed"} | {
    "content": [{"type": "output_text", "text": SECRET, "annotations": []}]
}


def _of_response(name: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{name}", "sequence_number": 1, "response": {**_RESPONSE, "status": name, **more}}


_CREATED = {**_of_response("in_progress"), "type": "response.created"}

RESPONSES: Mapping[str, tuple[tuple[Step, ...], str]] = {
    "item_without_deltas": (
        says(
            named(
                _CREATED,
                {"type": "response.output_item.done", "sequence_number": 1, "output_index": 0, "item": _ITEM},
                _of_response("completed", output=[_ITEM]),
            )
        ),
        "from a cache",
    ),
    "failed_rate_limit": (
        says(named(_CREATED, _of_response("failed", error={"code": "rate_limit_exceeded", "message": SECRET}))),
        "",
    ),
    "error_event_context": (
        says(
            named(
                _CREATED,
                {
                    "type": "error",
                    "sequence_number": 1,
                    "code": "context_length_exceeded",
                    "message": SECRET,
                    "param": None,
                },
            )
        ),
        "",
    ),
    "incomplete_without_reason": (
        says(named(_CREATED, _of_response("incomplete", output=[_ITEM]))),
        "LiteLLM: the server behind it sent no finish reason",
    ),
    "completed_says_incomplete": (
        says(named(_CREATED, {**_of_response("incomplete", output=[_ITEM]), "type": "response.completed"})),
        "LiteLLM, older: the event says the opposite",
    ),
    "completed_says_failed": (
        says(named(_CREATED, {**_of_response("failed", output=[_ITEM]), "type": "response.completed"})),
        "the same of a failure",
    ),
    "completed_says_length": (
        says(
            named(
                _CREATED,
                {
                    **_of_response("incomplete", output=[_ITEM], incomplete_details={"reason": "max_output_tokens"}),
                    "type": "response.completed",
                },
            )
        ),
        "the same, with the reason",
    ),
    "incomplete_max_tokens": (
        says(
            named(
                _CREATED, _of_response("incomplete", output=[_ITEM], incomplete_details={"reason": "max_output_tokens"})
            )
        ),
        "",
    ),
}


def _lines(*objects: Mapping[str, Any]) -> tuple[Step, ...]:
    body = (
        json.dumps({"model": "m", "created_at": "2026-01-01T00:00:00Z", **each}).encode() + b"\n" for each in objects
    )
    return says(*body, head=Head(content_type=NDJSON))


_SAID = {"message": {"role": "assistant", "content": SECRET}, "done": False}
_OVER = {"message": {"role": "assistant", "content": ""}, "done": True}

OLLAMA: Mapping[str, tuple[tuple[Step, ...], str]] = {
    "loaded_only": (_lines({**_OVER, "done_reason": "load"}), "`load`: no messages, or a template that is empty"),
    "unloaded": (_lines(_SAID, {**_OVER, "done_reason": "unload"}), ""),
    "context_full": (
        _lines(_SAID, {**_OVER, "done_reason": "length", "prompt_eval_count": 4000, "eval_count": 96}),
        "prompt and answer are `num_ctx` together",
    ),
    "done_without_reason": (_lines(_SAID, _OVER), "older servers"),
    "error_line": (_lines(_SAID, {"error": f"{SECRET} an error was encountered while running the model"}), ""),
    "thinking_line_cut": (
        _lines({"message": {"role": "assistant", "content": "", "thinking": SECRET}, "done": False}),
        "",
    ),
}
