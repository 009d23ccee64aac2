# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How many streams are open now, and how many of them hang: read when a metric reader collects, at no cost before.

The callbacks run once for each reader, in whatever thread it collects, while the SDK holds the lock of its collection.
They may add to other instruments and emit log events, for which that lock is not needed.
"""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.metrics import CallbackOptions, Observation

from lastchunk.own_errors import report
from lastchunk.semconv import WaitingFor
from lastchunk.streams import clock, open_streams
from lastchunk.streams.record import StreamRecord
from lastchunk.telemetry.series import Series

OnStalled = Callable[[StreamRecord, float], None]
"""Called once for each stream that stalls, with the seconds of its silence."""


class Gauges:
    """The callbacks of two observable instruments. A series that was seen once is reported from then on, as 0."""

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
        now, stall_after = clock.monotonic(), self.stall_after
        counts: dict[Series, dict[WaitingFor, int]] = {
            series: dict.fromkeys(series.by_waiting, 0) for series in self._seen
        }
        for record in open_streams.open_streams():
            since = record.silent_since
            if since <= 0.0 or now - since < stall_after or record.series not in counts:
                continue
            waiting = counts[record.series]
            if record.waiting_for in waiting:
                waiting[record.waiting_for] += 1
                self._tell(record, now - since)
        return [
            Observation(count, series.by_waiting[waiting_for])
            for series, waiting in counts.items()
            for waiting_for, count in waiting.items()
        ]

    def _tell(self, record: StreamRecord, silence: float) -> None:
        """Tell of a stream that hangs, once: readers of one provider collect one after the other."""
        if record.stalled or self.on_stalled is None:
            return
        record.stalled = True
        try:
            self.on_stalled(record, silence)
        except Exception as exc:
            report("the log event of a stalled stream", exc)
