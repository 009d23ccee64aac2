# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What stands in the place of an SDK's decoder gives what the decoder gives, however a body is cut, and at the same time."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import anthropic._streaming
import openai._streaming
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastchunk.patches.support.sse_body import CHAT, MESSAGES, SseBody
from lastchunk.patches.support.sse_decoder import WatchedDecoder
from lastchunk.streams.wire import Wire

CHUNK = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n'
DELTA = b'event: content_block_delta\ndata: {"type": "content_block_delta"}\n\n'
PIECES = (
    CHUNK,
    DELTA,
    b"data: [DONE]\n\n",
    'data: {"text": "ü\u2028"}\n\n'.encode(),
    b'data: {"text":\r"x"}\n\n',
    b'data: {"text": "\xff"}\n\n',
    b'data: {"two":\ndata: "lines"}\n\n',
    b'data: {"crlf": true}\r\n\r\n',
    b"id: 7\n",
    b"retry: 5\n",
    b"event: error\n",
    b"error: gone\n",
    b": ping\n\n",
    b"\n",
    b"\xef\xbb\xbf",
    b"{",
)
DECODERS = [(openai._streaming.SSEDecoder, CHAT), (anthropic._streaming.SSEDecoder, MESSAGES)]
Reads = list[bytes]


class Lost(Exception):
    """The connection is."""


def _seen(aiter_bytes: Callable[[Any], AsyncIterator[Any]], reads: Reads, error: BaseException | None) -> list[object]:
    """The events, each with the number of reads made by then; and the exception, with the functions it passed through."""
    seen: list[object] = []
    made = 0

    async def body() -> AsyncGenerator[bytes, None]:
        nonlocal made
        for data in reads:
            made += 1
            yield data
        if error is not None:
            raise error

    async def consume() -> None:
        async for event in aiter_bytes(body()):
            seen.append((type(event), event.event, event.data, event.id, event.retry, made))

    try:
        asyncio.run(consume())
    except (Lost, UnicodeDecodeError) as raised:
        seen.append((repr(raised), [frame.name for frame in traceback.extract_tb(raised.__traceback__)]))
    return seen


@st.composite
def bodies(draw: st.DrawFn) -> Reads:
    """A body of a few pieces, most of them whole events, cut anywhere or nowhere within."""
    reads: Reads = []
    for piece in draw(st.lists(st.one_of(st.just(CHUNK), st.just(DELTA), st.sampled_from(PIECES)), max_size=8)):
        match draw(st.integers(0, 5)):
            case 0:
                at = draw(st.integers(0, len(piece)))
                reads += [piece[:at], piece[at:]]
            case 1 if reads:
                reads[-1] += piece
            case _:
                reads.append(piece)
    return reads


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(bodies(), st.booleans(), st.sampled_from(DECODERS))
def test_it_gives_what_the_decoder_gives(reads: Reads, breaks: bool, decoder: Any) -> None:
    """The same events after the same reads, and the same exception with the same traceback."""
    kind, framing = decoder
    bare = _seen(kind().aiter_bytes, reads, Lost() if breaks else None)
    watched = WatchedDecoder(kind(), SseBody(Wire(), framing))
    assert _seen(watched.aiter_bytes, reads, Lost() if breaks else None) == bare


@pytest.mark.parametrize(("kind", "framing", "event"), [(*DECODERS[0], CHUNK), (*DECODERS[1], DELTA)])
def test_a_read_that_is_whole_events_is_searched_for_lines_once(
    kind: Any, framing: Any, event: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's `aiter_bytes` has the begin of the body, and what is no whole event."""
    searched: Reads = []
    its_own = kind.aiter_bytes

    class Decoder(kind):
        pass

    async def aiter_bytes(self: Any, source: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async def noted() -> AsyncGenerator[bytes, None]:
            async for data in source:
                searched.append(data)
                yield data

        async for found in its_own(self, noted()):
            yield found

    monkeypatch.setattr("lastchunk.patches.support.sse_decoder._is_known", lambda decoder: True)
    Decoder.aiter_bytes = aiter_bytes  # pyright: ignore[reportAttributeAccessIssue]
    watched = WatchedDecoder(Decoder(), SseBody(Wire(), framing))
    reads = [event, event, event * 2, event[:9], event[9:], event, b": ping\n\n", event]
    assert len(_seen(watched.aiter_bytes, reads, None)) == 7
    assert searched == [event, event[:9], event[9:], b": ping\n\n"]


def test_a_decoder_of_another_is_given_everything() -> None:
    """An application may have its client make one, and another instrumentation may put a method in the place of the SDK's."""
    given_to_it: Reads = []

    class Decoder(openai._streaming.SSEDecoder):
        async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[Any]:
            async for data in iterator:
                given_to_it.append(data)
                yield data

    async def consume() -> None:
        async def body() -> AsyncGenerator[bytes, None]:
            for data in reads:
                yield data

        async for _ in WatchedDecoder(Decoder(), SseBody(Wire(), CHAT)).aiter_bytes(body()):
            pass

    reads = [CHUNK, CHUNK, CHUNK * 2, b"data: [DONE]\n\n"]
    asyncio.run(consume())
    assert given_to_it == reads
