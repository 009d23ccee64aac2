# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What watches a stream while it is driven: an `Observer` owns a record and ends it, a `Tap` adds to somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Protocol

from lastchunk.semconv import WaitingFor
from lastchunk.streams import open_streams
from lastchunk.streams.guard import report
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.record import Start, StreamRecord

OnItem = Callable[[StreamRecord, Any, float, float], None]
"""Called with the record, the item, the time, and the silence before it; knows one library's items."""

OnChunk = Callable[[StreamRecord, Any, float], None]
"""Called with the record, an SDK's chunk, and the time."""


ITEM: Any = object()
"""What `Observer.watch` yields when a step has brought an item."""


class UnderWay(Protocol):
    """The step under way."""

    item: Any
    """Where the item is left for it."""

    def over(self) -> None:
        """There are no more items."""
        ...


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


class Observer:
    """Begins a stream at its first step, watches it, and ends it."""

    __slots__ = ("_describe", "_on_item", "_streams", "record", "run")

    in_place = False
    """A step needs no private context, and its begin need not be told."""

    def __init__(self, streams: Streams, describe: Callable[[], Start | None], on_item: OnItem) -> None:
        self._streams = streams
        self._describe: Callable[[], Start | None] | None = describe
        self._on_item = on_item
        self.record: StreamRecord | None = None
        self.run: Callable[..., Any] = _call
        """Calls a function in the stream's private context; in the caller's before the begin, or if nobody listens."""

    def begin(self) -> bool:
        """Begin the stream, unless nobody listens; True if it is open.

        From here on nothing of the call's arguments is held.
        """
        describe, self._describe = self._describe, None
        if describe is None:
            return self.is_open()
        try:
            start = describe()
            record = None if start is None else self._streams.begin(start)
            if record is not None and record.context is not None:
                record.loop = _running_loop()
                self.record = record
                self.run = record.context.run
        except Exception as exc:
            report("the begin of a stream", exc)
        return self.is_open()

    def is_open(self) -> bool:
        """The stream has begun, and has not ended."""
        return self.record is not None and self.record.ending is None

    def step_begins(self) -> None:
        """The consumer asks for the next item."""
        record = self.record
        if record is not None:
            record.step_begins(record.clock())

    def item(self, item: Any) -> None:
        """The step brought an item."""
        record = self.record
        if record is None or record.ending is not None:
            return
        try:
            now = record.clock()
            self._on_item(record, item, now, record.step_ends(now))
        except Exception as exc:
            report("an item of a stream", exc)

    def exhausted(self) -> None:
        """There are no more items."""
        if self.record is not None:
            self._streams.end(self.record)

    def failed(self, error: BaseException) -> None:
        """The step raised.

        A GeneratorExit says that the coroutine around the step was closed, most often by a finaliser.
        """
        if isinstance(error, GeneratorExit):
            self.let_go()
        elif self.record is not None:
            self._streams.end(self.record, error=error)

    def leaves(self, *, process_exit: bool = False) -> None:
        """The consumer closes the stream, or the loop does it at its end."""
        if self.record is not None:
            self._streams.end(self.record, left=True, process_exit=process_exit)

    def let_go(self) -> None:
        """The last reference died; called by finalisers."""
        if self.record is not None and self.record.ending is None:
            open_streams.let_go(self.record)

    def watch(self, record: StreamRecord, inner: Any, first: Any, step: UnderWay) -> Generator[Any, Any, None]:
        """Leave the items of `inner`, of which `first` is the first step, with `step`; every line in the loop is paid per chunk.

        Yields `ITEM` for each, and before that whatever the step has the loop wait for.
        """
        clock, on_item, ask, came = record.clock, self._on_item, inner.__anext__, ITEM
        asked = first
        person = WaitingFor.PERSON
        while True:
            now = clock()
            if now - record.stepped_at > record.max_pause and record.stepped_at:
                record.max_pause = now - record.stepped_at
            record.silent_since = now if record.waiting_for is not person else -1.0
            try:
                item = yield from asked
            except BaseException as error:
                if isinstance(error, StopAsyncIteration):
                    self.exhausted()
                else:
                    self.failed(error)
                step.over()
                raise
            now = clock()
            gap = now - record.silent_since if record.silent_since > 0.0 else 0.0
            if gap > record.max_gap:
                record.max_gap = gap
            record.silent_since = 0.0
            record.stepped_at = now
            try:
                on_item(record, item, now, gap)
            except Exception as exc:
                report("an item of a stream", exc)
            step.item = item
            del item
            try:
                yield came
            except GeneratorExit:
                raise
            except BaseException as error:
                # The next step was cancelled before it began: that reaches the generator where it stands.
                asked = inner.athrow(error)
            else:
                asked = ask()


class Tap:
    """Watches an SDK's stream for the model stream around it: adds evidence, begins and ends nothing."""

    __slots__ = ("_on_chunk", "record", "run")

    in_place = True

    def __init__(self, record: StreamRecord, on_chunk: OnChunk) -> None:
        self.record = record
        self._on_chunk = on_chunk
        self.run = _call

    def begin(self) -> bool:
        """The stream around it has begun."""
        return self.is_open()

    def is_open(self) -> bool:
        """The stream around it has not ended."""
        return self.record.ending is None

    def step_begins(self) -> None:
        """The step of the stream around it is what counts."""

    def item(self, item: Any) -> None:
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

    def failed(self, error: BaseException) -> None:
        """The stream around it sees the same, or what AutoGen makes of it."""

    def leaves(self, *, process_exit: bool = False) -> None:
        """The stream around it goes on."""

    def let_go(self) -> None:
        """The stream around it goes on."""


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
