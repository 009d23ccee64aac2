# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Invented services that are well: what their metrics say every 15 seconds for weeks, with all that is usual in production.

Streams begin at random, more by day than at night and fewer at weekends; batches run at night; traffic comes in bursts.
Processes are deployed on working days, and crash now and then. Streams are cut at random, within the objective; and four
times a day a few are cut together, as when a gateway is reloaded. Some do not start, some are left, and some think long.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lastchunk.monitoring.names import series
from lastchunk.semconv import CUTOFFS, ENDED, HANGING, LONGEST_SILENCE, OPEN, STALLED
from tests.stack.rules.scenario import INNER, RUN, Labels, named, written

EVERY = 15
"""Seconds between two samples."""
_HOUR, _DAY = 3600 // EVERY, 86400 // EVERY
_AT_ONCE = 4
"""The most streams that are cut together."""
_HANGS = 600


@dataclass(frozen=True, slots=True)
class Service:
    """A service, and how much it is used."""

    name: str
    a_minute: float
    """Streams, at its busiest hour."""
    night: float = 0.1
    """The part of it that is left at night."""
    weekend: float = 0.4
    batch: float = 0.0
    """Streams a minute between two and three at night."""
    cut: float = 0.005
    """The share of streams that are cut in health."""
    rejected: float = 0.005
    left: float = 0.1
    thinks: float = 20.0
    """Seconds that a stream is silent before it answers, on average."""
    trouble: Callable[[int], tuple[float, float]] | None = None
    """At a step: which further shares of streams are cut and rejected."""

    def rate(self, step: int) -> float:
        """Streams a minute, on average. The first day is a Thursday, as in 1970."""
        hour, weekday = step % _DAY / _HOUR, step // _DAY % 7
        day = 0.5 - 0.5 * math.cos(2 * math.pi * (hour - 3) / 24)
        usual = self.a_minute * (self.night + (1 - self.night) * day) * (self.weekend if weekday in (2, 3) else 1)
        return usual + (self.batch if 2 <= hour < 3 else 0)


HEALTHY = (
    Service("a-try", 0.2, night=0.05, left=0.3),
    Service("an-office", 1, night=0.0, weekend=0.05),
    Service("a-bot", 2, night=0.5, weekend=0.8, cut=0.009),
    Service("a-night-job", 2, batch=40, left=0.0),
    Service("a-helpdesk", 8, thinks=45),
    Service("a-shop", 20, night=0.2, cut=0.009, rejected=0.009),
    Service("a-coder", 60, thinks=90, left=0.3),
    Service("a-portal", 200, night=0.2, batch=100),
)
"""From one stream in five minutes to 200 a minute."""


def poisson(dice: random.Random, mean: float) -> int:
    """How often something happens in a period in which it happens `mean` times on average."""
    if mean > 30:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    left, count, limit = dice.random(), 0, math.exp(-mean)
    while left > limit:
        left *= dice.random()
        count += 1
    return count


def some(dice: random.Random, count: int, share: float) -> int:
    """How many of so many are hit, if each one is hit with this probability."""
    return min(count, poisson(dice, count * share)) if share else 0


@dataclass(slots=True)
class Process:
    """The counters of one process, from 0 on."""

    service: Service
    number: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    names: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def _named(self, metric: str, **labels: str) -> str:
        process = {"job": self.service.name, "instance": f"{self.service.name}-{self.number}"}
        return written(process | named(labels), metric)

    def add(self, level: str, reason: str, count: int) -> None:
        """Streams of a level that ended."""
        if count or reason == "completed":
            self.counts[level, reason] += count

    def samples(self, at: int, gauges: Gauges) -> Iterator[str]:
        """Every series, as OpenMetrics. Cutoffs are there at 0, others from their first stream on."""
        for level, labels in (("run", RUN), ("chat", INNER)):
            for reason in ("completed", "connection_lost", "rejected", "abandoned"):
                key = level, reason
                if key not in self.names:
                    self.names[key] = self._named(series(ENDED), **_full(labels, reason))
                if key in self.counts:
                    yield f"{self.names[key]} {self.counts[key]} {at}\n"
            key = level, "cut"
            if key not in self.names:
                self.names[key] = self._named(series(CUTOFFS), **_full(_run_only(labels), "connection_lost"))
            yield f"{self.names[key]} {self.counts[level, 'connection_lost']} {at}\n"
        for metric, value in gauges.values().items():
            key = metric, "gauge"
            if key not in self.names:
                waiting = {} if metric == series(OPEN) else {"waiting": "first_chunk"}
                of = _run_only(RUN) if metric == series(OPEN) else INNER
                self.names[key] = self._named(metric, **of, **waiting)
            yield f"{self.names[key]} {value} {at}\n"


