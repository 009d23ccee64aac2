# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Raw bytes as a server may write them, for scripts that consist only of such bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lastchunk.model_server.actions import End, Head, Raw, Step

HEAD, END = Head(), End()


def sse(*events: Any, field: str = "data: ", line: str = "\n") -> bytes:
    """Events as they are written: objects, texts, or bytes that stand between them."""
    return b"".join(
        event if isinstance(event, bytes) else f"{field}{_written(event)}{line}{line}".encode() for event in events
    )


def _written(event: Any) -> str:
    return event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)


def named(*events: Mapping[str, Any]) -> bytes:
    """Events that bear the name of their type, as Anthropic's and those of the Responses API."""
    return b"".join(sse(f"event: {event['type']}\n".encode(), event) for event in events)


def says(*bodies: bytes, head: Head = HEAD, end: Step = END) -> tuple[Step, ...]:
    """An answer with these bytes, each sent by itself."""
    return (head, *(Raw(body) for body in bodies), end)


def chunks(*events: Any, end: Step = END) -> tuple[Step, ...]:
    """An answer with these events, each sent by itself."""
    return says(*(sse(event) for event in events), end=end)
