# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the application's code, keeps its output out of the report, and stops it at once on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import warnings
from collections.abc import Coroutine, Generator
from typing import Any, Self, TypeVar

PATIENCE = 1.0
"""Seconds within which the application's code must end after Ctrl-C."""

T = TypeVar("T")


class Stage:
    """An event loop with separate output: what the application prints goes to stderr, and what it logs goes nowhere.

    stdout belongs to the report, and AutoGen logs a team's error with the provider's own text.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._apart():
            self._runner.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work`, and return its result. Ctrl-C cancels it, and is raised."""
        with self._apart():
            return self._runner.run(_cancelled_at_once(work))

    @contextlib.contextmanager
    def _apart(self) -> Generator[None]:
        root, silent = logging.getLogger(), logging.NullHandler()
        root.addHandler(silent)
        try:
            with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            root.removeHandler(silent)


async def _cancelled_at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in its own task, because a cancelled team waits for its agents, and Ctrl-C must not wait for them."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=PATIENCE)
        raise
