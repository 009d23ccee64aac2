# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the chunks of the chat completions protocol of OpenAI, which many other servers speak.

A chunk has choices with a delta and a finish reason, or the usage; `[DONE]` ends the stream. Source:
openai/types/chat/chat_completion_chunk.py and azure/ai/inference/models/_models.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from lastchunk.patches.support.carried import carried, fields
from lastchunk.patches.support.fields import field, items_of, last_of
from lastchunk.patches.support.history import size_of_text
from lastchunk.patches.support.sdk_calls import Content
from lastchunk.semconv import ChunkKind
from lastchunk.streams.provider_errors import cause_named_by, is_error_object
from lastchunk.streams.wire import Wire

_TEXT = ChunkKind.TEXT
_PIECES = ("delta", "message", "text", "content")
"""Where a choice has its piece of the answer."""
_ANSWERS = ("response", "text", "content", "message", "token", "generated_text", "completion", "output_text", "output")
"""Where a chunk without choices may have a piece of the answer."""
_PROTOCOL = frozenset({"id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier"})


def answers_tool(messages: object) -> bool:
    """Whether the last message is a tool's result. The answer to it may be silent."""
    role = field(last_of(messages), "role")
    return isinstance(role, str) and str.__str__(role) == "tool"


def read_chunk(wire: Wire, chunk: object, now: float) -> Content:
    """Take the evidence out of a chunk."""
    if wire.response_id is None:
        wire.named(getattr(chunk, "id", None), getattr(chunk, "model", None))
    try:
        # Text and nothing else, as nearly every chunk. A pydantic model's attributes cost three times what its dictionary does.
        of_chunk = chunk.__dict__
        (choice,) = of_chunk["choices"]
        of_choice = choice.__dict__
        text = of_choice["delta"].__dict__["content"]
        if (
            text
            and type(text) is str
            and of_choice["finish_reason"] is None
            and of_chunk["usage"] is None
            and not of_choice["index"]
        ):
            # As `Wire.content` does it, which would be a call more.
            wire.arrived = True
            wire.last_event = _TEXT
            if not wire.content_chunks:
                wire.first_content_at = now
                wire.first_kind = _TEXT
            wire.content_chunks += 1
            wire.last_content_at = now
            return _TEXT, len(text) if text.isascii() else size_of_text(text)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return _read_other(wire, chunk, now)


def _read_other(wire: Wire, chunk: object, now: float) -> Content:
    kind, size = ChunkKind.MESSAGE, 0
    wire.last_event = kind
    if chunk is None:
        return kind, size
    choices = getattr(chunk, "choices", None)
    for choice in items_of(choices):
        index = getattr(choice, "index", 0)
        index = index if isinstance(index, int) and index > 0 else 0
        of_choice, of_choice_size = _piece(choice)
        arrived = bool(of_choice_size) or of_choice is ChunkKind.TOOL_CALL
        if arrived:
            kind, size = of_choice, size + of_choice_size
            wire.content(kind, now, index)
            _read_arguments(wire, choice, index)
        reason = _finish_reason(choice)
        if reason is not None:
            wire.finished(reason, index, with_content=arrived)
        if error := _get(choice, "error"):
            wire.broke(cause_named_by(error))
    if (error := error_in(chunk, choices)) is not None:
        wire.broke(cause_named_by(error))
    elif not choices:
        kind, size = _read_without_choices(wire, chunk, now)
    if _read_usage(wire, chunk) and not choices and not size and error is None:
        kind = ChunkKind.USAGE
        wire.last_event = kind
    return kind, size


def _piece(choice: object) -> Content:
    kind, size = ChunkKind.MESSAGE, 0
    for name in _PIECES:
        piece = _get(choice, name)
        if isinstance(piece, str):
            piece = {"content": piece}
        of_piece, found = carried(piece)
        if found or of_piece is ChunkKind.TOOL_CALL:
            kind, size = of_piece, size + found
    return kind, size


def _read_arguments(wire: Wire, choice: object, index: int) -> None:
    for name in ("delta", "message"):
        piece = _get(choice, name)
        for call in items_of(_get(piece, "tool_calls")):
            wire.calls.came(_get(_get(call, "function"), "arguments"), _get(call, "index"), index)
        wire.calls.came(_get(_get(piece, "function_call"), "arguments"), -1, index)


def _read_without_choices(wire: Wire, chunk: object, now: float) -> Content:
    """Read an answer in the shape of Cloudflare, TGI or SGLang, which is not OpenAI's."""
    given = dict(fields(chunk))
    kind, size = carried({"content": [given[name] for name in _ANSWERS if given.get(name)]})
    if size:
        wire.content(kind, now)
    for source in (given, given.get("meta_info"), given.get("details")):
        if (reason := _finish_reason(source)) is not None:
            wire.finished(reason, with_content=bool(size))
    return kind, size


def _finish_reason(source: object) -> str | None:
    """Return a non-empty text, or the `type` of an object (SGLang's). None if there is none."""
    given = _get(source, "finish_reason")
    if isinstance(given, Mapping):
        given = given.get("type")
    return str(getattr(given, "value", given)) if isinstance(given, str) and given else None


def error_in(chunk: object, choices: object) -> object:
    """Return an error in place of a chunk or an answer, or beside its choices, also a vendor's: `x_groq.error`, `base_resp`."""
    if not choices and is_error_object(given := dict(fields(chunk))):
        return given
    for name, value in _extra(chunk):
        if name == "error" and value:
            return value
        if isinstance(value, Mapping) and is_error_object(value):
            return value.get("error") or value
    return None


def _extra(chunk: object) -> list[tuple[str, object]]:
    """Return the vendor's own fields of a chunk."""
    return [(name, value) for name, value in fields(chunk) if name not in _PROTOCOL]


def _read_usage(wire: Wire, chunk: object) -> bool:
    """Take the usage, the chunk's own or a vendor's (`x_groq.usage`). Return True if the chunk has its own."""
    usage = getattr(chunk, "usage", None)
    if usage is not None:
        _take_usage(wire, usage)
        return True
    for _, value in _extra(chunk):
        if isinstance(value, Mapping) and isinstance(value.get("usage"), Mapping):
            _take_usage(wire, value["usage"])
    return False


def _take_usage(wire: Wire, usage: object) -> None:
    wire.usage(_get(usage, "prompt_tokens"), _get(usage, "completion_tokens"))
    thought = _get(_get(usage, "completion_tokens_details"), "reasoning_tokens")
    wire.thought = wire.thought or (isinstance(thought, int) and thought > 0)
    queued = _get(usage, "queue_time")
    if isinstance(queued, int | float):
        wire.accounted_wait += float(queued)


def _get(source: object, name: str) -> object:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def identifier(chunk: object, name: str) -> str | None:
    """Return a non-empty text, else None."""
    value = getattr(chunk, name, None)
    return value if isinstance(value, str) and value else None
