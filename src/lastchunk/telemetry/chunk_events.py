# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The chunk events of a span: made when an exporter reads them if the SDK's span allows it, otherwise when it ends.

`add_event` copies and checks each event, and what it makes is held until the span is exported: for 32 events that took most of
the time and of the memory that a short stream costs. What is kept here instead are the packed numbers of the sample.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from opentelemetry.trace import Span

from lastchunk import semconv
from lastchunk.streams.chunks import ChunkSample
from lastchunk.streams.record import StreamRecord

_SDK = "opentelemetry.sdk.trace"
_ATTRIBUTES = 5
_LONGEST_VALUE = max(len(kind.value) for kind in semconv.ChunkKind)


def add_chunk_events(span: Span, record: StreamRecord) -> None:
    """Give a span that is about to end the events of its stream's chunks."""
    sample = record.sample
    if sample is None or not record.chunks:
        return
    data = _Chunks(sample, record.chunks, record.began_at, record.began_wall)
    event = getattr(sys.modules.get(_SDK), "Event", None)
    if event is not None and _takes_ours(span, sample.capacity):
        span._events = ChunkEvents(data, event)  # pyright: ignore[reportAttributeAccessIssue]
        return
    for attributes, timestamp in data.events():
        span.add_event(semconv.CHUNK_EVENT, attributes, timestamp)


@dataclass(slots=True)
class _Chunks:
    """What the events are made of."""

    sample: ChunkSample
    count: int
    """Chunks of the stream."""
    began_at: float
    """On `clock.monotonic`."""
    began: int
    """The same in nanoseconds since the epoch."""

    def events(self) -> Iterator[tuple[Mapping[str, Any], int]]:
        """Attributes and time of each event, in order."""
        for chunk in self.sample.chunks(self.count):
            elapsed = chunk.at - self.began_at
            attributes = {
                semconv.CHUNK_INDEX: chunk.index,
                semconv.CHUNK_KIND: chunk.kind.value,
                semconv.CHUNK_SIZE: chunk.size,
                semconv.CHUNK_ELAPSED: round(elapsed, 6),
                semconv.CHUNK_GAP: round(chunk.gap, 6),
            }
            yield attributes, self.began + max(round(elapsed * 1e9), 0)


class ChunkEvents(Sequence[Any]):
    """The SDK's events of a span, made anew each time they are read."""

    __slots__ = ("_data", "_event")

    def __init__(self, data: _Chunks, event: type) -> None:
        self._data = data
        self._event = event

    def _made(self) -> list[Any]:
        return [self._event(semconv.CHUNK_EVENT, attributes, at) for attributes, at in self._data.events()]

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._made()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._data.sample.chunks(self._data.count))


def _takes_ours(span: Span, events: int) -> bool:
    """The span is the SDK's, of the shape that we know, has no event yet, and none of its limits would cut ours."""
    found, limits = getattr(span, "_events", None), getattr(span, "_limits", None)
    if not type(span).__module__.startswith(_SDK) or type(found).__name__ != "BoundedList" or limits is None or found:
        return False
    return (
        _allows(limits.max_events, events)
        and _allows(limits.max_event_attributes, _ATTRIBUTES)
        and _allows(limits.max_attribute_length, _LONGEST_VALUE)
    )


def _allows(limit: int | None, needed: int) -> bool:
    return limit is None or limit >= needed
