# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams that are open at the same time, without and with Lastchunk, a few chunks of each in turns.

A block is a millisecond or a few: shorter than what a busy neighbour does, so that all three streams meet the same machine. What
is seen is the steady state, in this thread; what a stream's begin and end cost has a line of its own.
"""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Microseconds of CPU per chunk: that of the fastest tenth of the blocks, which a busy machine moves least."""

    off: float
    again: float
    """Without, a second stream: what differs between these two is the noise."""
    on: float
    noisy: str = ""

    @property
    def bare_us(self) -> float:
        """Without."""
        return (self.off + self.again) / 2

    @property
    def added_us(self) -> float:
        """What Lastchunk adds."""
        return self.on - self.bare_us

    @property
    def ratio(self) -> float:
        """With, over without."""
        return self.on / self.bare_us

    @property
    def noise_us(self) -> float:
        """How far off and off again are apart."""
        return abs(self.off - self.again)


async def side_by_side(
    open_stream: Callable[[], Any],
    chunks: int,
    block: int,
    on: Callable[[], object],
    off: Callable[[], object],
    limit: float,
) -> SideBySide:
    """Measure streams of `chunks` chunks, `block` of each at a time, until they or `limit` seconds are over.

    The stream that is opened last is opened after `on()`, so what cannot be switched off again can be measured, too.
    """
    streams: dict[str, Any] = {}
    for name in ("off", "again", "on"):
        if name == "on":
            on()
        streams[name] = open_stream()
        # The first block begins the stream, which stays as it began.
        await _take(streams[name], block)
        if name == "on":
            off()
    took: dict[str, list[float]] = {name: [] for name in streams}
    turns = list(streams)
    deadline, left = time.monotonic() + limit, chunks // block - 2
    gc.collect()
    gc.disable()
    try:
        while left > 0 and time.monotonic() < deadline:
            left -= 1
            random.shuffle(turns)
            for name in turns:
                began = time.thread_time()
                await _take(streams[name], block)
                took[name].append((time.thread_time() - began) / block * 1e6)
    finally:
        gc.enable()
    # httpcore complains of its own generators when a stream is closed in the middle, without Lastchunk too.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    for stream in streams.values():
        await stream.aclose()
    return SideBySide(**{name: statistics.quantiles(blocks, n=10)[0] for name, blocks in took.items()})


async def _take(stream: AsyncIterator[Any], chunks: int) -> None:
    async for _ in stream:
        chunks -= 1
        if not chunks:
            return
