# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""From the runs of a ladder to one verdict: the first rung that is worse than the one below, and what that says. Pure.

Worse is a run that did not complete where the one below did, or that came in one piece where the one below came bit by bit.
Length and time are shown, and never judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lastchunk.doctor.ladder.runs import Run, Rung
from lastchunk.semconv import Cause, Delivery

LONG_ENOUGH = 200
"""Bytes of an answer from which on it says something that it came in one piece."""

LATE = 0.8
"""The share of its time after which the first text of a stream came late."""

_IN_ONE_PIECE = (Delivery.SINGLE, Delivery.BURST)


class Worse(StrEnum):
    """In what a run is worse than the one below."""

    ENDING = "ending"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Place:
    """A rung that is worse than the one below, in some rounds."""

    rung: Rung
    worse: Worse
    run: Run
    """The first of its runs that is worse …"""
    below: Run | None
    """… and what it is compared with; None for the lowest rung."""
    times: int
    of: int
    """In how many of how many rounds."""

    @property
    def always(self) -> bool:
        """In every round."""
        return self.times == self.of

    @property
    def cause(self) -> str | None:
        """The known cause that the evidence gives."""
        return Cause.NO_STREAMING_SUPPORT if self.worse is Worse.DELIVERY else self.run.cause


def places(runs: Sequence[Run]) -> list[Place]:
    """Every rung that is worse than the one below it in some round, the one that the verdict names first.

    That is the lowest that is worse in every round; if none is, the lowest.
    """
    runs = [_settled(run, runs) for run in runs]
    found = [place for rung in Rung if (place := _place(rung, runs)) is not None]
    return sorted(found, key=lambda place: not place.always)


def _settled(run: Run, runs: Sequence[Run]) -> Run:
    """A run of which it is hard to say how it came has the delivery that the rung above it, in the same round, is sure of.

    What a proxy held back until the end takes a moment to be read: on a busy machine long enough to look like a stream.
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
    """What a run is compared with: that of the nearest rung below, in the same round, that can be compared.

    One that ended in a call of a tool says nothing of texts.
    """
    lower = [
        other
        for other in runs
        if other.round == run.round and other.rung < run.rung and (run.called or not other.called)
    ]
    return max(lower, key=lambda other: other.rung, default=None)


def worse_than(run: Run, lower: Run | None) -> Worse | None:
    """In what `run` is worse than `lower`; None if it is not."""
    if not run.completed:
        return Worse.ENDING if lower is None or lower.completed else None
    if lower is None or not lower.completed or not _came_whole(run):
        return None
    # An answer that was not streamed says nothing of how a stream should come: bit by bit.
    return Worse.DELIVERY if lower.rung is Rung.CREATE or lower.delivery == Delivery.INCREMENTAL else None


def _came_whole(run: Run) -> bool:
    """A long answer came in one piece, though a stream of it was asked for."""
    if run.rung >= Rung.AGENT and not run.model_streams:
        return run.characters > 0
    return run.delivery in _IN_ONE_PIECE and run.last_size >= LONG_ENOUGH
