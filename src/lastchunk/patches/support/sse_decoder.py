# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Stands in the place of the decoder that turns a body into server-sent events, in the openai and anthropic SDKs.

The SDK still decodes each line. But its decoder and our look would both search each read for the ends of its lines, and both
pass it on through generators of their own. One search and one generator do for both, and take less than the SDK alone.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from types import FunctionType
from typing import Any

from lastchunk.patches.support.shapes import Decoder
from lastchunk.patches.support.sse_body import SseBody
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.sdk_streams import started

_SDKS = frozenset({"openai._streaming", "anthropic._streaming"})
"""The modules of the decoders whose `aiter_bytes` does nothing else than to give lines to `decode`."""


class WatchedDecoder:
    """The SDK's decoder, with a look at its input."""

    def __init__(self, decoder: Decoder, body: SseBody) -> None:
        self._decoder: Any = decoder
        self._body = body

    def __getattr__(self, name: str) -> object:
        return getattr(self._decoder, name)

    def aiter_bytes(self, source: AsyncIterator[bytes]) -> Any:
        """Decode an async body, as the SDK's decoder does."""
        if _is_known(self._decoder):
            return started(self._events(source))
        return self._decoder.aiter_bytes(self._body.look_async(source))

    def iter_bytes(self, source: Iterator[bytes]) -> object:
        """Decode a sync body, as the SDK's decoder does."""
        return self._decoder.iter_bytes(self._body.look_sync(source))

    async def _events(self, source: AsyncIterator[bytes]) -> AsyncGenerator[object, None]:
        """Yield None, and then what the SDK's `aiter_bytes` yields.

        The lines of a read that consists of whole events go to `decode` directly. Everything else is left to the SDK's
        `aiter_bytes`: the begin of a body, events in pieces, an error, the end.
        """
        body, decode, reads = self._body, self._decoder.decode, _Reads(source)
        yield None
        with no_frame_of_ours:
            while True:
                async for event in self._decoder.aiter_bytes(body.look_async(reads, until_plain=True)):
                    yield event
                if not body.plain:
                    return
                while True:
                    try:
                        data = await reads.ask()
                    except BaseException as error:
                        reads.raised = error
                        break
                    lines = body.lines(data)
                    if lines is None:
                        reads.data = data
                        break
                    for line in lines:
                        event = decode(line)
                        if event:
                            yield event


class _Reads:
    """The reads of a body. Who asked for one, and cannot use it, leaves it here for the next who asks."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self.ask: Callable[[], Awaitable[bytes]] = source.__aiter__().__anext__
        self.data: bytes | None = None
        self.raised: BaseException | None = None

    def __aiter__(self) -> _Reads:
        return self

    async def __anext__(self) -> bytes:
        data, raised = self.data, self.raised
        self.data = self.raised = None
        if raised is not None:
            try:
                raise raised
            finally:
                raised = None
        return await self.ask() if data is None else data


def _is_known(decoder: object) -> bool:
    """Whether the methods of `decoder` are those of the SDK, and nobody has put others in their place."""
    methods = (vars(type(decoder)).get(name) for name in ("aiter_bytes", "decode"))
    return all(isinstance(method, FunctionType) and method.__globals__.get("__name__") in _SDKS for method in methods)
