# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Async generators in any use come out as without Lastchunk: fresh uses in each run, and those that once did not."""

from __future__ import annotations

import random
import sys

import pytest

from fuzz import protocol
from tests.conftest import Exported

FRESH = 5_000

FOUND = (
    (56942268, "a stream in a cycle, whose close is cancelled before it begins"),
    (56941371, "the same, for a generator that has nothing to say about it"),
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
    assert exported.ours
