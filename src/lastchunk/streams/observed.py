# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The proxies that are handed to the application: they drive the inner stream, and pass on exactly what it gives.

Each step runs inside the stream's private context, so that its span is current for everything that the stream calls and
never for the consumer. No proxy is an async generator: a class is told at once when its last reference dies.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import Context
from types import AsyncGeneratorType, TracebackType
from typing import Any

import wrapt

from lastchunk.streams import open_streams
from lastchunk.streams.observer import Observer, Tap


class InContext:
    """An awaitable, driven inside a stream's private context."""

    __slots__ = ("_awaitable", "_run")

    def __init__(self, run: Callable[..., Any], awaitable: Awaitable[Any]) -> None:
        self._run = run
        self._awaitable = _driven(awaitable)

    def __await__(self) -> InContext:
        return self

    __iter__ = __await__

    def __next__(self) -> Any:
        return self._run(self._awaitable.send, None)

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        return self._run(self._awaitable.send, value)

    def throw(self, *args: Any) -> Any:
        """Resume with an exception."""
        return self._run(self._awaitable.throw, *args)

    def close(self) -> None:
        """Give up."""
        self._run(self._awaitable.close)


class Step:
    """One step of a stream: what `__anext__` returns. Awaitable, and a coroutine to `create_task`."""

    __slots__ = ("_awaitable", "_begun", "_observer")

    def __init__(self, observer: Observer | Tap, awaitable: Awaitable[Any]) -> None:
        self._observer = observer
        self._awaitable = _driven(awaitable)
        self._begun = False

    def __await__(self) -> Step:
        return self

    __iter__ = __await__

    def __next__(self) -> Any:
        observer = self._observer
        if not self._begun:
            self._begun = True
            observer.step_begins()
        try:
            return observer.run(self._awaitable.send, None)
        except BaseException as outcome:
            observer.saw(outcome)
            raise

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        if value is None:
            return self.__next__()
        try:
            return self._observer.run(self._awaitable.send, value)
        except BaseException as outcome:
            self._observer.saw(outcome)
            raise

    def throw(self, *args: Any) -> Any:
        """Resume with an exception: a cancel, mostly."""
        try:
            return self._observer.run(self._awaitable.throw, *args)
        except BaseException as outcome:
            self._observer.saw(outcome)
            raise

    def close(self) -> None:
        """Give up: the coroutine around the step is closed."""
        self._observer.run(self._awaitable.close)


def _driven(awaitable: Awaitable[Any]) -> Any:
    """What has `send`, `throw` and `close`: the awaitable itself, or the iterator behind it."""
    if hasattr(awaitable, "send"):
        return awaitable
    return _coroutine(awaitable)


async def _coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


class _ClosedByLoop:
    """Stands for a generator in its loop's list of those to close, so that a close by the loop can be told from any other."""

    def __init__(self, stream: ObservedAsyncGenerator) -> None:
        self._stream = weakref.ref(stream)

    async def aclose(self) -> None:
        """Called by `shutdown_asyncgens`."""
        stream = self._stream()
        if stream is not None:
            stream.observer.leaves(process_exit=True)
            await stream.aclose()


