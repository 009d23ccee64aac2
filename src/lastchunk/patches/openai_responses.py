# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`responses.create(stream=True)` of the openai SDK and `responses.retrieve(stream=True)`, async and sync.

`responses.stream(...)` calls them. `retrieve` takes up the stream of a response that is made in the background.

Items: events, of which `response.completed`, `response.incomplete`, `response.failed` and `error` end the stream. Source:
openai/resources/responses/responses.py and openai/types/responses/response_stream_event.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from lastchunk.patches.openai_sdk import provider_of
from lastchunk.patches.support.chat_completions import identifier
from lastchunk.patches.support.fields import field, last_of
from lastchunk.patches.support.history import history_of, size_of_text
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import Content, Sdk, bare_stream
from lastchunk.patches.support.stainless import asks_for_stream, client_of, opened
from lastchunk.semconv import ChunkKind
from lastchunk.streams.record import Start
from lastchunk.streams.wire import Wire

_KINDS = {
    "response.output_text.delta": ChunkKind.TEXT,
    "response.refusal.delta": ChunkKind.TEXT,
    "response.reasoning_text.delta": ChunkKind.REASONING,
    "response.reasoning_summary_text.delta": ChunkKind.REASONING,
    "response.function_call_arguments.delta": ChunkKind.TOOL_CALL,
    "response.custom_tool_call_input.delta": ChunkKind.TOOL_CALL,
    "response.mcp_call_arguments.delta": ChunkKind.TOOL_CALL,
    "response.code_interpreter_call_code.delta": ChunkKind.TOOL_CALL,
}
"""By the type of an event with a `delta` of text."""


def _apply(module: ModuleType, patcher: Patcher) -> None:
    RESPONSES.wrap_async(patcher, module.AsyncResponses, "create")
    RESPONSES.wrap(patcher, module.Responses, "create")
    RESPONSES.wrap_async(patcher, module.AsyncResponses, "retrieve")
    RESPONSES.wrap(patcher, module.Responses, "retrieve")


def _describe(responses: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Start:
    client, url = client_of(responses)
    given = kwargs.get("input")
    return bare_stream(
        responses,
        provider=provider_of(client),
        model=kwargs.get("model"),
        url=url,
        history=history_of(given),
        may_be_silent=_answers_tool(given),
    )


def _answers_tool(given: Any) -> bool:
    kind = field(last_of(given), "type")
    return isinstance(kind, str) and kind.endswith("_output")


def _read(wire: Wire, event: Any, now: float) -> Content:
    name = getattr(event, "type", None)
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is not None:
        delta = getattr(event, "delta", None)
        size = size_of_text(delta) if isinstance(delta, str) else 0
        if size:
            wire.content(kind, now)
        return kind, size
    match name:
        case "response.created":
            response = getattr(event, "response", None)
            wire.named(getattr(response, "id", None), getattr(response, "model", None))
        case "response.output_item.added":
            if str(getattr(getattr(event, "item", None), "type", "")).endswith("_call"):
                wire.content(ChunkKind.TOOL_CALL, now)
                return ChunkKind.TOOL_CALL, 0
        case "response.completed" | "response.incomplete" | "response.failed":
            return _read_end(wire, getattr(event, "response", None), name.removeprefix("response."))
        case "error":
            wire.broke()
        case _:
            pass
    return ChunkKind.MESSAGE, 0


def _read_end(wire: Wire, response: Any, how: str) -> Content:
    if wire.response_id is None:
        # Taken up in the middle.
        wire.response_id, wire.response_model = identifier(response, "id"), identifier(response, "model")
    usage = getattr(response, "usage", None)
    wire.usage(getattr(usage, "input_tokens", None), getattr(usage, "output_tokens", None))
    wire.finished(identifier(getattr(response, "incomplete_details", None), "reason") or how)
    wire.ended()
    return ChunkKind.USAGE, 0


RESPONSES = Sdk(name="the openai SDK", asks=asks_for_stream, describe=_describe, read=_read, opened=opened)

PATCHES = (Patch("openai", ">= 1.66, < 4", "openai.resources.responses.responses", _apply),)
