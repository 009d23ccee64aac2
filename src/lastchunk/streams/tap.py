# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The tap, which watches an SDK's stream for the record of the model stream around it: it begins and ends nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator

from lastchunk.own_errors import report
from lastchunk.streams.observer import ITEM, call_here
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.shapes import Asked, AsyncItems
from lastchunk.streams.wire import Wire

OnChunk = Callable[[Wire, object, float], object]
"""Called with the wire, an SDK's chunk, and the time."""


class Tap:
    """Watches an SDK's stream for the model stream around it: adds evidence, begins and ends nothing."""

    __slots__ = ("_on_chunk", "_wire", "close_asked", "record", "run")

    in_place = True

    def __init__(self, record: StreamRecord, wire: Wire, on_chunk: OnChunk) -> None:
        self.record = record
        self._wire = wire
        self._on_chunk = on_chunk
        self.close_asked = False
        self.run = call_here

    @property
    def wire(self) -> Wire:
        """The wire of this SDK stream; the stream around it may have others."""
        return self._wire

    def listens(self) -> bool:
        """Whether the stream around it is open."""
        return self.is_open()

    def begin(self) -> None:
        """Do nothing: the stream around it has begun."""

    def is_open(self) -> bool:
        """The stream around it has not ended."""
        return self.record.ending is None

    def step_begins(self) -> None:
        """Do nothing: only the steps of the stream around it count."""

    def item(self, item: object) -> None:
        """A step brought a chunk."""
        record = self.record
        try:
            now = record.clock()
            record.heard(now)
            self._on_chunk(self._wire, item, now)
        except Exception as exc:
            report("reading a chunk from an SDK", exc)

    def exhausted(self) -> None:
        """There are no more chunks."""
        self.record.heard(self.record.clock())

    def failed(self, error: BaseException) -> None:
        """Do nothing: the stream around it gets the same exception, or what AutoGen makes of it."""

    def closed(self, *, process_exit: bool = False) -> None:
        """Do nothing: the stream around it continues."""

    def let_go(self) -> None:
        """Do nothing: the stream around it continues."""

    def watch(self, items: list[object]) -> Callable[[Asked], object]:
        """As `Observer.watch`."""
        watching = self._watch(items)
        next(watching)
        return watching.send

    def _watch(self, items: list[object]) -> Generator[object, Asked, None]:
        asked = yield
        try:
            while True:
                chunk = yield from asked
                self.item(chunk)
                items.append(chunk)
                del chunk
                asked = yield ITEM
        finally:
            asked = None  # It may hold the exception, whose traceback holds this frame.

    async def chunks(self, inner: AsyncItems) -> AsyncGenerator[object, None]:
        """Yield nothing first, and then the chunks of `inner`, each of them seen.

        Every line in the loop costs time per chunk.
        """
        record, wire, on_chunk, clock = self.record, self._wire, self._on_chunk, self.record.clock
        yield None
        try:
            async for chunk in inner:
                try:
                    now = clock()
                    if record.silent_since > 0.0:
                        # As `StreamRecord.heard`, which would be one call more.
                        record.wire_gap = gap = now - record.silent_since
                        if gap > record.max_gap:
                            record.gap_before = record.max_gap
                            record.max_gap = gap
                        record.silent_since = now
                    on_chunk(wire, chunk, now)
                except Exception as exc:
                    report("reading a chunk from an SDK", exc)
                yield chunk
        except BaseException as error:
            self.failed(error)
            raise
        self.exhausted()
