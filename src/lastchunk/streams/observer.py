# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What watches a stream while it is driven: an `Observer` owns a record and ends it, a `Tap` adds to somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from lastchunk.streams import open_streams
from lastchunk.streams.guard import report
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.record import Start, StreamRecord

OnItem = Callable[[StreamRecord, Any, float, float], None]
"""Called with the record, the item, the time, and the silence before it; knows one library's items."""

OnChunk = Callable[[StreamRecord, Any, float], None]
"""Called with the record, an SDK's chunk, and the time."""


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


class Observer:
    """Begins a stream at its first step, watches it, and ends it."""

    __slots__ = ("_describe", "_on_item", "_streams", "record", "run")

    def __init__(self, streams: Streams, describe: Callable[[], Start | None], on_item: OnItem) -> None:
        self._streams = streams
        self._describe: Callable[[], Start | None] | None = describe
        self._on_item = on_item
        self.record: StreamRecord | None = None
        self.run: Callable[..., Any] = _call
        """Calls a function in the stream's private context; in the caller's before the begin, or if nobody listens."""

    def step_begins(self) -> None:
        """The consumer asks for the next item."""
        if self._describe is not None:
            self.begin()
        record = self.record
        if record is not None:
            record.step_begins(record.clock())

    def begin(self) -> None:
        """Begin the stream, if it has not begun. From here on nothing of the call's arguments is held."""
        describe, self._describe = self._describe, None
        if describe is None:
            return
        try:
            start = describe()
            record = None if start is None else self._streams.begin(start)
            if record is not None and record.context is not None:
                record.loop = _running_loop()
                self.record = record
                self.run = record.context.run
        except Exception as exc:
            report("the begin of a stream", exc)

    def saw(self, outcome: BaseException) -> None:
        """A step is over: `StopIteration` brings an item, everything else the end."""
        record = self.record
        if record is None or record.ending is not None:
            return
        try:
            if type(outcome) is StopIteration:
                now = record.clock()
                self._on_item(record, outcome.value, now, record.step_ends(now))
            elif isinstance(outcome, StopAsyncIteration):
                self._streams.end(record)
            elif isinstance(outcome, GeneratorExit):
                self._streams.end(record, left=True)
            else:
                self._streams.end(record, error=outcome)
        except Exception as exc:
            report("an item of a stream", exc)

    def saw_item(self, item: Any) -> None:
        """A step of a sync stream brought an item."""
        record = self.record
        if record is None or record.ending is not None:
            return
        try:
            now = record.clock()
            self._on_item(record, item, now, record.step_ends(now))
        except Exception as exc:
            report("an item of a stream", exc)

    def exhausted(self) -> None:
        """A sync stream has no more items."""
        if self.record is not None:
            self._streams.end(self.record)

    def leaves(self, *, process_exit: bool = False) -> None:
        """The consumer closes the stream, or the loop does it at its end."""
        if self.record is not None:
            self._streams.end(self.record, left=True, process_exit=process_exit)

    def let_go(self) -> bool:
        """The last reference died; called by finalisers. True if the stream was open."""
        record = self.record
        if record is None or record.ending is not None:
            return False
        open_streams.let_go(record)
        return True


class Tap:
    """Watches an SDK's stream for the model stream around it: adds evidence, begins and ends nothing."""

    __slots__ = ("_on_chunk", "record", "run")

    def __init__(self, record: StreamRecord, on_chunk: OnChunk) -> None:
        self.record: StreamRecord | None = record
        self._on_chunk = on_chunk
        self.run = _call

    def step_begins(self) -> None:
        """The step of the stream around it is what counts."""

    def saw(self, outcome: BaseException) -> None:
        """A step is over."""
        if type(outcome) is StopIteration:
            self.saw_item(outcome.value)
        else:
            self.record.heard(self.record.clock())

    def saw_item(self, item: Any) -> None:
        """A step brought a chunk."""
        record = self.record
        try:
            now = record.clock()
            record.heard(now)
            self._on_chunk(record, item, now)
        except Exception as exc:
            report("a chunk on the wire", exc)

    def exhausted(self) -> None:
        """No more chunks."""
        self.record.heard(self.record.clock())

    def leaves(self, *, process_exit: bool = False) -> None:
        """The stream around it goes on."""

    def let_go(self) -> bool:
        """The stream around it goes on."""
        return False


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
