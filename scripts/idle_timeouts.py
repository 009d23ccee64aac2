# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How often the rule of `lastchunk.streams.idle` is right: models of every pace, cut at random moments and by timeouts.

python scripts/idle_timeouts.py          writes the table of docs/idle-timeouts.md
python scripts/idle_timeouts.py --check  exits with 1 if it is not as it would be written

Each stream waits for its first chunk, then its gaps follow the model's distribution. A crash comes at a moment that is
chosen evenly over the stream's whole time. A timeout fires in the first silence that is as long; there always is one, for
the model stops for ever at a random chunk. Seeded: each run gives the same table.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lastchunk.streams.idle import idle_timeout, own_gap

PAGE = Path(__file__).parents[1] / "docs" / "idle-timeouts.md"
_BLOCK = re.compile(r"(<!-- made by scripts/idle_timeouts.py -->\n).*?(<!-- end -->)", re.DOTALL)

STREAMS = 1500
"""For each model and each way to break."""
DEFAULTS = (5, 15, 29, 30, 50, 55, 60, 120, 230, 240, 300, 350, 600)
STALL_AFTER = 30.0

Gap = Callable[[random.Random], float]


def _gaps(median: float, spread: float, *, pause: float = 0.0, often: float = 0.0) -> Gap:
    """Log-normal gaps, `often` a pause among them (its median in seconds)."""

    def gap(chance: random.Random) -> float:
        if pause and chance.random() < often:
            return pause * chance.lognormvariate(0, 0.6)
        return median * chance.lognormvariate(0, spread)

    return gap


MODELS: dict[str, Gap] = {
    "fast: a chunk each 20 ms": _gaps(0.02, 0.6),
    "slow: a chunk each 0.5 s": _gaps(0.5, 0.5),
    "very slow: a chunk each 1.5 s": _gaps(1.5, 0.4),
    "bursty: pauses of 1.5 s": _gaps(0.02, 0.6, pause=1.5, often=0.03),
    "bursty: pauses of 4 s": _gaps(0.02, 0.6, pause=4.0, often=0.02),
}


@dataclass(frozen=True)
class Broken:
    """A stream that broke: what is known of it then."""

    silence: float
    longest: float
    first_wait: float
    chunks: int
    flow: float

    def idle(self) -> bool:
        """What the rule says."""
        gap = own_gap(self.longest, self.first_wait, self.chunks, self.flow)
        return idle_timeout(self.silence, gap, STALL_AFTER)


def _silences(chance: random.Random, gap: Gap) -> list[float]:
    first = chance.lognormvariate(0, 0.8)
    return [first, *(gap(chance) for _ in range(chance.randint(20, 600)))]


def _broken(silences: list[float], silence: float) -> Broken:
    first, later = (silences[0], silences[1:]) if silences else (0.0, [])
    return Broken(silence, max(silences, default=0.0), first, len(silences), sum(later))


def crashed(chance: random.Random, gap: Gap) -> Broken:
    """A stream whose connection broke at any moment."""
    silences = _silences(chance, gap)
    moment = chance.uniform(0, sum(silences))
    for index, silence in enumerate(silences):
        if moment < silence:
            return _broken(silences[:index], moment)
        moment -= silence
    return _broken(silences, 0.0)


def timed_out(chance: random.Random, gap: Gap, seconds: float) -> Broken:
    """A stream that met a timeout."""
    silences = _silences(chance, gap)
    stops = chance.randint(2, len(silences))
    for index, silence in enumerate([*silences[:stops], seconds]):
        if silence >= seconds:
            return _broken(silences[:index], seconds + chance.uniform(-0.05, 0.4))
    raise AssertionError("the model stops in the end")


def _rows() -> Iterator[str]:
    yield "| model | crash: called a crash | default timeout: called idle | any timeout from 5 to 120 s: called idle |"
    yield "|---|---|---|---|"
    right = total = 0
    for name, gap in MODELS.items():
        chance = random.Random(name)
        crashes = sum(not crashed(chance, gap).idle() for _ in range(STREAMS))
        known = sum(timed_out(chance, gap, chance.choice(DEFAULTS)).idle() for _ in range(STREAMS))
        other = sum(timed_out(chance, gap, chance.uniform(5, 120)).idle() for _ in range(STREAMS))
        right, total = right + crashes + known + other, total + 3 * STREAMS
        yield f"| {name} | " + " | ".join(f"{100 * count / STREAMS:.1f} %" for count in (crashes, known, other)) + " |"
    yield f"\nOf {total:,} streams {100 * right / total:.1f} % are called what they are."


def main() -> int:
    """Write or check the page."""
    page = PAGE.read_text("utf-8")
    made = _BLOCK.sub(lambda match: match[1] + "\n".join(_rows()) + "\n" + match[2], page)
    if "--check" in sys.argv[1:]:
        return int(made != page)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
