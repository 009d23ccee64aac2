# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What an open stream holds: one that is very long, and ten thousand at a time."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from typing import Any

from benchmarks.application import QUESTION, OwnClient, provide
from benchmarks.measure import Row
from lastchunk import AutoGenStreamsInstrumentor

LONG = 100_000
LONG_STREAMS = 10
"""Of which the mean is taken: tables that grow by steps are nobody's own."""
OPEN = 10_000
CHUNKS = 100
"""Of each open stream: more than the 32 that are kept for its events."""


async def _held(streams: int, chunks: int) -> tuple[float, list[Any]]:
    """Bytes held by each of so many streams after so many chunks, and the streams."""
    client = OwnClient(chunks)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    opened: list[Any] = []
    for _ in range(streams):
        stream = client.create_stream(QUESTION)
        for _ in range(chunks):
            await anext(stream)
        opened.append(stream)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return held / streams, opened


async def _close(streams: list[Any]) -> None:
    for stream in streams:
        await stream.aclose()


def _collected(reader: Any) -> float:
    """Milliseconds that one collection of all metrics takes; the best of a few."""
    took: list[float] = []
    for _ in range(7):
        began = time.process_time()
        reader.get_metrics_data()
        took.append(time.process_time() - began)
    return min(took) * 1e3


async def rows() -> list[Row]:
    """The table's lines."""
    reader = provide()
    instrumentor = AutoGenStreamsInstrumentor()
    bare, streams = await _held(OPEN, CHUNKS)
    await _close(streams)
    bare_long, streams = await _held(LONG_STREAMS, LONG)
    await _close(streams)
    instrumentor.instrument()
    # What is made once, at the first stream, is no stream's own.
    await _close((await _held(10, CHUNKS))[1])
    long, streams = await _held(LONG_STREAMS, LONG)
    await _close(streams)
    empty = _collected(reader)
    held, streams = await _held(OPEN, CHUNKS)
    full = _collected(reader)
    await _close(streams)
    instrumentor.uninstrument()
    return [
        _size(f"one open stream after {LONG:,} chunks, above bare", long - bare_long),
        _size(f"{OPEN:,} open streams with span and 32 events, each above bare", held - bare),
        Row(
            f"metrics collected while {OPEN:,} streams are open",
            "≤ 10 ms",
            f"{full:.1f} ms",
            "",
            f"{empty:.1f} ms with none open",
            full <= 10,
        ),
    ]


def _size(work: str, size: float) -> Row:
    return Row(work, "≤ 8 KiB", f"{size / 1024:.2f} KiB", "", "", size <= 8192)


if __name__ == "__main__":
    for row in asyncio.run(rows()):
        print(row)
