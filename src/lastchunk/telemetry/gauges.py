# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Gauges of open and silent streams: computed when a metric reader collects, at no cost before.

The callbacks run once for each reader, in whatever thread it collects, while the SDK holds the lock of its collection.
They may add to other instruments and emit log events, for which that lock is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from opentelemetry.metrics import CallbackOptions, Observation

from lastchunk.own_errors import report
from lastchunk.semconv import HANGS_AFTER, WaitingFor
from lastchunk.streams import clock, open_streams
from lastchunk.streams.record import StreamRecord
from lastchunk.telemetry.series import Series

_Number = TypeVar("_Number", int, float)
OnStalled = Callable[[StreamRecord, float], None]
"""Called once for each stream that stalls, with the seconds of its silence."""


class Gauges:
    """The callbacks of the observable instruments. A series that was seen once is reported from then on, as 0."""

    def __init__(self) -> None:
        self._seen: list[Series] = []
        self.stall_after = 30.0
        """Seconds of silence after which a stream is stalled."""
        self.on_stalled: OnStalled | None = None

    def saw(self, series: Series) -> None:
        """A stream of a new series begins."""
        self._seen.append(series)

    def open(self, options: CallbackOptions) -> list[Observation]:
        """Streams that are open now."""
        open_streams.drain()
        counts = dict.fromkeys(self._seen, 0)
        for record in open_streams.open_streams():
            series = record.series
            if series in counts:
                counts[series] += 1
        return [Observation(count, series.attributes) for series, count in counts.items()]

    def stalled(self, options: CallbackOptions) -> list[Observation]:
        """Open streams in which a step has been pending for longer than the threshold, by what it waits for."""
        counts = self._by_waiting(0)
        for record, silence in self._silent(self.stall_after):
            counts[record.series][record.waiting_for] += 1
            self._tell(record, silence)
        return self._observed(counts)

    def hanging(self, options: CallbackOptions) -> list[Observation]:
        """Open streams in which a step has been pending for longer than anybody waits."""
        counts = self._by_waiting(0)
        for record, _ in self._silent(HANGS_AFTER):
            counts[record.series][record.waiting_for] += 1
        return self._observed(counts)

    def longest_silence(self, options: CallbackOptions) -> list[Observation]:
        """For how many seconds the step that has been pending longest has been so."""
        longest = self._by_waiting(0.0)
        for record, silence in self._silent(0.0):
            waiting = longest[record.series]
            waiting[record.waiting_for] = max(waiting[record.waiting_for], silence)
        return self._observed(longest)

    def _by_waiting(self, zero: _Number) -> dict[Series, dict[WaitingFor, _Number]]:
        return {series: dict.fromkeys(series.by_waiting, zero) for series in self._seen}

    def _silent(self, longer_than: float) -> Iterator[tuple[StreamRecord, float]]:
        """Open streams of known series whose pending step waits for no person, and the seconds of their silence."""
        now, seen = clock.monotonic(), set(self._seen)
        for record in open_streams.open_streams():
            since, series = record.silent_since, record.series
            if (
                since > 0.0
                and now - since >= longer_than
                and series in seen
                and record.waiting_for in series.by_waiting
            ):
                yield record, now - since

    def _observed(self, values: dict[Series, dict[WaitingFor, _Number]]) -> list[Observation]:
        return [
            Observation(value, series.by_waiting[waiting_for])
            for series, waiting in values.items()
            for waiting_for, value in waiting.items()
        ]

    def _tell(self, record: StreamRecord, silence: float) -> None:
        """Tell of a stream that hangs, once: readers of one provider collect one after the other."""
        if record.stalled or self.on_stalled is None:
            return
        record.stalled = True
        try:
            self.on_stalled(record, silence)
        except Exception as exc:
            report("writing the log event of a stalled stream", exc)
