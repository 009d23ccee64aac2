# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Chooses which chunks become events: the first, the last, those after the longest gaps, and an even sample.

Memory is constant, however long the stream is. What stays is packed: a tuple with its numbers takes three times as much.
"""

from __future__ import annotations

import heapq
import struct
from typing import NamedTuple

from lastchunk.semconv import ChunkKind

_PACKED = struct.Struct(">dIBId")
"""Gap, index, kind, size, time. Big-endian and with the gap first, so that what is packed sorts by its gap."""

_SIZE = _PACKED.size
_pack = _PACKED.pack
_gap_of = struct.Struct(">d").unpack_from

_MOST = 2**32 - 1
_KINDS = tuple(ChunkKind)
_KIND_INDEX = {kind: index for index, kind in enumerate(_KINDS)}


class Chunk(NamedTuple):
    """One chunk, without its content."""

    index: int  # pyright: ignore[reportIncompatibleMethodOverride]  # the convention's name; nobody searches the tuple
    """Its place in the stream, from 0."""
    kind: ChunkKind
    size: int
    """Bytes of content, UTF-8."""
    at: float
    """When it came, on `clock.monotonic`."""
    gap: float
    """Seconds of silence before it."""


class ChunkSample:
    """At most `capacity` chunks of one stream; `capacity` is at least 1."""

    __slots__ = (
        "_even",
        "_first",
        "_heap",
        "_stride",
        "ats",
        "bar",
        "capacity",
        "due",
        "gaps",
        "kinds",
        "sizes",
    )

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        quarter = capacity // 4
        places = quarter or 1
        self.kinds = [ChunkKind.TEXT] * places
        """Of the last chunks, to be filled by whoever counts them: chunk `n` stands at `n` modulo the number of places. The
        lists that follow are alike. A list of tuples would take more memory."""
        self.sizes = [0] * places
        self.ats = [0.0] * places
        self.gaps = [0.0] * places
        # One after the other, where nothing is to be sorted: an object for each would take twice as much.
        self._first = bytearray()
        self._even = bytearray()
        self._heap: list[bytes] = []
        self._stride = 1
        self.due = 0
        """The index of the next chunk to be given to `keep` for its place …"""
        self.bar = -1.0 if quarter else float("inf")
        """… and the gap above which any chunk is, too."""

    def keep(self, index: int, kind: ChunkKind, size: int, at: float, gap: float) -> None:
        """Keep a chunk that is `due`, or whose gap is above the `bar`."""
        packed = _pack(gap, index if index < _MOST else _MOST, _KIND_INDEX[kind], size if size < _MOST else _MOST, at)
        if gap > self.bar:
            heap, longest = self._heap, self.capacity // 4
            if len(heap) < longest:
                heapq.heappush(heap, packed)
            else:
                heapq.heapreplace(heap, packed)
            if len(heap) == longest:
                self.bar = _gap_of(heap[0])[0]
        if index != self.due:
            return
        first = self.capacity // 4 or int(self.capacity > 1)
        if len(self._first) < first * _SIZE:
            self._first += packed
            self.due += 1
            return
        even_capacity = self.capacity - first - self.capacity // 4 - len(self.kinds)
        if even_capacity < 1:
            self.due = -1
            return
        self._even += packed
        last = index
        if len(self._even) > even_capacity * _SIZE:
            even = [*_PACKED.iter_unpack(self._even)][::2]
            self._even = bytearray().join(_pack(*entry) for entry in even)
            self._stride *= 2
            last = _chunk(*even[-1]).index
        self.due = last + self._stride

    def chunks(self, count: int) -> list[Chunk]:
        """The chunks that were kept from a stream of `count` chunks, in order, each once."""
        packed = b"".join((self._first, self._even, *self._heap))
        kept = [_chunk(*entry) for entry in _PACKED.iter_unpack(packed)]
        places = len(self.kinds)
        for index in range(max(count - places, 0), count):
            place = index % places
            kept.append(Chunk(index, self.kinds[place], self.sizes[place], self.ats[place], self.gaps[place]))
        return sorted({chunk.index: chunk for chunk in kept}.values())


def size_of_text(said: object) -> int:
    """Return the bytes of a text as UTF-8, a lone surrogate as three; 0 for what is no text.

    The text itself counts: no method of an application's own kind of text is called.
    """
    if type(said) is not str:
        if not issubclass(type(said), str):
            return 0
        said = str.__str__(said)  # type: ignore[arg-type]  # its type says so
    return len(said) if said.isascii() else len(said.encode("utf-8", "surrogatepass"))


def _chunk(gap: float, index: int, kind: int, size: int, at: float) -> Chunk:
    return Chunk(index, _KINDS[kind], size, at, gap)
