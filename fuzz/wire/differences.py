# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Has two processes perform the same cases, one of them under Lastchunk, and compares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from threading import Timer
from types import TracebackType

from fuzz.wire import HANGS_AFTER

_TRIES = 6
"""Sockets and garbage collection have no seed: a case that differs is performed as often again, on both sides. What Lastchunk
changes differs from everything that is seen without it; what chance changes does not."""
_METRICS_EVERY = 500
"""Cases after which the metrics of all are looked at: those of a process that hangs are lost."""
HANGS = "does not end"
"""What is seen of a case that hangs."""
_SIDE = ("-m", "fuzz.wire.side")


class Side:
    """A process that performs cases; another one takes its place if a case hangs."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self.patience = HANGS_AFTER
        """Seconds that it waits for a case."""
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0", "OTEL_SDK_DISABLED": "false"},
        )
        assert process.stdout
        if not process.stdout.readline():
            raise RuntimeError(f"a side of the fuzzer ended with {process.wait(10)} before its first case")
        return process

    def __enter__(self) -> Side:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._over() and kind is None:
            raise RuntimeError(f"a side of the fuzzer ended with {self._process.returncode}")

    def _over(self) -> int:
        """The process has nothing more to do: its exit code."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.read()
        self._process.stdout.close()
        return self._process.wait(60)

    def ask(self, seed: int | None) -> None:
        """Perform a case; None: look at the metrics of all."""
        assert self._process.stdin
        self._process.stdin.write(f"{'' if seed is None else seed}\n")
        self._process.stdin.flush()

    def told(self) -> dict[str, list[str]]:
        """What came of the case that was asked for last."""
        assert self._process.stdout
        killed: list[bool] = []

        def kill() -> None:
            killed.append(True)
            self._process.kill()

        alarm = Timer(self.patience, kill)
        alarm.start()
        line = self._process.stdout.readline()
        alarm.cancel()
        if line:
            return json.loads(line)
        if not killed:
            raise RuntimeError(f"a side of the fuzzer ended with {self._over()}")
        self._over()
        self._process = self._started()
        return {"seen": [HANGS], "faults": []}


def differences(seeds: Iterable[int], family: str = "") -> list[str]:
    """What differs under Lastchunk, and what it emitted that it must not, in cases of a family of layers."""
    found: list[str] = []
    with Side(*_SIDE, "bare", family) as bare, Side(*_SIDE, "observed", family) as observed:
        for number, seed in enumerate(seeds, 1):
            right, ours = _both(bare, observed, seed)
            found += [f"seed {seed}, {ours['seen'][0]}: {fault}" for fault in _confirmed_faults(observed, seed, ours)]
            if right["seen"] != ours["seen"] and (difference := _confirmed(bare, observed, seed, right, ours)):
                found.append(difference)
            if number % _METRICS_EVERY == 0:
                found += _of_metrics(observed)
        found += _of_metrics(observed)
    return [*dict.fromkeys(found)]


def _of_metrics(observed: Side) -> list[str]:
    observed.ask(None)
    return observed.told()["faults"]


def _both(bare: Side, observed: Side, seed: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    for side in (bare, observed):
        side.ask(seed)
    return bare.told(), observed.told()


def _confirmed_faults(observed: Side, seed: int, first: dict[str, list[str]]) -> list[str]:
    """Those that come again: a server that is late may count the request of the case before."""
    again: list[str] = []
    for _ in range(_TRIES if first["faults"] else 0):
        observed.ask(seed)
        again += observed.told()["faults"]
    return [fault for fault in first["faults"] if fault in again]


def _confirmed(bare: Side, observed: Side, seed: int, *first: dict[str, list[str]]) -> str | None:
    """The first thing that differs, if nothing that was seen under Lastchunk is ever seen without it."""
    rounds = [first, *(_both(bare, observed, seed) for _ in range(_TRIES))]
    without, under = ([told[side]["seen"] for told in rounds] for side in (0, 1))
    if any(seen in without for seen in under):
        return None
    right, ours = without[0], under[0]
    place = next((i for i, (a, b) in enumerate(zip(right, ours, strict=False)) if a != b), min(len(right), len(ours)))
    return f"seed {seed}, {right[0]}: bare {right[place : place + 2]}, under Lastchunk {ours[place : place + 2]}"
