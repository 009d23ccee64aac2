# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Limits the silence of an async stream: when the limit is reached, the pending step is cancelled.

It stays in the consumer's own task, as `asyncio.timeout` does it: a task of its own would be another one for whatever the
stream opened in it.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any, Protocol, TypeVar

from lastchunk.acting.patience import Patience

Item = TypeVar("Item")


class Token(Protocol):
    """An object with `cancel`, such as AutoGen's `CancellationToken`."""

    def cancel(self) -> Any:
        """Cancel everything that is linked to it."""
        ...


class Stalled(Exception):
    """The limit was reached, and the step is over."""


class StallLimit:
    """Watches the steps of one stream; one timer for all of them, which looks at the silence when a limit may be over."""

    def __init__(self, patience: Patience, give_up: Callable[[], None]) -> None:
        """`give_up` is called when the limit is reached, before the step is cancelled."""
        self._patience = patience
        self._give_up = give_up
        self._task: asyncio.Task[Any] | None = None
        """The task in which a step is pending; None between two steps."""
        self._timer: asyncio.TimerHandle | None = None
        self._reached = False
        self._over = False
        """Remove the limit."""

    async def step(self, ask: Callable[[], Awaitable[Item]]) -> Item:
        """Await the step that `ask` returns. Raise `Stalled` if the limit is reached."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A limit on silence needs a task of asyncio to read the stream in.")
        cancels = task.cancelling()
        self._patience.step_begins()
        self._task = task
        if self._timer is None and not self._over:
            self._wait(self._patience.left())
        try:
            item = await ask()
        except BaseException:
            if not self._is_ours(task, cancels):
                raise
        else:
            self._is_ours(task, cancels)  # the stream caught the cancel, and has an item all the same
            return item
        finally:
            self._task = None
            self._patience.step_ends()
        raise Stalled

    def _is_ours(self, task: asyncio.Task[Any], cancels: int) -> bool:
        """Whether the step ended because the limit was reached, and nobody else cancelled it."""
        reached, self._reached = self._reached, False
        return reached and task.uncancel() <= cancels

    def _wait(self, left: float | None) -> None:
        if left is None:
            self._over = True
        else:
            # Weakly: the stream of a consumer that left shall not wait for its limit to die.
            reference: weakref.ref[StallLimit] = weakref.ref(self)
            self._timer = asyncio.get_running_loop().call_later(left, _look, reference, context=Context())

    def look(self) -> None:
        """Look at the silence: a limit may be reached."""
        self._timer = None
        if self._task is None:
            return  # the next step sets the timer again
        left = self._patience.left()
        if left is None or left > 0:
            self._wait(left)
            return
        self._reached = True
        self._give_up()
        self._task.cancel()


def _look(reference: weakref.ref[StallLimit]) -> None:
    limit = reference()
    if limit is not None:
        limit.look()