class ObservedAsyncGenerator:
    """An async generator as it is handed to the application: `run_stream`, `on_messages_stream`, `create_stream`."""

    __slots__ = ("__weakref__", "_closed_by_loop", "_inner", "_iterated", "observer")

    def __init__(self, inner: AsyncGenerator[Any, Any], observer: Observer) -> None:
        self._inner = inner
        self._iterated = False
        self.observer = observer

    @property
    def __class__(self) -> Any:
        return self._inner.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        return repr(self._inner)

    def __aiter__(self) -> ObservedAsyncGenerator:
        return self

    def __anext__(self) -> Step:
        if not self._iterated:
            return Step(self.observer, self._first(self._inner.__anext__))
        return Step(self.observer, self._inner.__anext__())

    def asend(self, value: Any) -> Step:
        """As the inner generator's."""
        return Step(self.observer, self._first(self._inner.asend, value))

    def athrow(self, *args: Any) -> Awaitable[Any]:
        """As the inner generator's; unless that goes on with an item, the consumer left."""
        return _Throwing(self.observer, self._first(self._inner.athrow, *args))

    def aclose(self) -> Awaitable[None]:
        """As the inner generator's; the stream ends when it is awaited."""
        return _Closing(self)

    def _first(self, ask: Callable[..., Awaitable[Any]], *args: Any) -> Awaitable[Any]:
        """Ask the inner generator; at the first time, give the loop a stand-in for it instead of itself.

        The loop keeps a list of the generators that it closes at its end, and learns of them by a hook at their first step.
        """
        if self._iterated:
            return ask(*args)
        self._iterated = True
        hook = sys.get_asyncgen_hooks().firstiter
        if hook is None or not isinstance(self._inner, AsyncGeneratorType):
            return ask(*args)
        self._closed_by_loop = _ClosedByLoop(self)
        hook(self._closed_by_loop)  # pyright: ignore[reportArgumentType]  # it only wants something with `aclose`
        sys.set_asyncgen_hooks(firstiter=None)
        try:
            return ask(*args)
        finally:
            sys.set_asyncgen_hooks(firstiter=hook)

    def __del__(self) -> None:
        record = self.observer.record
        if record is None or record.ending is not None:
            return
        loop, context = record.loop, record.context
        if self.observer.let_go() and isinstance(self._inner, AsyncGeneratorType):
            open_streams.wake(loop, _close, self._inner, loop, context)


def _close(inner: AsyncGenerator[Any, Any], loop: Any, context: Context | None) -> None:
    """Close a generator that was let go, as its loop would have done, but where it was driven."""
    loop.create_task(inner.aclose(), context=context)


class _Closing(InContext):
    """What `aclose` returns: the stream ends at the first step of the close, not when all of it is done."""

    __slots__ = ("_stream",)

    def __init__(self, stream: ObservedAsyncGenerator) -> None:
        super().__init__(stream.observer.run, stream._inner.aclose())  # pyright: ignore[reportPrivateUsage]
        self._stream: ObservedAsyncGenerator | None = stream

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        stream, self._stream = self._stream, None
        # A generator that another task is inside of refuses to be closed, and goes on.
        if stream is not None and not getattr(stream, "ag_running", False):
            stream.observer.leaves()
        return super().send(value)


class _Throwing(InContext):
    """What `athrow` returns."""

    __slots__ = ("_observer",)

    def __init__(self, observer: Observer, awaitable: Awaitable[Any]) -> None:
        super().__init__(observer.run, awaitable)
        self._observer = observer

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Resume with `value`."""
        try:
            return super().send(value)
        except StopIteration as item:
            self._observer.saw(item)
            raise
        except BaseException:
            self._observer.leaves()
            raise


class _ObservedSdkStream(wrapt.ObjectProxy):
    """What the sync and the async stream of an SDK have in common."""

    def __init__(self, wrapped: Any, observer: Observer | Tap) -> None:
        super().__init__(wrapped)
        self._self_observer = observer

    def __del__(self) -> None:
        self._self_observer.let_go()


class ObservedAsyncStream(_ObservedSdkStream):
    """An SDK's async stream as it is handed to the application: `isinstance` still says what it is."""

    def __aiter__(self) -> ObservedAsyncStream:
        return self

    def __anext__(self) -> Step:
        return Step(self._self_observer, self.__wrapped__.__anext__())

    async def __aenter__(self) -> ObservedAsyncStream:
        await self.__wrapped__.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Any:
        self._self_observer.leaves()
        return await self.__wrapped__.__aexit__(kind, error, traceback)

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        return _closing(self._self_observer, value) if name in ("close", "aclose") else value


def _closing(observer: Observer | Tap, close: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def closes() -> None:
        observer.leaves()
        await close()

    return closes


class ObservedStream(_ObservedSdkStream):
    """An SDK's sync stream as it is handed to the application."""

    def __iter__(self) -> ObservedStream:
        return self

    def __next__(self) -> Any:
        observer = self._self_observer
        observer.step_begins()
        try:
            item = observer.run(self.__wrapped__.__next__)
        except StopIteration:
            observer.exhausted()
            raise
        except BaseException as error:
            observer.saw(error)
            raise
        observer.saw_item(item)
        return item

    def __enter__(self) -> ObservedStream:
        self.__wrapped__.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Any:
        self._self_observer.leaves()
        return self.__wrapped__.__exit__(kind, error, traceback)

    def close(self) -> None:
        """As the SDK's."""
        self._self_observer.leaves()
        self.__wrapped__.close()
