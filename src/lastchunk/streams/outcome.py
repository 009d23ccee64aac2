# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The outcome of an ended stream, from which span, metrics and log event are written."""

from __future__ import annotations

from dataclasses import dataclass

from lastchunk.semconv import Cause, Delivery, Source, WaitingFor
from lastchunk.streams.ending import Ending


@dataclass(slots=True, kw_only=True)
class Outcome:
    """The end of one stream. Times are seconds."""

    ending: Ending
    ended_at: float
    """On `clock.monotonic`."""
    delivery: Delivery
    first_wait: float
    """Until the first content; 0 if there was none."""
    source: Source
    idle: float
    """Of silence before the end."""
    waiting_for: WaitingFor | None
    """What the step waited for that was pending when the stream was cut; None if none was."""
    finish_raw: str | None
    recovered: tuple[tuple[Cause, int], ...] = ()
    """Cutoffs of inner streams from which a run recovered, by cause."""

    @property
    def inner_cutoffs(self) -> int:
        """The number of inner cutoffs."""
        return sum(count for _, count in self.recovered)
