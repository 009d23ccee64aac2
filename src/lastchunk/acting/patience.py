# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Measures how long the service behind a stream has been silent, and how much longer a guard waits.

It is asked only when a time limit may be over, so a chunk costs only two clock readings.
"""

from __future__ import annotations

from collections.abc import Callable

from lastchunk.semconv import Operation, WaitingFor
from lastchunk.streams import clock, open_streams
from lastchunk.streams.record import StreamRecord


class Patience:
    """The limits of one guard, and the silence of its stream.

    *Silence* is time in which the consumer waited for an item, and no model below the stream sent content. Waiting for a
    person is none; waiting for a tool is none unless `tools`.
    """

    def __init__(
        self, record: Callable[[], StreamRecord | None], first: float | None, stall: float | None, tools: bool
    ) -> None:
        self._record = record
        self._first = first if first is not None else stall
        self._stall = stall
        self._excuses = {WaitingFor.PERSON} if tools else {WaitingFor.PERSON, WaitingFor.TOOL}
        self._since = 0.0
        """When the step under way began, or when silence began to count in it."""
        self._carried = 0.0
        """Seconds of silence in the steps before, whose items carried no content."""
        self._contents = 0
        """How many pieces of content had come when the step before ended."""
        self.limit = self._first or 0.0
        """The limit that counts now, in seconds."""

    def step_begins(self) -> None:
        """The consumer asks for an item."""
        self._since = clock.monotonic()

    def step_ends(self) -> None:
        """The item came. In a run each item is progress; in a model's stream only content is."""
        record = self._record()
        if record is None or record.operation is not Operation.CHAT:
            self._carried = 0.0
            return
        contents = record.parts + (record.wire.content_chunks if record.wire is not None else 0)
        self._carried = 0.0 if contents > self._contents else self._carried + clock.monotonic() - self._since
        self._contents = contents

    def left(self) -> float | None:
        """Return the seconds until the limit while a step is pending.

        0 or less if it is reached, None if there is none any more.
        """
        now, record = clock.monotonic(), self._record()
        heard, asked, excused = _survey(record, self._excuses) if record is not None else (0.0, 0.0, False)
        limit = self._stall if heard else self._first
        if limit is None:
            return None
        self.limit = limit
        if excused:
            self._since, self._carried = now, 0.0
            return limit
        since = max(self._since, heard, asked)
        return limit - (now - since) - (self._carried if since == self._since else 0.0)


def _survey(record: StreamRecord, excuses: set[WaitingFor]) -> tuple[float, float, bool]:
    """When a model at or below `record` sent its last content, when the last one was asked, and whether silence is excused."""
    heard, asked = record.content_at(), 0.0
    if record.operation is Operation.CHAT:
        return heard, asked, False
    excused = record.waiting_for in excuses
    for other in open_streams.open_streams():
        if not _is_below(other, record):
            continue
        if other.operation is Operation.CHAT:
            heard, asked = max(heard, other.content_at()), max(asked, other.began_at)
        else:
            heard, excused = max(heard, other.content_at()), excused or other.waiting_for in excuses
    return heard, asked, excused


def _is_below(record: StreamRecord, above: StreamRecord) -> bool:
    parent = record.parent
    while parent is not None and parent is not above:
        parent = parent.parent
    return parent is not None
