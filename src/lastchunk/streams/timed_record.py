# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A record that also tells the time between content chunks."""

from __future__ import annotations

from collections.abc import Callable

from lastchunk.semconv import ChunkKind
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start


class TimedStreamRecord(StreamRecord):
    """A record that also tells the time between content chunks: the histogram that is off by default.

    A class of its own, so that nothing is paid for it per chunk while it is off.
    """

    __slots__ = ("between_chunks",)

    def __init__(self, start: Start, parent: StreamRecord | None, chunk_events: int) -> None:
        super().__init__(start, parent, chunk_events)
        self.between_chunks: Callable[[StreamRecord, float], None] | None = None
        """Called with the seconds between two content chunks."""

    def chunk(self, kind: ChunkKind, size: int, now: float, gap: float) -> None:
        """A chunk is handed to the consumer."""
        before = self.last_content_at
        super().chunk(kind, size, now, gap)
        if size and before and self.between_chunks is not None:
            self.between_chunks(self, now - before)
