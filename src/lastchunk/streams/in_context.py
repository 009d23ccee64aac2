# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs an awaitable inside a stream's private context: a request, or a step of a stream that is not a generator."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from lastchunk.streams.shapes import Function


class InContext:
    """Awaits another awaitable; `run` calls a function in the context."""

    __slots__ = ("_awaitable", "_run")

    def __init__(self, run: Function, awaitable: Awaitable[object]) -> None:
        self._run = run
        self._awaitable: Any = awaitable if hasattr(awaitable, "send") else _coroutine(awaitable)

    def __await__(self) -> InContext:
        return self

    __iter__ = __await__

    def __next__(self) -> object:
        return self.send(None)

    def send(self, value: object) -> object:
        """Resume with `value`."""
        return self._run(self._awaitable.send, value)

    def throw(self, *args: object) -> object:
        """Resume with an exception."""
        return self._run(self._awaitable.throw, *args)

    def close(self) -> None:
        """Give up: the coroutine around it is closed."""
        self._run(self._awaitable.close)


async def _coroutine(awaitable: Awaitable[object]) -> object:
    return await awaitable
