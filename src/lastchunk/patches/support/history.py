# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Measures a message history: AutoGen's message objects, or the dictionaries that SDKs take.

The SDKs take any iterable for a message's content or its tool calls, and an iterator gives what it has only once: what is
no text, list, tuple or dictionary counts nothing, and is left to the request.
"""

from __future__ import annotations

from lastchunk.patches.support.fields import fields_of, items_of
from lastchunk.streams.chunks import size_of_text
from lastchunk.streams.start import History


def history_of(messages: object) -> History | None:
    """Return how many messages there are, and how much text in them. None if `messages` has another shape."""
    if isinstance(messages, str):
        return History(1, size_of_text(messages))
    if not isinstance(messages, (list, tuple)):
        if "content" not in fields_of(messages):
            return None
        messages = (messages,)
    items = items_of(messages)
    return History(len(items), sum(map(_size, items)))


def _size(message: object) -> int:
    fields = fields_of(message)
    content, calls = dict.get(fields, "content"), dict.get(fields, "tool_calls")
    size = size_of_text(content) if type(content) is str else _size_of_content(content)
    for call in items_of(calls):
        size += _size_of_part(dict.get(fields_of(call), "function"))
    return size


def _size_of_content(content: object) -> int:
    """Return the size of texts, function calls and their results. An image counts 0."""
    return size_of_text(content) + sum(_size_of_part(part) for part in items_of(content))


def _size_of_part(part: object) -> int:
    fields = fields_of(part)
    return size_of_text(part) + sum(size_of_text(dict.get(fields, key)) for key in ("text", "content", "arguments"))
