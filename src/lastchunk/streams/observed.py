# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The proxy of an async generator, as it is handed to the application: it drives the inner one, and passes on what that gives.

Each step runs inside the stream's private context, so that its span is current for everything that the stream calls and
never for the consumer. No proxy is an async generator: a class is told at once when its last reference dies.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import Context
from functools import partial
from typing import Any

from lastchunk.streams import open_streams
from lastchunk.streams.asked import Asked, Closing
from lastchunk.streams.observer import Observer
from lastchunk.streams.steps import FirstStep, FurtherStep, Step, first_step


class ObservedAsyncGenerator:
    """An async generator as it is handed to the application: `run_stream`, `on_messages_stream`, `create_stream`.

    Three states: *new*, until the first step begins; *driven*, while its stream is open; *plain*, when the stream has ended
    or if nobody listens: then the inner generator's own steps are handed out.
    """

    __slots__ = ("__weakref__", "_closed_by_loop", "_inner", "_plain", "_step", "observer")

    def __init__(self, inner: AsyncGenerator[Any, Any], observer: Observer) -> None:
        self._inner = inner
        self._plain = False
        self._step: Step | None = None
        self.observer = observer

    @property
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # read-only, as for any proxy
        return self._inner.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        return repr(self._inner)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """As the inner generator's: neither is to be copied."""
        return self._inner.__reduce_ex__(protocol)

    def __aiter__(self) -> ObservedAsyncGenerator:
        return self

    def __anext__(self) -> Awaitable[Any]:
        step = self._step
        if step is None:
            return self._inner.__anext__() if self._plain else FirstStep(self)
        if step.stream is not None:
            return FurtherStep(self, step)
        step.stream = self
        return step

    def asend(self, value: Any) -> Awaitable[Any]:
        """As the inner generator's."""
        return self.__anext__() if value is None else self._ask(self._inner.asend, value)

    def athrow(self, *args: Any) -> Awaitable[Any]:
        """As the inner generator's; unless that goes on with an item, the consumer left."""
        return self._ask(self._inner.athrow, *args, throws=True)

    def aclose(self) -> Awaitable[None]:
        """As the inner generator's; the stream ends when it is awaited."""
        return self._inner.aclose() if self._step is None else Closing(self)

    def _ask(self, ask: Callable[..., Awaitable[Any]], *args: Any, throws: bool = False) -> Awaitable[Any]:
        """A step that the loop of an `async for` never makes; before the first it is nobody's stream."""
        if self._step is None:
            self._plain = True
            return ask(*args)
        return Asked(self, ask(*args), throws)

    def begin(self) -> Awaitable[Any]:
        """Begin the stream, and give its first step; called when that step begins."""
        if self._plain or self._step is not None or not self.observer.begin() or self.observer.record is None:
            self._plain = self._step is None
            return self.__anext__()
        record, hooks = self.observer.record, sys.get_asyncgen_hooks()
        if hooks.firstiter is not None:
            # The loop keeps a list of the generators that it closes at its end, and learns of each at its first step.
            self._closed_by_loop = _ClosedByLoop(self)
            hooks.firstiter(self._closed_by_loop)  # pyright: ignore[reportArgumentType]  # it only wants an `aclose`
        first = first_step(self._inner, hooks.finalizer and partial(_close, record.loop, record.context))
        step = Step(self.observer.run, self._inner)
        step.watch = self.observer.watch(record, self._inner, first, step)
        step.resume = step.watch.send
        step.stream = self
        self._step = step
        return step

    def plain_step(self) -> Awaitable[Any]:
        """A step of the inner generator, whose stream never begins."""
        self._plain = True
        return self._inner.__anext__()

    def plain_anext(self) -> Awaitable[Any]:
        """The inner generator's own step."""
        return self._inner.__anext__()

    def close_unbegun(self) -> None:
        """A step is closed that never began: from Python 3.13 on, that ends the generator."""
        self.observer.run(self._inner.__anext__().close)
        if getattr(self._inner, "ag_frame", None) is None:
            self.observer.let_go()
            self.ended()

    def leave(self, *, process_exit: bool = False) -> None:
        """The consumer leaves: the stream ends, and nothing of it is driven any more but its close.

        A generator that another task is inside of refuses to be closed, and goes on.
        """
        if not getattr(self._inner, "ag_running", False):
            self.observer.leaves(process_exit=process_exit)
            self.ended()

    def ended(self) -> None:
        """The stream has ended: whatever is asked for now is the inner generator's own."""
        self._let_go_of_step()
        self._plain, self._step = True, None

    def _let_go_of_step(self) -> None:
        """The step that is used again and again, and what watches the stream, hold each other."""
        if self._step is not None and self._step.stream is None:
            self._step.watch = self._step.resume = None

    def __del__(self) -> None:
        self._let_go_of_step()
        self.observer.let_go()


class _ClosedByLoop:
    """Stands for a generator in its loop's list of those to close, so that such a close can be told from any other."""

    def __init__(self, stream: ObservedAsyncGenerator) -> None:
        self._stream = weakref.ref(stream)

    def __repr__(self) -> str:
        return repr(self._stream())

    async def aclose(self) -> None:
        """Called by `shutdown_asyncgens`."""
        stream = self._stream()
        if stream is not None:
            closing = stream.aclose()
            stream.leave(process_exit=True)
            await closing


def _close(loop: Any, context: Context | None, inner: AsyncGenerator[Any, Any]) -> None:
    """Close a generator that was forgotten, as its loop would have done, but where it was driven."""
    open_streams.wake(loop, lambda: loop.create_task(inner.aclose(), context=context))
