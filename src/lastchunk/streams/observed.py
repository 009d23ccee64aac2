# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The proxies that are handed to the application: they drive the inner stream, and pass on exactly what it gives.

Each step runs inside the stream's private context, so that its span is current for everything that the stream calls and
never for the consumer. No proxy is an async generator: a class is told at once when its last reference dies.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any

from lastchunk.streams import open_streams
from lastchunk.streams.observer import ITEM, Observer


class InContext:
    """An awaitable, driven inside a stream's private context."""

    __slots__ = ("_awaitable", "_run")

    def __init__(self, run: Callable[..., Any], awaitable: Awaitable[Any]) -> None:
        self._run = run
        self._awaitable: Any = awaitable if hasattr(awaitable, "send") else _coroutine(awaitable)

    def __await__(self) -> Any:
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


class ObservedAsyncGenerator:
    """An async generator as it is handed to the application: `run_stream`, `on_messages_stream`, `create_stream`.

    Three states: *new*, until the first step begins; *driven*, while its stream is open; *plain*, when the stream has ended
    or if nobody listens: then the inner generator's own steps are handed out.
    """

    __slots__ = ("__weakref__", "_closed_by_loop", "_inner", "_plain", "_step", "observer")

    def __init__(self, inner: AsyncGenerator[Any, Any], observer: Observer) -> None:
        self._inner = inner
        self._plain = False
        self._step: _Step | None = None
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
            return self._inner.__anext__() if self._plain else _FirstStep(self)
        if step.stream is not None:
            return _FurtherStep(self, step)
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
        return self._inner.aclose() if self._step is None else _Closing(self)

    def _ask(self, ask: Callable[..., Awaitable[Any]], *args: Any, throws: bool = False) -> Awaitable[Any]:
        """A step that the loop of an `async for` never makes; before the first it is nobody's stream."""
        if self._step is None:
            self._plain = True
            return ask(*args)
        return _Asked(self, ask(*args), throws)

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
        first = _first_step(self._inner, hooks.finalizer and partial(_close, record.loop, record.context))
        step = _Step(self.observer.run, self._inner)
        step.watch = self.observer.watch(record, self._inner, first, step)
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
            self._step.watch = None

    def __del__(self) -> None:
        self._let_go_of_step()
        self.observer.let_go()


class _Step:
    """The steps of a driven stream: what `__anext__` returns. Awaitable, and a coroutine to `create_task`.

    One object for all of them, one at a time; it holds the stream only while it is asked for or under way, and an item only
    until that is handed over. Items do not come as a StopIteration, which costs more than all the rest when it passes through
    a Python function: `Observer.watch` leaves each one here, and says that it did.
    """

    __slots__ = ("_awaited", "_inner", "item", "run", "stream", "under_way", "watch")

    def __init__(self, run: Callable[..., Any], inner: AsyncGenerator[Any, Any]) -> None:
        self.run = run
        self._inner = inner
        self.watch: Any = None
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
            if self.under_way or self.stream is None:
                return (yield from self._refusal())
            run, send = self.run, self.watch.send
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
        """A step of the inner generator, which refuses it, because another is under way; or one that is over."""
        return self._inner.__anext__() if self.under_way else _USED

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        if self.stream is None:
            return _USED.send(value)
        self.under_way = True
        return self.handed_over(self.run(self.watch.send, value))

    def throw(self, *args: Any) -> Any:
        """Resume with an exception: a cancel, mostly."""
        if self.stream is None:
            return _USED.throw(*args)
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


class _FurtherStep:
    """A step that was asked for before the one before it was over, which an `async for` never does."""

    __slots__ = ("_asked", "_before", "_step", "_stream")

    def __init__(self, stream: ObservedAsyncGenerator, step: _Step) -> None:
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
        return self._asked.send(value) if self._asked is not self._step else self._drive(self._step.watch.send, value)

    def throw(self, *args: Any) -> Any:
        """Resume with an exception."""
        self._begin()
        return self._asked.throw(*args) if self._asked is not self._step else self._drive(self._step.watch.throw, *args)

    def close(self) -> None:
        """Give up: the coroutine around the step is closed."""
        if self._asked is not None:
            self._asked.close()
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


class _FirstStep:
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


class _Asked(InContext):
    """What `asend` and `athrow` return."""

    __slots__ = ("_stream", "_throws")

    def __init__(self, stream: ObservedAsyncGenerator, awaitable: Awaitable[Any], throws: bool) -> None:
        super().__init__(stream.observer.run, awaitable)
        self._stream = stream
        self._throws = throws
        stream.observer.step_begins()

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        return self._watched(super().send, value)

    def throw(self, *args: Any) -> Any:
        """Resume with an exception."""
        return self._watched(super().throw, *args)

    def _watched(self, resume: Callable[..., Any], *args: Any) -> Any:
        stream, observer = self._stream, self._stream.observer
        try:
            return resume(*args)
        except StopIteration as item:
            observer.item(item.value)
            raise
        except BaseException as error:
            if stream.ag_running:
                raise  # Another task is inside of the generator, which refused this one, and goes on.
            if self._throws:
                observer.leaves()
            elif isinstance(error, StopAsyncIteration):
                observer.exhausted()
            else:
                observer.failed(error)
            stream.ended()
            raise


class _Closing(InContext):
    """What `aclose` returns: the stream ends at the first step of the close, not when all of it is done."""

    __slots__ = ("_stream",)

    def __init__(self, stream: ObservedAsyncGenerator) -> None:
        super().__init__(stream.observer.run, stream._inner.aclose())  # pyright: ignore[reportPrivateUsage]
        self._stream: ObservedAsyncGenerator | None = stream

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        self._leave()
        return super().send(value)

    def throw(self, *args: Any) -> Any:
        """Resume with an exception: a close that is cancelled before it begins ends the generator, too."""
        self._leave()
        return super().throw(*args)

    def _leave(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.leave()


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


def _first_step(generator: AsyncGenerator[Any, Any], finalizer: Any) -> Awaitable[Any]:
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


_USED: Any = _first_step(_empty(), None)
"""A step that is over: to be awaited again it refuses, as any."""
with suppress(StopAsyncIteration):
    _USED.send(None)


def _close(loop: Any, context: Context | None, inner: AsyncGenerator[Any, Any]) -> None:
    """Close a generator that was forgotten, as its loop would have done, but where it was driven."""
    open_streams.wake(loop, lambda: loop.create_task(inner.aclose(), context=context))
