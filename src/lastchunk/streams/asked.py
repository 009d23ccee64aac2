# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What is awaited inside a stream's private context, and is no step of an `async for`: `asend`, `athrow`, `aclose`, a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lastchunk.streams.observed import ObservedAsyncGenerator


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


class Asked(InContext):
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


class Closing(InContext):
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
