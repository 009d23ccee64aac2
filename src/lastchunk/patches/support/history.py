# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How large a message history is: AutoGen's own message objects, and the dictionaries that SDKs take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lastchunk.streams.chunks import size_of_text
from lastchunk.streams.record import History


def history_of(messages: Any) -> History | None:
    """How many messages, and how much text in them; None if `messages` is nothing of the kind."""
    if isinstance(messages, str):
        return History(1, size_of_text(messages))
    if not isinstance(messages, list | tuple):
        messages = [messages] if hasattr(messages, "content") else None
    if messages is None:
        return None
    return History(len(messages), sum(_size(message) for message in messages))


def _size(message: Any) -> int:
    content = message.get("content") if isinstance(message, dict) else getattr(message, "content", None)
    size = size_of_text(content) if isinstance(content, str) else _size_of_parts(content)
    if isinstance(message, dict):
        calls = message.get("tool_calls")
        if calls:
            size += _size_of_parts([call.get("function") for call in calls if isinstance(call, dict)])
    return size


def _size_of_parts(parts: Any) -> int:
    """Texts, function calls and their results; an image is no text, and counts nothing."""
    if not isinstance(parts, Iterable):
        return 0
    size = 0
    for part in parts:
        if isinstance(part, str):
            size += size_of_text(part)
            continue
        for key in ("text", "content", "arguments"):
            value = part.get(key) if isinstance(part, dict) else getattr(part, key, None)
            if isinstance(value, str):
                size += size_of_text(value)
    return size
