# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs an awaitable inside a stream's private context: a request, or a step of a stream that is not a generator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


class InContext:
    """Awaits another awaitable; `run` calls a function in the context."""

    __slots__ = ("_awaitable", "_run")

    def __init__(self, run: Callable[..., Any], awaitable: Awaitable[Any]) -> None:
        self._run = run
        self._awaitable: Any = awaitable if hasattr(awaitable, "send") else _coroutine(awaitable)

    def __await__(self) -> InContext:
        return self

    __iter__ = __await__

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        return self._run(self._awaitable.send, value)

    def throw(self, *args: Any) -> Any:
        """Resume with an exception."""
        return self._run(self._awaitable.throw, *args)

    def close(self) -> None:
        """Give up: the coroutine around it is closed."""
        self._run(self._awaitable.close)


async def _coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
