# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What has been seen of one stream so far: counts, clocks, the last event. O(1) memory, and nothing of the application's."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextvars import Context
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span

from lastchunk.semconv import Cause, ChunkKind, Delivery, LastEvent, Operation, Source, TeamStopReason, WaitingFor
from lastchunk.streams import clock
from lastchunk.streams.answers import Answer, answer_of
from lastchunk.streams.chunks import ChunkSample
from lastchunk.streams.delivery import delivery_of
from lastchunk.streams.idle import own_gap
from lastchunk.streams.inner_streams import InnerStreams
from lastchunk.streams.start import Start
from lastchunk.streams.web_clients import Reader
from lastchunk.streams.wire import Wire

if TYPE_CHECKING:
    from lastchunk.streams.ending import Ending
    from lastchunk.streams.telemetry import Telemetry


class StreamRecord:
    """One stream, from its begin to its end.

    *Silence* is time in which a step is pending: the consumer asked, and nothing came. Time between two steps is the
    consumer's own. Times are seconds of `clock.monotonic`.
    """

    __slots__ = (
        "__weakref__",
        "_inner",
        "answer",
        "answered_at",
        "arrived",
        "began_at",
        "began_wall",
        "chunks",
        "clock",
        "context",
        "empty",
        "ending",
        "error_cause",
        "extras",
        "finish_optional",
        "first_content_at",
        "gap_before",
        "gave_up",
        "history",
        "idle_at_end",
        "last_content_at",
        "last_event",
        "last_source",
        "late_error",
        "loop",
        "max_gap",
        "max_pause",
        "measured_elsewhere",
        "parent",
        "reader",
        "replaces_span",
        "result_finish",
        "sample",
        "series",
        "silent_since",
        "size",
        "span",
        "stalled",
        "start",
        "stepped_at",
        "stop_reason",
        "telemetry",
        "terminal",
        "tool_failed",
        "waiting_for",
        "wire",
        "wire_gap",
        "wires_before",
    )

    def __init__(self, start: Start, parent: StreamRecord | None, chunk_events: int) -> None:
        self.start = start
        self.parent = parent
        self.clock = clock.monotonic
        self.began_at = self.clock()
        self.began_wall = clock.wall()
        self.telemetry: Telemetry | None = None
        """Where its signals go; None if nobody listens to them, and only the application wants to know how it ends."""
        self.span: Span | None = None
        self.series: Any = None
        """What its metrics have in common with those of other streams; telemetry's own."""
        self.measured_elsewhere = start.measured_elsewhere
        """Another instrumentation records the metrics of the conventions for this call."""
        self.context: Context | None = None
        self.reader: Reader | None = None
        """Who reads it, if that is for a client of a web server."""
        self.loop: asyncio.AbstractEventLoop | None = None
        self.ending: Ending | None = None
        self.sample = ChunkSample(chunk_events) if chunk_events else None
        self.history = start.history
        """What was sent; of a run, to the model that was asked last."""
        self.chunks = 0
        self.size = 0
        self.extras = 0  # bytes of what an SDK's own stream brought that is no text of the answer
        self.answer: Answer | None = None  # of the terminal item
        self.empty = 0
        """Chunks that carry no content."""
        self.max_gap = 0.0
        self.gap_before = 0.0  # the longest silence before the one that is the longest
        self.max_pause = 0.0
        self.idle_at_end = 0.0
        self.first_content_at = 0.0
        self.last_content_at = 0.0
        self.silent_since = 0.0
        """When the silence of the pending step began; 0 if no step is pending, negative if it waits for a person."""
        self.stepped_at = 0.0
        """When the last step ended; 0 before."""
        self.waiting_for = WaitingFor.FIRST_CHUNK
        self.last_event: ChunkKind | LastEvent = LastEvent.NONE
        self.terminal = False
        self.arrived = False
        self.result_finish = ""  # only used without a wire
        self.error_cause: Cause | None = None  # named by the error that its last message is
        self.stalled = False
        self.gave_up = False
        """A `guard` found it silent for too long, and cuts it."""
        self.finish_optional = False
        """Its answer is complete without a finish reason and an end marker: the application says so of its backend."""
        self.answered_at = 0.0
        """Of a run: when a model below it that has ended said its last; 0 if none did."""
        self.replaces_span = start.replaces_span
        self.late_error: str | None = None
        self.wire: Wire | None = None
        self.wires_before: tuple[Wire, ...] = ()
        """Those of SDK streams that began earlier within the same model stream."""
        self.wire_gap = 0.0
        """The last silence that the wire saw."""
        self._inner: InnerStreams | None = None  # most streams have none inside
        self.stop_reason: TeamStopReason | None = None
        self.tool_failed = False
        """The run's last message is the result of a failed tool."""
        self.last_source: str | None = None
        """The agent that the run's last message came from."""

    @property
    def operation(self) -> Operation:
        """The kind of the stream."""
        return self.start.operation

    @property
    def bare(self) -> bool:
        """Whether the application iterates the SDK's own stream."""
        return self.start.bare

    @property
    def parts(self) -> int:
        """The number of chunks with content."""
        return self.chunks - self.empty

    @property
    def inner(self) -> InnerStreams:
        """The streams inside it."""
        if self._inner is None:
            self._inner = InnerStreams()
        return self._inner

    @property
    def inner_cutoffs(self) -> Counter[Cause] | None:
        """The streams inside it that were cut, by cause; None if there are none."""
        return self._inner.cutoffs if self._inner is not None else None

    @property
    def outermost(self) -> bool:
        """Whether the application itself iterates this stream."""
        return self.parent is None

    def new_wire(self) -> Wire:
        """An SDK's stream begins within this model stream. Return its wire."""
        if self.wire is not None:
            self.wires_before = (*self.wires_before[-7:], self.wire)
        self.wire = Wire()
        return self.wire

    def step_begins(self, now: float) -> None:
        """The consumer asks for the next item."""
        if self.stepped_at and now - self.stepped_at > self.max_pause:
            self.max_pause = now - self.stepped_at
        self.silent_since = now if self.waiting_for is not WaitingFor.PERSON else -1.0

    def step_ends(self, now: float) -> float:
        """End the step. Return the silence before `now`."""
        gap = self.silence(self.silent_since, now)
        self.silent_since = 0.0
        self.stepped_at = now
        return gap

    def silence(self, since: float, now: float) -> float:
        """Return the silence from `since`, which is as `silent_since`, to `now`: 0 if there is none."""
        gap = now - since if since > 0.0 else 0.0
        if gap > self.max_gap:
            self.gap_before = self.max_gap
            self.max_gap = gap
        return gap

    def chunk(self, kind: ChunkKind, size: int, now: float, gap: float) -> None:
        """A chunk is handed to the consumer."""
        index = self.chunks
        self.chunks = index + 1
        self.last_event = kind
        if size:
            self.size += size
            if not self.first_content_at:
                self.first_content_at = now
            self.last_content_at = now
        else:
            self.empty += 1
        sample = self.sample
        if sample is not None:
            # Noted here, not by a call: every line of this method is paid per chunk.
            place = index % len(sample.kinds)
            sample.kinds[place] = kind
            sample.sizes[place] = size
            sample.ats[place] = now
            sample.gaps[place] = gap
            if index == sample.due or gap > sample.bar:
                sample.keep(index, kind, size, now, gap)

    def heard(self, now: float) -> None:
        """Something came on the wire while a step is pending: a new silence begins."""
        if self.silent_since > 0.0:
            self.wire_gap = self.silence(self.silent_since, now)
            self.silent_since = now

    def result(self, gap: float, *, arrived: bool, finish: str = "", text: object = None) -> None:
        """The terminal item reached this layer, after a silence of `gap`; `finish` is empty if it does not say.

        `text` is the answer that it holds, if it is one.
        """
        self.terminal = True
        self.answer = answer_of(text)
        self.arrived = arrived
        self.result_finish = finish
        self.idle_at_end = gap if self.wire is None else self.wire_gap

    def content_at(self) -> float:
        """When the model last sent content, as far as this record knows; 0 if it sent none."""
        if self.operation is not Operation.CHAT:
            return self.answered_at
        return max(self.last_content_at, self.wire.last_content_at) if self.wire is not None else self.last_content_at

    def answered(self) -> bool:
        """A piece of a model's answer came."""
        return self.content_at() > 0.0

    def source(self) -> Source:
        """Return what a decision about this stream rests on."""
        if self.wire is not None:
            return Source.WIRE
        return Source.RESULT if self.result_finish or self.start.finish_is_due else Source.NONE

    def delivery(self, ended_at: float) -> tuple[Delivery, float]:
        """How the content came, and how many seconds the first of it took: from the wire where there is one."""
        parts, first, last = self._content()
        wait = first - self.began_at if parts else 0.0
        in_one_read = self.wire.together if self.wire is not None else 0
        return delivery_of(parts, wait, last - first, ended_at - self.began_at, in_one_read), wait

    def own_gap(self, idle: float) -> float | None:
        """The longest silence between two chunks, the last one, of `idle` seconds, left out; None if there were no two."""
        parts, first, last = self._content()
        longest = self.max_gap if idle < self.max_gap else self.gap_before
        return own_gap(longest, first - self.began_at, parts, last - first)

    def _content(self) -> tuple[int, float, float]:
        """Return the number of chunks with content, and the times of the first and the last: of the wire, if there is one."""
        wire = self.wire
        if wire is not None and wire.content_chunks:
            return wire.content_chunks, wire.first_content_at, wire.last_content_at
        return self.parts, self.first_content_at, self.last_content_at
