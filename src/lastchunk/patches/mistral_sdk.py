# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`chat.stream` and `chat.stream_async` of the mistralai SDK.

Items: `CompletionEvent`, whose `data` is a chunk in the chat completions dialect. The SDK swallows `[DONE]`, and raises where
something is no chunk, an error included. Source: mistralai/client/chat.py and mistralai/client/utils/eventstreaming.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from types import ModuleType
from typing import Any, SupportsIndex

from lastchunk.patches.support import sse_body
from lastchunk.patches.support.chat_completions import answers_tool, read_chunk
from lastchunk.patches.support.fields import field
from lastchunk.patches.support.history import history_of
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import Content, Sdk, bare_stream
from lastchunk.patches.support.shapes import Body
from lastchunk.patches.support.sse_body import SseBody
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.shapes import Function
from lastchunk.streams.start import Start
from lastchunk.streams.wire import Wire

_PUBLIC = "https://api.mistral.ai"


def _apply(module: ModuleType, patcher: Patcher) -> None:
    CHAT.wrap_async(patcher, module.Chat, "stream_async")
    CHAT.wrap(patcher, module.Chat, "stream")


def _asks(args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    return True


def _describe(chat: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start:
    messages = kwargs.get("messages")
    configured = field(field(chat, "sdk_configuration"), "server_url")
    given = kwargs.get("server_url")
    return bare_stream(
        chat,
        provider="mistral_ai",
        model=kwargs.get("model"),
        url=(configured or _PUBLIC) if given is None else given,
        history=history_of(messages),
        may_be_silent=answers_tool(messages),
    )


def _read(wire: Wire, event: object, now: float) -> Content:
    return read_chunk(wire, getattr(event, "data", None), now)


def _obtained(wire: Wire, stream: object) -> None:
    """Note that the response headers came, and look at the body as the SDK reads it."""
    response: Body | None = getattr(stream, "response", None)
    headers = getattr(response, "headers", None)
    wire.obtained(str(headers.get("content-type", "")) if headers is not None else "")
    if response is None:
        return
    seen = SseBody(wire, sse_body.CHAT, skips_errors=True)
    if hasattr(stream, "__anext__"):
        response.aiter_bytes = _Watched(response.aiter_bytes, seen.look_async)
    else:
        response.iter_bytes = _Watched(response.iter_bytes, seen.look_sync)


class _Watched:
    """The method of a response by which the SDK reads the body, with a look at what it gives. Its copies are the method's."""

    def __init__(self, read: Function, look: Callable[[Any], object]) -> None:
        self._read, self._look = read, look

    def __call__(self, *args: object, **kwargs: object) -> Any:
        with no_frame_of_ours:
            return self._look(self._read(*args, **kwargs))

    def __copy__(self) -> object:
        return self._read

    def __deepcopy__(self, memo: dict[int, object]) -> object:
        return deepcopy(self._read, memo)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[object, ...]:
        return self._read.__reduce_ex__(protocol)


CHAT = Sdk(name="the mistralai SDK", asks=_asks, describe=_describe, read=_read, obtained=_obtained)

PATCHES = (Patch("mistralai", ">= 2.9, < 4", "mistralai.client.chat", _apply),)
