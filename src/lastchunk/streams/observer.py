# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The observer, which watches a stream while it is driven: it owns the stream's record, and ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from math import inf

from lastchunk.own_errors import report
from lastchunk.semconv import ChunkKind, WaitingFor
from lastchunk.streams import open_streams
from lastchunk.streams.chunks import ChunkSample, size_of_text
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.shapes import Asked, Function
from lastchunk.streams.start import Start
from lastchunk.streams.wire import Wire

OnItem = Callable[[StreamRecord, object, float, float], None]
"""Called with the record, the item, the time, and the silence before it; knows one library's items."""

ITEM: object = object()
"""What `Observer.watch` gives when a step has brought an item."""


def call_here(function: Function, *args: object) -> object:
    """Call a function in the context of the caller."""
    return function(*args)


class Observer:
    """Begins a stream at its first step, watches it, and ends it."""

    __slots__ = ("_describe", "_on_item", "_start", "_streams", "_text", "close_asked", "record", "run")

    in_place = False
    """A step needs no private context, and its begin need not be told."""

    def __init__(
        self, streams: Streams, describe: Callable[[], Start | None], on_item: OnItem, text: type | None = None
    ) -> None:
        """Items of the class `text`, or with it as their `content`, are text and carry nothing else. They are the commonest."""
        self._streams = streams
        self._describe: Callable[[], Start | None] | None = describe
        self._start: Start | None = None
        self._on_item = on_item
        self._text = text
        self.close_asked = False
        """The consumer made a close, which may not have begun yet."""
        self.record: StreamRecord | None = None
        self.run: Function = call_here
        """Calls a function in the stream's private context; in the caller's before the begin, or if nobody listens."""

    def listens(self) -> bool:
        """Whether anybody listens, and the stream is not part of the one around it.

        Asked when its first step is made. Afterwards no argument of the call is held.
        """
        describe, self._describe = self._describe, None
        if describe is not None:
            try:
                start = describe()
                if start is not None and self._streams.would_begin(start):
                    self._start = start
            except Exception as exc:
                report("starting to observe a stream", exc)
        return self._start is not None or self.is_open()

    def begin(self) -> None:
        """Begin the stream, unless nobody listens; called when its first step begins."""
        if not self.listens():
            return
        start, self._start = self._start, None
        if start is None:
            return
        try:
            record = self._streams.begin(start)
            if record is not None and record.context is not None:
                record.loop = _running_loop()
                self.record = record
                self.run = record.context.run
        except Exception as exc:
            report("starting to observe a stream", exc)

    @property
    def wire(self) -> Wire | None:
        """The stream's wire, if it is an SDK's own stream."""
        return self.record.wire if self.record is not None else None

    def is_open(self) -> bool:
        """Whether the stream has begun, and has not ended."""
        return self.record is not None and self.record.ending is None

    def step_begins(self) -> None:
        """The consumer asks for the next item."""
        record = self.record
        if record is not None:
            record.step_begins(record.clock())

    def item(self, item: object) -> None:
        """The step brought an item."""
        record = self.record
        if record is None or record.ending is not None:
            return
        try:
            now = record.clock()
            self._on_item(record, item, now, record.step_ends(now))
        except Exception as exc:
            report("recording an item of a stream", exc)

    def exhausted(self) -> None:
        """There are no more items."""
        if self.record is not None:
            self._streams.end(self.record)

    def failed(self, error: BaseException) -> None:
        """The step raised.

        A GeneratorExit says that the coroutine around the step was closed, most often by a finaliser.
        """
        if issubclass(type(error), GeneratorExit):
            self.let_go()
        elif self.record is not None:
            self._streams.end(self.record, error=error)

    def closed(self, *, process_exit: bool = False) -> None:
        """The consumer closes the stream, or the loop does it at its end."""
        if self.record is not None:
            self._streams.end(self.record, left=True, process_exit=process_exit)

    def let_go(self) -> None:
        """The last reference died; called by finalisers."""
        if self.record is not None and self.record.ending is None:
            open_streams.let_go(self.record)

    def watch(self, items: list[object]) -> Callable[[Asked], object]:
        """Takes the steps of a generator, one after the other, and appends the item of each to `items`.

        Gives `ITEM` for a step that is over, and before that whatever it has the loop wait for, and takes what that gives.
        Items do not come as a StopIteration, which costs more than all the rest when it passes through a Python function.
        """
        watching = (
            _passed(items) if self.record is None or self.record.ending is not None else self._watch(self.record, items)
        )
        next(watching)
        return watching.send

    def _watch(self, record: StreamRecord, items: list[object]) -> Generator[object, Asked, None]:
        """Every line in the loop is paid per chunk."""
        clock, on_item, came = record.clock, self._on_item, ITEM
        text_chunk = ChunkKind.TEXT
        plain = self._text if type(record) is StreamRecord else None
        in_itself = plain is str
        sample = record.sample or ChunkSample(1)  # If nothing is to be kept, nobody reads what is kept here.
        kinds, sizes, ats, gaps = sample.kinds, sample.sizes, sample.ats, sample.gaps
        places = len(kinds)
        asked = yield
        try:
            while True:
                # Nothing else changes these, but for an item that is no text.
                silence_counts = record.waiting_for is not WaitingFor.PERSON
                stepped, max_pause, max_gap = record.stepped_at or inf, record.max_pause, record.max_gap
                chunks, total = record.chunks, record.size
                due, bar = sample.due, sample.bar
                first, other = True, False
                while True:
                    now = clock()
                    if now - stepped > max_pause:
                        max_pause = record.max_pause = now - stepped
                    record.silent_since = now if silence_counts else -1.0
                    item = yield from asked
                    stepped = clock()
                    since = record.silent_since
                    gap = stepped - since
                    record.silent_since = 0.0
                    record.stepped_at = stepped
                    try:
                        if gap > max_gap:
                            # Longer than any before; or no silence, and then this difference says nothing.
                            gap = record.silence(since, stepped)
                            max_gap = record.max_gap
                        text = item if in_itself else item.content if type(item) is plain else None
                        if type(text) is str:
                            # As `on_item` and `StreamRecord.chunk` do it, which would be two calls more.
                            size = len(text) if text.isascii() else size_of_text(text)
                            del text
                            place = chunks % places
                            kinds[place] = text_chunk
                            sizes[place] = size
                            ats[place] = stepped
                            gaps[place] = gap
                            if chunks == due or gap > bar:
                                sample.keep(chunks, text_chunk, size, stepped, gap)
                                due, bar = sample.due, sample.bar
                            record.chunks = chunks = chunks + 1
                            if size:
                                record.size = total = total + size
                                record.last_content_at = stepped
                                if first:
                                    first, silence_counts = False, True
                                    record.first_content_at = record.first_content_at or stepped
                                    record.waiting_for = WaitingFor.NEXT_CHUNK
                                    record.last_event = text_chunk
                            else:
                                record.empty += 1
                                silence_counts = True
                                record.waiting_for = WaitingFor.NEXT_CHUNK
                                record.last_event = text_chunk
                        else:
                            text, other = None, True
                            on_item(record, item, stepped, gap)
                    except Exception as exc:
                        other = True
                        report("recording an item of a stream", exc)
                    items.append(item)
                    del item
                    asked = yield came
                    if other:
                        break
        finally:
            asked = None  # It may hold the exception, whose traceback holds this frame.


def _passed(items: list[object]) -> Generator[object, Asked, None]:
    """Pass items on without watching."""
    asked = yield
    try:
        while True:
            items.append((yield from asked))
            asked = yield ITEM
    finally:
        asked = None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
