# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Which chunks are kept: few, the first and the exact last among them, and those after the longest silences.

Seen through `StreamRecord.chunk`, which fills a part of the sample itself.
"""

from __future__ import annotations

import tracemalloc
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastchunk.semconv import ChunkKind, Operation
from lastchunk.streams.chunks import Chunk
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start

GAPS = st.lists(st.floats(0, 100) | st.sampled_from([0.0, 1.0, 2.0]), max_size=300)


def _record(capacity: int) -> StreamRecord:
    return StreamRecord(Start(operation=Operation.CHAT, subject=0), None, capacity)


def _stream(gaps: list[float]) -> list[Chunk]:
    """Chunks that differ from each other in everything."""
    kinds = list(ChunkKind)
    times = accumulate(gaps, initial=1000.0)
    return [
        Chunk(index, kinds[index % len(kinds)], index * 7, at, gap)
        for index, (at, gap) in enumerate(zip(times, gaps, strict=False))
    ]


def _kept(capacity: int, chunks: list[Chunk]) -> list[Chunk]:
    record = _record(capacity)
    for chunk in chunks:
        record.chunk(chunk.kind, chunk.size, chunk.at, chunk.gap)
    assert record.sample is not None
    return record.sample.chunks(record.chunks)


@settings(max_examples=200)
@given(st.integers(1, 70), GAPS)
def test_what_is_kept(capacity: int, gaps: list[float]) -> None:
    """Chunks of the stream as they were, in order, each once, never more than asked for; the last always."""
    chunks = _stream(gaps)
    kept = _kept(capacity, chunks)
    assert len(kept) <= capacity
    assert [chunk.index for chunk in kept] == sorted({chunk.index for chunk in kept})
    assert all(chunk == chunks[chunk.index] for chunk in kept)
    assert kept[-1:] == chunks[-1:]


@settings(max_examples=200)
@given(st.integers(4, 70), GAPS)
def test_what_a_quarter_is_kept_for(capacity: int, gaps: list[float]) -> None:
    """The first, the last and the longest gaps have a quarter each: nothing else can push them out."""
    chunks = _stream(gaps)
    kept = _kept(capacity, chunks)
    quarter = capacity // 4
    assert kept[:quarter] == chunks[:quarter]
    assert kept[-quarter:] == chunks[-quarter:]
    longest = sorted((chunk.gap for chunk in chunks), reverse=True)[:quarter]
    assert sorted((chunk.gap for chunk in kept), reverse=True)[:quarter] == longest


@pytest.mark.parametrize("capacity", [2, 3])
def test_a_small_sample_has_the_first_and_the_last(capacity: int) -> None:
    """Below four there are no quarters."""
    chunks = _stream([0.0] * 50)
    kept = _kept(capacity, chunks)
    assert (kept[0], kept[-1]) == (chunks[0], chunks[-1])


def test_none_are_kept_if_none_are_wanted() -> None:
    """The setting may be 0; the count goes on."""
    record = _record(0)
    record.chunk(ChunkKind.TEXT, 3, 1.0, 0.0)
    assert (record.sample, record.chunks, record.size) == (None, 1, 3)


def test_a_short_stream_is_kept_whole() -> None:
    """As long as there is room, there is nothing to choose."""
    chunks = _stream([0.5] * 16)
    assert _kept(32, chunks) == chunks


@pytest.mark.parametrize("length", [100, 1000, 12345])
def test_the_rest_is_sampled_evenly(length: int) -> None:
    """Without gaps to tell by, no part of a long stream is left out: no hole is larger than a quarter of it."""
    indices = [chunk.index for chunk in _kept(32, _stream([0.0] * length))]
    assert max(after - before for before, after in pairwise(indices)) <= length / 4 + 1
    assert len(indices) >= 20


def test_memory_is_constant() -> None:
    """A stream ten times as long holds no more."""
    held = []
    for length in (10_000, 100_000):
        tracemalloc.start()
        record = _record(32)
        for index in range(length):
            record.chunk(ChunkKind.TEXT, 4, index * 0.01, float(index * 37 % 1009))
        ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/lastchunk/streams/*")])
        held.append(sum(trace.size for trace in ours.traces))
        tracemalloc.stop()
    assert held[1] < held[0] * 1.1 < 8192


def test_a_chunk_larger_than_its_place() -> None:
    """A size that does not fit is capped, not refused."""
    record = _record(4)
    record.chunk(ChunkKind.TEXT, 2**40, 1.0, 12345.678)
    for _ in range(9):
        record.chunk(ChunkKind.TEXT, 1, 2.0, 0.0)
    assert record.sample is not None
    assert record.sample.chunks(record.chunks)[0] == Chunk(0, ChunkKind.TEXT, 2**32 - 1, 1.0, 12345.678)
    assert record.size == 2**40 + 9
