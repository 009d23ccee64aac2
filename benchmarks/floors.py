# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What any instrumentation of an async generator in plain Python costs at least: wrappers that record next to nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import copy_context
from typing import Any

from benchmarks.application import CHUNK, consume
from benchmarks.measure import Paired, paired


class Bare:
    """Hands out the inner generator's own steps: the floor of any wrapper."""

    def __init__(self, inner: AsyncGenerator[Any, None]) -> None:
        self._ask = inner.__anext__

    def __aiter__(self) -> Bare:
        return self

    def __anext__(self) -> Awaitable[Any]:
        return self._ask()


class Timed(Bare):
    """… with a clock and the longest gap between two chunks, which is all that can be had without looking at the items."""

    def __init__(self, inner: AsyncGenerator[Any, None]) -> None:
        super().__init__(inner)
        self._last = time.perf_counter()
        self._max_gap = 0.0

    def __anext__(self) -> Awaitable[Any]:
        now = time.perf_counter()
        if now - self._last > self._max_gap:
            self._max_gap = now - self._last
        self._last = now
        return self._ask()


class _Step:
    __slots__ = ("_run", "asked")

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self.asked: Any = None

    def __await__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self._run(next, self.asked)


class InContext(Timed):
    """… and each step inside a private context, so that a span is current for the stream and never for its consumer."""

    def __init__(self, inner: AsyncGenerator[Any, None]) -> None:
        super().__init__(inner)
        self._step = _Step(copy_context().run)

    def __anext__(self) -> Awaitable[Any]:
        self._step.asked = super().__anext__()
        return self._step


FLOORS = {"bare wrapper": Bare, "with clock and gap": Timed, "with private context": InContext}


async def measure(chunks: int, limit: float) -> dict[str, Paired]:
    """Each floor against the same generator without a wrapper."""

    async def inner() -> AsyncGenerator[str, None]:
        for _ in range(chunks):
            yield CHUNK

    async def bare() -> None:
        await consume(inner())

    results: dict[str, Paired] = {}
    for name, floor in FLOORS.items():

        async def wrapped(floor: type[Bare] = floor) -> None:
            await consume(floor(inner()))

        results[name] = await paired(bare, chunks, _nothing, _nothing, work_on=wrapped, limit=limit)
    return results


def _nothing() -> None:
    pass
