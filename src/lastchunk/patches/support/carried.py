# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds out what a chunk carries beyond protocol: content under any name and in any shape."""

from __future__ import annotations

from collections.abc import Iterator

from lastchunk.patches.support.fields import extra_of, fields_of, items_of
from lastchunk.patches.support.history import size_of_text
from lastchunk.patches.support.sdk_calls import Content
from lastchunk.semconv import ChunkKind

_NAMES = (
    "role id index type object created model name status format phase obfuscation signature thought_signature "
    "extra_content finish_reason stop_reason done_reason logprobs token_ids annotations citations citation expires_at "
    "call_id item_id output_index content_index sequence_number encrypted_content cache_control"
)
_PROTOCOL = frozenset(_NAMES.split())
"""Fields that name, number or sign; whatever else is not empty has arrived."""

_KINDS = (
    (ChunkKind.TOOL_CALL, ("tool", "function", "call", "arguments", "partial_json")),
    (ChunkKind.REASONING, ("reason", "think", "thought")),
)
"""By a part of a field's name, or of the `type` of what stands in it."""
_TEXT = frozenset({"content", "text", "refusal", "output_text", "text_delta"})
_CALL = frozenset({"arguments", "input", "partial_json"})
_DEPTH = 6


def carried(piece: object) -> Content:
    """Return the kind and size of what a delta, a message or a block carries; `message` and 0 if that is nothing."""
    kind, size = ChunkKind.MESSAGE, 0
    known = False
    for name, value in fields(piece):
        if name in _PROTOCOL or isinstance(value, bool | int | float) or _is_empty(value):
            continue
        of_field = _kind(name, value)
        found = _size(value, _DEPTH, _CALL if of_field is ChunkKind.TOOL_CALL else None)
        if not found and of_field is not ChunkKind.TOOL_CALL:
            continue
        size += found
        # Text counts more than what comes with it, and both more than what has no name.
        if of_field is ChunkKind.TEXT or not known:
            kind = of_field
        known = known or of_field is not ChunkKind.MESSAGE
    return kind, size


def fields(piece: object) -> Iterator[tuple[str, object]]:
    """Return the fields of an object, a JSON object or one of the SDK's, including those that the SDK does not know."""
    for name, value in dict.items(fields_of(piece)):
        if isinstance(name, str) and not name.startswith("_"):
            yield name, value
    yield from extra_of(piece).items()


def _is_empty(value: object) -> bool:
    """Whether nothing is there. The value itself is not asked: it may be an object of the application's."""
    if isinstance(value, str):
        return not str.__len__(value)
    return not (items_of(value) or fields_of(value) or extra_of(value))


def _kind(name: str, value: object) -> ChunkKind:
    if name in _TEXT:
        # A list of parts says of each what it is.
        parts = items_of(value)
        first = parts[0] if parts else None
        name = str(dict.get(first, "type", "")) if isinstance(first, dict) else name
        return next((kind for kind, parts in _KINDS if any(part in name for part in parts)), ChunkKind.TEXT)
    return next((kind for kind, parts in _KINDS if any(part in name for part in parts)), ChunkKind.MESSAGE)


def _size(value: object, depth: int, only: frozenset[str] | None) -> int:
    """Return the bytes of text in `value`; of a call, only those of its arguments."""
    if isinstance(value, str):
        return size_of_text(value)
    if not depth or value is None or isinstance(value, bool | int | float | bytes):
        return 0
    if isinstance(value, list | tuple):
        return sum(_size(part, depth - 1, only) for part in items_of(value))
    size = 0
    for name, part in fields(value):
        if only is not None and isinstance(part, str) and name not in only:
            continue
        if name not in _PROTOCOL:
            size += _size(part, depth - 1, None if only is not None and name in only else only)
    return size
