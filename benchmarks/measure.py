# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How cost is measured where others use the same cores: CPU time, interleaved, and only while the machine is quiet.

A core that shares its units with a busy neighbour does everything at half the speed. So a fixed piece of plain Python, the
*reference*, is timed before and after each measurement, and a measurement counts if neither reference took much longer
than the fastest that was ever seen. What is given is the median of those that count.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

QUIET = 1.15
"""A reference may take this much longer than the fastest one."""
ENOUGH = 15
"""Measurements of each side that are to count …"""
AT_LEAST = 5
"""… or else all are taken, each scaled by how slow its reference was, and the table says so."""

Work = Callable[[], Awaitable[object]]
"""One measurement's worth of work; the caller knows how many units that is."""

_fastest = float("inf")


def _reference() -> float:
    """Seconds for a fixed piece of work: calls, attributes, allocations."""
    global _fastest
    began = time.process_time()
    total = 0
    for number in range(15_000):
        total += len((number, total))
    took = time.process_time() - began
    _fastest = min(_fastest, took)
    return took


@dataclass(slots=True)
class Side:
    """The measurements of one way to do the work: seconds of CPU, and how slow the machine was then."""

    seconds: list[float] = field(default_factory=list[float])
    references: list[float] = field(default_factory=list[float])

    def counted(self) -> list[float]:
        """The measurements made while the machine was quiet; all, each scaled by its reference, if there are hardly any."""
        if self.quiet() >= AT_LEAST:
            return [s for s, r in zip(self.seconds, self.references, strict=True) if r <= QUIET * _fastest]
        return [s * _fastest / r for s, r in zip(self.seconds, self.references, strict=True)]

    def quiet(self) -> int:
        """How many were made while the machine was quiet."""
        return sum(r <= QUIET * _fastest for r in self.references)

    @property
    def median(self) -> float:
        """Of the measurements that count, in seconds."""
        return statistics.median(self.counted())


async def take(side: Side, work: Work) -> None:
    """One measurement of `work`, without garbage collection in it."""
    gc.collect()
    gc.disable()
    try:
        before = _reference()
        began = time.process_time()
        await work()
        took = time.process_time() - began
        after = _reference()
    finally:
        gc.enable()
    side.seconds.append(took)
    side.references.append(max(before, after))


@dataclass(slots=True)
class Paired:
    """The same work without and with something, in turns, so that both meet the same machine."""

    units: int
    """Chunks, or streams, per measurement."""
    off: Side = field(default_factory=Side)
    again: Side = field(default_factory=Side)
    """Without, a second time: what differs between these two is the machine's noise."""
    on: Side = field(default_factory=Side)

    @property
    def bare_us(self) -> float:
        """Microseconds per unit without."""
        return (self.off.median + self.again.median) / 2 / self.units * 1e6

    @property
    def on_us(self) -> float:
        """Microseconds per unit with."""
        return self.on.median / self.units * 1e6

    @property
    def added_us(self) -> float:
        """Microseconds that it adds per unit."""
        return self.on_us - self.bare_us

    @property
    def ratio(self) -> float:
        """With, over without."""
        return self.on_us / self.bare_us

    @property
    def noise_us(self) -> float:
        """How far off and off again are apart, in microseconds per unit."""
        return abs(self.off.median - self.again.median) / self.units * 1e6

    @property
    def noisy(self) -> str:
        """A mark if the machine was hardly ever quiet."""
        return (
            "" if min(self.off.quiet(), self.on.quiet(), self.again.quiet()) >= AT_LEAST else " (busy machine, scaled)"
        )


async def paired(
    work: Work,
    units: int,
    on: Callable[[], object],
    off: Callable[[], object],
    *,
    work_on: Work | None = None,
    limit: float = 20.0,
) -> Paired:
    """Measure `work` off, on and off again, until enough measurements count or `limit` seconds have passed.

    `on` and `off` switch between the two; the work itself may differ (`work_on`).
    """
    result = Paired(units)
    await work()
    on()
    await (work_on or work)()
    off()
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        await take(result.off, work)
        on()
        await take(result.on, work_on or work)
        off()
        await take(result.again, work)
        if min(side.quiet() for side in (result.off, result.on, result.again)) >= ENOUGH:
            break
    return result


@dataclass(slots=True)
class Row:
    """One line of the table."""

    work: str
    budget: str
    measured: str
    noise: str
    floor: str
    met: bool | None
    """None where there is no budget."""

    def __str__(self) -> str:
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        return f"| {self.work} | {self.budget} | {self.measured} | {self.noise} | {self.floor} | {met} |"


HEAD = "| work | budget | measured | noise | floor | met |\n|---|---|---|---|---|---|"
