# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The steps of an observed async generator: what its `__anext__` returns. An `async for` only meets `FirstStep` and `Step`."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lastchunk.streams.observer import ITEM

if TYPE_CHECKING:
    from lastchunk.streams.observed import ObservedAsyncGenerator


class Step:
    """The steps of a driven stream: what `__anext__` returns. Awaitable, and a coroutine to `create_task`.

    One object for all of them, one at a time; it holds the stream only while it is asked for or under way, and an item only
    until that is handed over. Items do not come as a StopIteration, which costs more than all the rest when it passes through
    a Python function: `Observer.watch` leaves each one here, and says that it did.
    """

    __slots__ = ("_awaited", "_inner", "item", "resume", "run", "stream", "under_way", "watch")

    def __init__(self, run: Callable[..., Any], inner: AsyncGenerator[Any, Any]) -> None:
        self.run = run
        self._inner = inner
        self.watch: Any = None
        self.resume: Any = None
        """`send` of what watches the stream."""
        self.item: Any = None
        self.stream: Any = None
        self.under_way = False
        self._awaited: Generator[Any, Any, Any] | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        # `anext(stream, default)` asks again whenever it is resumed.
        if self._awaited is None:
            self._awaited = self._drive()
        return self._awaited

    def _drive(self) -> Generator[Any, Any, Any]:
        try:
            run, send = self.run, self.resume
            if self.under_way or self.stream is None or send is None:
                return (yield from self._refusal())
            self.under_way = True
            got = run(send, None)
            while got is not ITEM:
                try:
                    value = yield got
                except GeneratorExit:
                    self.close()
                    raise
                except BaseException as error:
                    got = run(self.watch.throw, error)
                else:
                    got = run(send, value)
            item = self.item
            self.item = self.stream = None
            self.under_way = False
            return item
        finally:
            self._awaited = None

    def __iter__(self) -> Generator[Any, Any, Any]:
        return self.__await__()

    def _refusal(self) -> Any:
        """A step of the inner generator, which refuses it, because another is under way or all is over; or one that is over."""
        return _USED if self.stream is None and not self.under_way else self._inner.__anext__()

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        if self.stream is None:
            return _USED.send(value)
        if self.resume is None:
            return self._inner.__anext__().send(value)
        self.under_way = True
        return self.handed_over(self.run(self.resume, value))

    def throw(self, *args: Any) -> Any:
        """Resume with an exception: a cancel, mostly."""
        if self.stream is None:
            return _USED.throw(*args)
        if self.resume is None:
            return self._inner.__anext__().throw(*args)
        self.under_way = True
        return self.handed_over(self.run(self.watch.throw, *args))

    def handed_over(self, got: Any) -> Any:
        """What the loop is to wait for; an item raises StopIteration."""
        if got is not ITEM:
            return got
        item = self.item
        self.item = self.stream = None
        self.under_way = False
        raise StopIteration(item)

    def close(self) -> None:
        """Give up: the coroutine around the step is closed."""
        if self.under_way:
            self.run(self.watch.close)
        elif self.stream is not None:
            self.stream.close_unbegun()
        self.stream = None

    def over(self) -> None:
        """The step ended the stream."""
        stream, self.stream = self.stream, None
        self.under_way = False
        if stream is not None:
            stream.ended()


class FurtherStep:
    """A step that was asked for before the one before it was over, which an `async for` never does."""

    __slots__ = ("_asked", "_before", "_step", "_stream")

    def __init__(self, stream: ObservedAsyncGenerator, step: Step) -> None:
        self._stream: Any = stream
        self._step = step
        self._asked: Any = None
        self._before: Any = None

    def __await__(self) -> Any:
        return self

    __iter__ = __await__

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        self._begin()
        return self._asked.send(value) if self._asked is not self._step else self._drive(self._step.resume, value)

    def throw(self, *args: Any) -> Any:
        """Resume with an exception."""
        self._begin()
        return self._asked.throw(*args) if self._asked is not self._step else self._drive(self._step.watch.throw, *args)

    def close(self) -> None:
        """Give up: the coroutine around the step is closed."""
        if self._asked is not None:
            self._asked.close()
        else:
            self._stream.close_unbegun()
        self._asked = _USED

    def _begin(self) -> None:
        """The generator refuses this step if another is under way; else it is driven, and the one before comes after it."""
        if self._asked is not None:
            return
        step = self._step
        if step.under_way or step.watch is None:
            self._asked = self._stream.plain_anext()
            return
        self._asked, self._before = step, step.stream
        step.stream, step.under_way = self._stream, True

    def _drive(self, resume: Callable[..., Any], *args: Any) -> Any:
        step = self._step
        try:
            got = step.run(resume, *args)
        except BaseException:
            if self._before is not None:
                step.stream, step.under_way = self._before, True
            self._asked = _USED
            raise
        if got is not ITEM:
            return got
        self._asked = _USED
        try:
            return step.handed_over(got)
        finally:
            step.stream = self._before


class FirstStep:
    """The first step of a stream, which begins when the step does, in the consumer's context."""

    __slots__ = ("_step", "_stream")

    def __init__(self, stream: ObservedAsyncGenerator) -> None:
        self._stream = stream
        self._step: Any = None

    def __await__(self) -> Any:
        return self

    __iter__ = __await__

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        if self._step is None:
            self._step = self._stream.begin()
        return self._step.send(value)

    def throw(self, *args: Any) -> Any:
        """Resume with an exception; if the step has not begun, there is no stream, and the generator is told itself."""
        if self._step is None:
            self._step = self._stream.plain_step()
        return self._step.throw(*args)

    def close(self) -> None:
        """Give up: the coroutine around the step is closed."""
        if self._step is not None:
            self._step.close()
        else:
            self._stream.close_unbegun()


def first_step(generator: AsyncGenerator[Any, Any], finalizer: Any) -> Any:
    """The first step of a generator of which the loop is not told; `finalizer` is called if it is forgotten."""
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, finalizer)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


async def _empty() -> AsyncGenerator[None, None]:
    return
    yield


_USED: Any = first_step(_empty(), None)
"""A step that is over: to be awaited again it refuses, as any."""
with suppress(StopAsyncIteration):
    _USED.send(None)