def _run_only(labels: Labels) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "workflow"}


def _full(labels: Labels, reason: str) -> dict[str, str]:
    return {**labels, "reason": reason, "cause": "none" if reason == "completed" else "connection_lost"}


@dataclass(slots=True)
class Gauges:
    """What is open now. Now and then one stream hangs for an hour, and nobody notices."""

    open: int = 0
    stalled: int = 0
    silence: int = 0
    forgotten_since: int = -1

    def look(self, service: Service, dice: random.Random, step: int) -> None:
        waiting = service.rate(step) / 60 * service.thinks
        self.open = poisson(dice, waiting * 2)
        self.stalled = min(self.open, poisson(dice, waiting * math.exp(-30 / service.thinks)))
        if self.forgotten_since < 0 and dice.random() < 1 / (2 * _DAY):
            self.forgotten_since = step
        if self.forgotten_since >= 0 and step - self.forgotten_since > _HOUR:
            self.forgotten_since = -1
        if self.forgotten_since >= 0:
            self.silence = (step - self.forgotten_since) * EVERY
        else:
            self.silence = round(service.thinks * 2) if self.stalled else 0

    def values(self) -> dict[str, int]:
        return {
            series(OPEN): self.open,
            series(STALLED): self.stalled,
            series(HANGING): int(self.silence > _HANGS),
            series(LONGEST_SILENCE): self.silence,
        }


def live(service: Service, seed: int, first: int, steps: int) -> Iterator[tuple[int, str]]:
    """Every step from `first` on, with the samples of its processes as a text."""
    dice = random.Random(f"{seed} {service.name}")
    process, gauges = Process(service, 0), Gauges()
    together: dict[int, int] = {}
    more_until, replaced_at = -1, -1
    for step in range(first, first + steps):
        if (step - first) % _DAY == 0:
            together = {
                step + int((6 * quarter + dice.uniform(1, 5)) * _HOUR): dice.randint(2, _AT_ONCE)
                for quarter in range(4)
            }
            replaced_at = step + int(dice.uniform(9, 17) * _HOUR) if step // _DAY % 7 not in (2, 3) else -1
        if step == replaced_at or dice.random() < 1 / (3 * _DAY):
            process = Process(service, process.number + 1)
        if dice.random() < 3 / _DAY:
            more_until = step + int(dice.uniform(1, 10) * 60 / EVERY)
        mean = service.rate(step) * EVERY / 60 * (5 if step < more_until else 1)
        count = poisson(dice, mean)
        cut, rejected = some(dice, count, service.cut), some(dice, count, service.rejected)
        recovered = some(dice, cut, 0.3)
        if service.trouble is not None:
            of_cut, of_rejected = service.trouble(step)
            cut, rejected = cut + some(dice, count, of_cut), rejected + some(dice, count, of_rejected)
        cut = min(cut, count)
        recovered, rejected = min(recovered, cut), min(rejected, count - cut)
        left = some(dice, count - cut - rejected, service.left)
        completed = count - cut - rejected - left
        at_once = together.get(step, 0)
        for level, lost in (("run", cut - recovered + at_once), ("chat", cut + at_once)):
            process.add(level, "completed", completed + (recovered if level == "run" else left))
            process.add(level, "connection_lost", lost)
            process.add(level, "rejected", rejected)
        process.add("run", "abandoned", left)
        gauges.look(service, dice, step)
        yield step, "".join(process.samples(step * EVERY, gauges))
