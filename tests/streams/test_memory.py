# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What Lastchunk holds for each open stream, in bytes that its own lines asked for: `make bench ARGS=memory` has the whole."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import AsyncGenerator
from typing import Any

from autogen_ext.models.replay import ReplayChatCompletionClient

from tests.conftest import Instrument

STREAMS = 100
MOST = 4_800
"""Bytes. On Python 3.14 a stream takes 4,600, on 3.11 to 3.13 some less."""


class Chatty(ReplayChatCompletionClient):
    """Its answers do not end, and no chunk is a new object."""

    def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async def answer() -> AsyncGenerator[Any, None]:
            while True:
                yield "word "

        return answer()


async def _open(streams: int) -> list[AsyncGenerator[Any, None]]:
    opened = [Chatty([]).create_stream([]) for _ in range(streams)]
    for stream in opened:
        for _ in range(100):
            await anext(stream)
    return opened


async def test_an_open_stream_is_small(instrument: Instrument) -> None:
    """With span, metrics and the numbers of 32 chunks."""
    instrument()
    opened = await _open(1)  # What is made once, at the first stream, is no stream's own.
    gc.collect()
    tracemalloc.start()
    opened += await _open(STREAMS)
    gc.collect()
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/lastchunk/streams/*")])
    tracemalloc.stop()
    held = sum(trace.size for trace in ours.traces) / STREAMS
    for stream in opened:
        await stream.aclose()
    assert MOST / 2 < held < MOST
