# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`with_raw_response` and `with_streaming_response`: the application gets the HTTP response, and the stream from its `parse()`.

Source: openai/_legacy_response.py and openai/_response.py, and the same in anthropic.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import wrapt

from lastchunk.patches.support.shapes import RawResponse
from lastchunk.streams import http_bodies
from lastchunk.streams.observer import Observer
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.proxy import Proxy
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.tap import Tap

_BODY = frozenset({"http_response", "iter_bytes", "iter_lines", "iter_text", "read", "text", "json", "content"})
"""What lets the application read the body itself."""


class ObservedRawResponse(Proxy):
    """A raw response as the application receives it. `hand_out` returns its stream as the application receives it."""

    __slots__ = ("_self_body", "_self_hand_out", "_self_observer", "_self_parsed")

    def __init__(self, response: RawResponse, observer: Observer | Tap, hand_out: Callable[[object], object]) -> None:
        super().__init__(response)
        self._self_observer = observer
        self._self_hand_out = hand_out
        self._self_parsed: tuple[object, object] = (None, None)
        self._self_body: http_bodies.Body | None = None

    def __getattr__(self, name: str) -> Any:
        if name in _BODY and self._self_parsed[0] is None:
            self._self_body = http_bodies.watch(self._self_wrapped.http_response, self._self_observer)
        with no_frame_of_ours:
            value = super().__getattr__(name)
        if name == "parse":
            return wrapt.FunctionWrapper(value, self._self_parsing)
        return wrapt.FunctionWrapper(value, self._self_closing) if name == "close" else value

    def _self_closing(self, close: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        self._self_observer.closed()
        with no_frame_of_ours:
            return close(*args, **kwargs)

    def _self_parsing(self, parse: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        with no_frame_of_ours:
            parsed: Any = parse(*args, **kwargs)
        return self._self_later(parsed) if hasattr(parsed, "__await__") else self._self_stream(parsed)

    async def _self_later(self, parsed: Awaitable[object]) -> object:
        with no_frame_of_ours:
            stream = await parsed
        return self._self_stream(stream)

    def _self_stream(self, parsed: object) -> object:
        given, ours = self._self_parsed
        if parsed is not given:
            ours = self._self_hand_out(parsed)
            self._self_parsed = (parsed, ours)
        return ours

    def __del__(self) -> None:
        # What was taken from the response tells of its own end.
        if self._self_parsed[0] is None and self._self_body is None:
            self._self_observer.let_go()
