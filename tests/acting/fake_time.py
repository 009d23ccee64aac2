# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An event loop in which waiting takes no time: when nothing is ready, its clock jumps to the next timer.

Lastchunk reads this clock, too.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from lastchunk.streams import clock

T = TypeVar("T")
BEGAN = 1000.0


class _Jumping(selectors.DefaultSelector):
    """A selector that does not wait."""

    def __init__(self, time: FakeTime) -> None:
        super().__init__()
        self._time = time

    def select(self, timeout: float | None = None) -> Any:
        """Return what is ready. Only if no timer is set, wait for a thread or a socket."""
        events = super().select(0 if timeout is not None else 0.01)
        if not events and timeout:
            self._time.now += timeout
        return events


class FakeTime:
    """The clock of the loop, and of Lastchunk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = BEGAN
        monkeypatch.setattr(clock, "monotonic", lambda: self.now)

    @property
    def passed(self) -> float:
        """Seconds since it began."""
        return round(self.now - BEGAN, 3)

    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.SelectorEventLoop(_Jumping(self))
        loop.time = lambda: self.now  # type: ignore[method-assign]  # the loop of this test tells its own time
        return loop

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` to its end."""
        with asyncio.Runner(loop_factory=self._loop) as runner:
            return runner.run(main)
