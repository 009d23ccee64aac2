# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the first rung that does worse than the one below it, from the runs of a ladder. Pure.

A run does worse if it did not complete although the one below did, or if it came in one piece although the one below came bit by
bit. Length and time are shown, but not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lastchunk.doctor.ladder.runs import Run, Rung
from lastchunk.semconv import Cause, Delivery

LONG_ENOUGH = 200
"""Only an answer of at least so many bytes is judged for coming in one piece."""

LATE = 0.8
"""The first text of a stream is late if it comes after this share of the stream's time."""

_IN_ONE_PIECE = (Delivery.SINGLE, Delivery.BURST)


class Worse(StrEnum):
    """How a run does worse than the one below."""

    ENDING = "ending"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Place:
    """A rung that does worse than the one below, in some rounds."""

    rung: Rung
    worse: Worse
    run: Run
    """The first of its runs that does worse …"""
    below: Run | None
    """… and the run that it is compared with; None for the lowest rung."""
    times: int
    of: int
    """It does worse in `times` of `of` rounds."""

    @property
    def always(self) -> bool:
        """In every round."""
        return self.times == self.of

    @property
    def cause(self) -> str | None:
        """The cause that the evidence shows."""
        return Cause.NO_STREAMING_SUPPORT if self.worse is Worse.DELIVERY else self.run.cause


def places(runs: Sequence[Run]) -> list[Place]:
    """Every rung that does worse than the one below it in some round.

    First comes the one that the verdict names: the lowest that does worse in every round; if there is none, the lowest.
    """
    runs = [_settled(run, runs) for run in runs]
    found = [place for rung in Rung if (place := _place(rung, runs)) is not None]
    return sorted(found, key=lambda place: not place.always)


def _settled(run: Run, runs: Sequence[Run]) -> Run:
    """If a run's delivery is not certain, take it from a rung above it in the same round whose delivery is.

    An answer that a proxy held back takes a moment to read. On a busy machine, that is long enough to look like a stream.
    """
    if run.delivery != Delivery.INCREMENTAL or (run.first_chunk or 0.0) < run.duration * LATE:
        return run
    above = [other for other in runs if other.round == run.round and other.rung > run.rung]
    return next((replace(run, delivery=other.delivery) for other in above if other.delivery in _IN_ONE_PIECE), run)


def _place(rung: Rung, runs: Sequence[Run]) -> Place | None:
    compared = [(run, below(run, runs)) for run in runs if run.rung is rung]
    worse = [(how, run, lower) for run, lower in compared if (how := worse_than(run, lower)) is not None]
    if not worse:
        return None
    how, run, lower = worse[0]
    return Place(rung, how, run, lower, len(worse), len(compared))


def below(run: Run, runs: Sequence[Run]) -> Run | None:
    """The run that `run` is compared with: of the nearest rung below in the same round that can be compared.

    A run that ended in a tool call cannot be compared with one that gave text.
    """
    lower = [
        other
        for other in runs
        if other.round == run.round and other.rung < run.rung and (run.called or not other.called)
    ]
    return max(lower, key=lambda other: other.rung, default=None)


def worse_than(run: Run, lower: Run | None) -> Worse | None:
    """How `run` does worse than `lower`; None if it does not."""
    if not run.completed:
        return Worse.ENDING if lower is None or lower.completed else None
    if lower is None or not lower.completed or not _came_whole(run):
        return None
    # The lowest rung never streams, so a stream above it is measured by what it should be: bit by bit.
    return Worse.DELIVERY if lower.rung is Rung.CREATE or lower.delivery == Delivery.INCREMENTAL else None


def _came_whole(run: Run) -> bool:
    """True if a long answer came in one piece although it was requested as a stream."""
    if run.rung >= Rung.AGENT and not run.model_streams:
        return run.characters > 0
    return run.delivery in _IN_ONE_PIECE and run.last_size >= LONG_ENOUGH
