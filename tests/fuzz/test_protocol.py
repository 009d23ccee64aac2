# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Async generators in any use come out as without Lastchunk: fresh uses in each run, and those that once did not."""

from __future__ import annotations

import gc
import random
import sys
from contextlib import suppress
from typing import Any

import pytest

from fuzz import driven_by_hand, protocol
from fuzz.bodies import BODIES, by_hand, closes_within
from fuzz.seen import overheard
from lastchunk.streams import open_streams
from tests.conftest import Exported

FRESH = 5_000

FOUND = (
    (56942268, "a stream in a cycle, whose close is cancelled before it begins"),
    (56941371, "the same, for a generator that has nothing to say about it"),
    (179653953, "a close that is cancelled before it begins, of a generator that closes what it waits for"),
    (746, "a generator that waits when it is closed, and dies: from Python 3.13 on it was closed once more"),
)
"""Seeds of uses that once differed."""


@pytest.mark.timeout(120)
def test_any_use_comes_out_as_without_lastchunk(exported: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    first = random.randrange(10**9)
    with capsys.disabled():
        sys.stdout.write(f"\nmake fuzz ARGS='protocol --seed {first} --cases {FRESH}'\n")
    assert protocol.differences(range(first, first + FRESH)) == []
    assert exported.ours


@pytest.mark.parametrize("seed", [seed for seed, _ in FOUND], ids=[what for _, what in FOUND])
def test_what_once_differed(seed: int, exported: Exported) -> None:
    assert protocol.difference(seed) is None
    open_streams.drain()
    assert exported.ours


def test_a_generator_that_refuses_its_close_while_it_waits(exported: Exported) -> None:
    """docs/limits.md: if this fails because it got better, the page and `fuzz.protocol` have to say so."""

    def heard_at_its_death(make: driven_by_hand.Make) -> tuple[int, list[Any]]:
        log: list[Any] = []
        with overheard(log):
            stream: Any = make(BODIES.index(closes_within), log, by_hand)
            for _ in range(2):
                step = stream.__anext__()
                with suppress(StopIteration):
                    step.send(None)
            del step, stream
            heard = len(log)
            gc.collect()
        return heard, [entry[1][:2] if entry[0] == "unraisable" else entry for entry in log]

    bare, observed = heard_at_its_death(protocol.bare), heard_at_its_death(protocol.observed)
    assert bare == (2, [*["closes", ("RuntimeError", "async generator ignored GeneratorExit")], *bare[1][2:]])
    assert observed == (4 if sys.version_info >= (3, 13) else 2, bare[1])
