# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`responses.create(stream=True)` of the openai SDK and `responses.retrieve(stream=True)`, async and sync.

`responses.stream(...)` calls them. `retrieve` takes up the stream of a response that is made in the background.

Items: events, of which `response.completed`, `response.incomplete`, `response.failed` and `error` end the stream. Source:
openai/resources/responses/responses.py and openai/types/responses/response_stream_event.py.
"""

from __future__ import annotations

from lastchunk.patches.openai_sdk import NAME, SUPPORTED, provider_of
from lastchunk.patches.support import sse_body
from lastchunk.patches.support.carried import carried
from lastchunk.patches.support.chat_completions import identifier
from lastchunk.patches.support.fields import field, items_of, last_of
from lastchunk.patches.support.sdk_calls import Content
from lastchunk.patches.support.stainless import calls_of_resource, patch_of_resource
from lastchunk.semconv import ChunkKind
from lastchunk.streams.provider_errors import cause_named_by
from lastchunk.streams.wire import Wire


def _answers_tool(given: object) -> bool:
    kind = field(last_of(given), "type")
    return isinstance(kind, str) and kind.endswith("_output")


def _read(wire: Wire, event: object, now: float) -> Content:
    name = str(getattr(event, "type", ""))
    wire.last_event = ChunkKind.MESSAGE
    if name.endswith(".delta"):
        if name.endswith("_arguments.delta"):
            wire.calls.came(getattr(event, "delta", None), getattr(event, "output_index", None))
        return _arrived(wire, carried({_field_of(name): getattr(event, "delta", None)}), now)
    match name:
        case "response.created":
            response = getattr(event, "response", None)
            wire.named(getattr(response, "id", None), getattr(response, "model", None))
        case "response.output_item.added":
            if str(getattr(getattr(event, "item", None), "type", "")).endswith("_call"):
                wire.content(ChunkKind.TOOL_CALL, now)
                return ChunkKind.TOOL_CALL, 0
        case "response.output_item.done":
            # Gateways, and answers from a cache, send no deltas: then it stands here for the first time.
            if not wire.arrived:
                return _arrived(wire, _of_item(getattr(event, "item", None)), now)
        case "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled":
            return _read_end(wire, getattr(event, "response", None), name.removeprefix("response."), now)
        case "error":
            wire.broke(cause_named_by(event))
        case _:
            pass
    return ChunkKind.MESSAGE, 0


def _field_of(name: str) -> str:
    """Return the field of a delta's event: `response.output_text.delta` is a delta of `text`."""
    of_delta = name.removeprefix("response.").removesuffix(".delta")
    return "text" if of_delta in ("output_text", "refusal") else of_delta


def _arrived(wire: Wire, content: Content, now: float) -> Content:
    kind, size = content
    if size or kind is ChunkKind.TOOL_CALL:
        wire.content(kind, now)
    return content


def _of_item(item: object) -> Content:
    """Read a finished item: a message, reasoning, or a call."""
    kind = str(getattr(item, "type", ""))
    return carried({"tool_call" if kind.endswith("_call") else "reasoning" if kind == "reasoning" else "content": item})


_NOT_WHOLE = frozenset({"incomplete", "failed", "cancelled"})
"""What a response says of itself that has come to another end than its own."""


def _read_end(wire: Wire, response: object, how: str, now: float) -> Content:
    content = ChunkKind.USAGE, 0
    if wire.response_id is None:
        # Taken up in the middle.
        wire.named(getattr(response, "id", None), getattr(response, "model", None))
    if not wire.arrived:
        for item in items_of(getattr(response, "output", None)):
            content = _arrived(wire, _of_item(item), now)
    usage = getattr(response, "usage", None)
    wire.usage(getattr(usage, "input_tokens", None), getattr(usage, "output_tokens", None))
    thought = getattr(getattr(usage, "output_tokens_details", None), "reasoning_tokens", None)
    wire.thought = isinstance(thought, int) and thought > 0
    error = getattr(response, "error", None)
    if error is not None:
        wire.broke(cause_named_by(error))
    # Gateways send `response.completed` with a response in it that says otherwise.
    status = identifier(response, "status") if how == "completed" else None
    wire.finished(
        identifier(getattr(response, "incomplete_details", None), "reason") or (status if status in _NOT_WHOLE else how)
    )
    wire.end_marker_came()
    return content


RESPONSES = calls_of_resource(
    NAME,
    provider_of=provider_of,
    asked="input",
    answers_tool=_answers_tool,
    read=_read,
    framing=sse_body.RESPONSES,
)

PATCHES = (
    patch_of_resource(
        "openai", SUPPORTED, "openai.resources.responses.responses", "Responses", RESPONSES, ("create", "retrieve")
    ),
)
