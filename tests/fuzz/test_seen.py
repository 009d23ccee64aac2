# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the fuzzers compare has no order that only the garbage collector chose, and no case that waits for ever."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from fuzz.seen import collected
from fuzz.wire import HANGS_AFTER
from fuzz.wire.differences import HANGS, Side

_HANGS_AT_1 = """
import sys
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "1":
        sys.stdin.read()
    print('{"seen": ["case %s"], "faults": []}' % line.strip(), flush=True)
"""


class _Heard:
    def __init__(self, log: list[Any], name: str) -> None:
        self.log, self.name, self.itself = log, name, self

    def __del__(self) -> None:
        self.log.append(self.name)


def _dies(*names: str) -> list[Any]:
    log: list[Any] = ["before"]
    gc.disable()
    try:
        for name in names:
            _Heard(log, name)
        collected(log)
    finally:
        gc.enable()
    return log


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a")], ids="".join)
def test_what_dies_in_one_collection_has_no_order(names: tuple[str, ...]) -> None:
    """Seeds 1307 and 50410 of the wire: a session of aiohttp died before its connection, or after it."""
    assert _dies(*names) == ["before", "a", "b", "c"]


def test_a_case_that_hangs_is_seen_as_such_and_the_next_one_is_performed() -> None:
    """Seed 51366 of the wire once hung without Lastchunk."""
    with Side("-S", "-c", _HANGS_AT_1) as side:
        seen: list[str] = []
        for seed in (0, 1, 2):
            side.ask(seed)
            side.patience = 0.1 if seed == 1 else HANGS_AFTER
            seen += side.told()["seen"]
    assert seen == ["case 0", HANGS, "case 2"]
