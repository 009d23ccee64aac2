# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What watches a stream while it is driven: an `Observer` owns a record and ends it, a `Tap` adds to somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Protocol

from lastchunk.own_errors import report
from lastchunk.semconv import ChunkKind, WaitingFor
from lastchunk.streams import open_streams
from lastchunk.streams.chunks import size_of_text
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.record import Start, StreamRecord
from lastchunk.streams.wire import Wire

OnItem = Callable[[StreamRecord, Any, float, float], None]
"""Called with the record, the item, the time, and the silence before it; knows one library's items."""

OnChunk = Callable[[Wire, Any, float], object]
"""Called with the wire, an SDK's chunk, and the time."""


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

    __slots__ = ("_describe", "_on_item", "_streams", "_text", "record", "run")

    in_place = False
    """A step needs no private context, and its begin need not be told."""

    def __init__(
        self, streams: Streams, describe: Callable[[], Start | None], on_item: OnItem, text: type | None = None
    ) -> None:
        """`text` is the class of the commonest items, which are text, or have it as `content`, and say nothing else."""
        self._streams = streams
        self._describe: Callable[[], Start | None] | None = describe
        self._on_item = on_item
        self._text = text
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

    @property
    def wire(self) -> Wire | None:
        """That of the stream, which has one if it is an SDK's own."""
        return self.record.wire if self.record is not None else None

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
        del first
        person, next_chunk, text_chunk = WaitingFor.PERSON, WaitingFor.NEXT_CHUNK, ChunkKind.TEXT
        plain = self._text if type(record) is StreamRecord else None
        in_itself = plain is str
        sample = record.sample
        ring: list[Any] = sample.last if sample is not None else [None]
        places = len(ring)
        while True:
            now = clock()
            stepped = record.stepped_at
            if now - stepped > record.max_pause and stepped:
                record.max_pause = now - stepped
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
            since = record.silent_since
            gap = now - since if since > 0.0 else 0.0
            if gap > record.max_gap:
                record.gap_before = record.max_gap
                record.max_gap = gap
            record.silent_since = 0.0
            record.stepped_at = now
            try:
                if type(item) is plain and type(text := item if in_itself else item.__dict__["content"]) is str:
                    # As `on_item` and `StreamRecord.chunk` do it, which would be two calls more.
                    size = len(text) if text.isascii() else size_of_text(text)
                    del text
                    index = record.chunks
                    record.chunks = index + 1
                    record.waiting_for = next_chunk
                    record.last_event = text_chunk
                    if size:
                        record.size += size
                        if not record.parts:
                            record.first_content_at = now
                        record.parts += 1
                        record.last_content_at = now
                    if sample is not None:
                        ring[index % places] = (text_chunk, size, now, gap)
                        if index == sample.due or gap > sample.bar:
                            sample.keep(index, text_chunk, size, now, gap)
                else:
                    text = None
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

    __slots__ = ("_on_chunk", "_wire", "record", "run")

    in_place = True

    def __init__(self, record: StreamRecord, wire: Wire, on_chunk: OnChunk) -> None:
        self.record = record
        self._wire = wire
        self._on_chunk = on_chunk
        self.run = _call

    @property
    def wire(self) -> Wire:
        """That of this stream of the SDK: the stream around it may have others."""
        return self._wire

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
            self._on_chunk(self._wire, item, now)
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

    async def watch(self, inner: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, None]:
        """Nothing first, and then the chunks of `inner`, each of them seen; every line in the loop is paid per chunk."""
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
                    report("a chunk on the wire", exc)
                yield chunk
        except BaseException as error:
            self.failed(error)
            raise
        self.exhausted()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
