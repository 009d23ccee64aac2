# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`models.generate_content_stream` of the google-genai SDK, async and sync: Gemini, and Gemini on Vertex AI.

Items: `GenerateContentResponse`, whose candidates have parts and a finish reason; there is no end marker. What the call gives is
a generator, which makes its request at its first step, and may make more: one for each round of functions that the SDK calls
itself. `chats` call it, too. Source: google/genai/models.py and google/genai/_api_client.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

from lastchunk.patches.support.carried import carried
from lastchunk.patches.support.fields import field, items_of, last_of
from lastchunk.patches.support.history import size_of_text
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import Content, Sdk, bare_stream
from lastchunk.semconv import ChunkKind
from lastchunk.streams.start import History, Start
from lastchunk.streams.wire import Wire

_READING = frozenset({"segments", "async_segments", "_iter_response_stream", "_aiter_response_stream"})
"""Functions that the generator calls when it has the response, and not before."""


def _apply(module: ModuleType, patcher: Patcher) -> None:
    CHAT.wrap_async(patcher, module.AsyncModels, "generate_content_stream")
    CHAT.wrap(patcher, module.Models, "generate_content_stream")


def _asks(args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    return True


def _describe(models: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start:
    client = field(models, "_api_client")
    contents = kwargs.get("contents")
    return bare_stream(
        models,
        provider="gcp.vertex_ai" if field(client, "vertexai") else "gcp.gemini",
        model=kwargs.get("model"),
        url=field(field(client, "_http_options"), "base_url"),
        history=_history(contents),
        may_be_silent=_answers_tool(contents),
    )


def _history(contents: object) -> History | None:
    """Return how many contents there are, and how much text in them. None if they have another shape."""
    if isinstance(contents, str):
        return History(1, size_of_text(contents))
    items = items_of(contents) or (() if contents is None else (contents,))
    return History(len(items), sum(map(_size, items))) if items else None


def _size(content: object) -> int:
    parts = sum(map(_size, items_of(field(content, "parts"))))
    return size_of_text(content) + size_of_text(field(content, "text")) + parts


def _answers_tool(contents: object) -> bool:
    content = _last_within(contents)
    return field(_last_within(field(content, "parts"), content), "function_response") is not None


def _last_within(things: object, alone: object = None) -> object:
    """Return the last of a list or a tuple. Of anything else, or of an empty one, `alone`, or `things` itself."""
    last = last_of(things)
    return last if last is not None else things if alone is None else alone


def _read(wire: Wire, response: object, now: float) -> Content:
    if wire.response_id is None:
        wire.named(getattr(response, "response_id", None), getattr(response, "model_version", None))
    kind, size = ChunkKind.MESSAGE, 0
    wire.last_event = kind
    _read_usage(wire, getattr(response, "usage_metadata", None))
    for number, candidate in enumerate(items_of(getattr(response, "candidates", None))):
        of_candidate, of_candidate_size = _piece(getattr(candidate, "content", None))
        arrived = bool(of_candidate_size) or of_candidate is ChunkKind.TOOL_CALL
        if arrived:
            kind, size = of_candidate, size + of_candidate_size
            wire.content(kind, now, number)
        reason = _word(getattr(candidate, "finish_reason", None))
        if reason:
            wire.finished(reason, number, with_content=arrived)
    blocked = _word(getattr(getattr(response, "prompt_feedback", None), "block_reason", None))
    if blocked:
        wire.finished(f"blocked_{blocked}")  # why does not matter: some of its words say nothing by themselves
    return kind, size


def _word(reason: object) -> str:
    """What stands in the SDK's enumeration of reasons, whose members are texts; empty if it is none."""
    return str.__str__(reason) if isinstance(reason, str) else ""


def _piece(content: object) -> Content:
    kind, size = ChunkKind.MESSAGE, 0
    for part in items_of(getattr(content, "parts", None)):
        of_part, found = carried(part)
        if getattr(part, "thought", None) is True and of_part is ChunkKind.TEXT:
            of_part = ChunkKind.REASONING
        if found or of_part is ChunkKind.TOOL_CALL:
            kind, size = of_part, size + found
    return kind, size


def _read_usage(wire: Wire, usage: object) -> None:
    if usage is None:
        return
    thoughts = getattr(usage, "thoughts_token_count", None)
    wire.thought = wire.thought or (isinstance(thoughts, int) and thoughts > 0)
    wire.usage(getattr(usage, "prompt_token_count", None), getattr(usage, "candidates_token_count", None))


def _after_headers(error: BaseException) -> bool:
    """Whether the error was raised while the body was read, or was in it."""
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_name in _READING:
            return True
        traceback = traceback.tb_next
    return False


CHAT = Sdk(
    name="the google-genai SDK", asks=_asks, describe=_describe, read=_read, lazy=True, after_headers=_after_headers
)

PATCHES = (Patch("google-genai", ">= 2.25, < 4", "google.genai.models", _apply),)
