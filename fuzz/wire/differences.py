# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Has two processes perform the same cases, one of them under Lastchunk, and compares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

_TRIES = 6
"""Sockets and garbage collection have no seed: a case that differs is performed as often again, on both sides. What Lastchunk
changes differs from everything that is seen without it; what chance changes does not."""


class Side:
    """A process that performs cases."""

    def __init__(self, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fuzz.wire.side", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0", "OTEL_SDK_DISABLED": "false"},
        )

    def __enter__(self) -> Side:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.read()
        self._process.stdout.close()
        if self._process.wait(60) and kind is None:
            raise RuntimeError(f"a side of the fuzzer ended with {self._process.returncode}")

    def ask(self, seed: int | None) -> None:
        """Perform a case; None: look at the metrics of all."""
        assert self._process.stdin
        self._process.stdin.write(f"{'' if seed is None else seed}\n")
        self._process.stdin.flush()

    def told(self) -> dict[str, list[str]]:
        """What came of the next case that was asked for."""
        assert self._process.stdout
        line: Any = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a side of the fuzzer ended with {self._process.wait(10)}")
        return json.loads(line)


def differences(seeds: Iterable[int]) -> list[str]:
    """What differs under Lastchunk, and what it emitted that it must not."""
    found: list[str] = []
    with Side("bare") as bare, Side("observed") as observed:
        for seed in seeds:
            right, ours = _both(bare, observed, seed)
            found += [f"seed {seed}, {ours['seen'][0]}: {fault}" for fault in ours["faults"]]
            if right["seen"] != ours["seen"] and (difference := _confirmed(bare, observed, seed, right, ours)):
                found.append(difference)
        observed.ask(None)
        found += observed.told()["faults"]
    return found


def _both(bare: Side, observed: Side, seed: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    for side in (bare, observed):
        side.ask(seed)
    return bare.told(), observed.told()


def _confirmed(bare: Side, observed: Side, seed: int, *first: dict[str, list[str]]) -> str | None:
    """The first thing that differs, if nothing that was seen under Lastchunk is ever seen without it."""
    rounds = [first, *(_both(bare, observed, seed) for _ in range(_TRIES))]
    without, under = ([told[side]["seen"] for told in rounds] for side in (0, 1))
    if any(seen in without for seen in under):
        return None
    right, ours = without[0], under[0]
    place = next((i for i, (a, b) in enumerate(zip(right, ours, strict=False)) if a != b), min(len(right), len(ours)))
    return f"seed {seed}, {right[0]}: bare {right[place : place + 2]}, under Lastchunk {ours[place : place + 2]}"
