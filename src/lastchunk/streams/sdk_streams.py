# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The proxies for streams that are objects of a provider's SDK, or of the application: `isinstance` says what they are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

import wrapt

from lastchunk.streams import http_bodies
from lastchunk.streams.asked import InContext
from lastchunk.streams.observer import Observer, Tap
from lastchunk.streams.steps import first_step


class _ObservedSdkStream(wrapt.ObjectProxy[Any] if TYPE_CHECKING else wrapt.ObjectProxy):
    """What the sync and the async stream have in common."""

    def __init__(self, wrapped: Any, observer: Observer | Tap) -> None:
        super().__init__(wrapped)
        self._self_observer = observer
        self._self_body: http_bodies.Body | None = None

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if name == "response" and self._self_body is None:
            self._self_body = http_bodies.watch(value, self._self_observer)
        return wrapt.FunctionWrapper(value, self._self_leaving) if name in ("close", "aclose") else value

    def _self_leaving(self, close: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        self._self_observer.leaves()
        return close(*args, **kwargs)

    def __del__(self) -> None:
        observer, body = self._self_observer, self._self_body
        # Whoever has the response and has not iterated the stream reads the body: then that tells of the end.
        if body is None or (observer.record is not None and observer.record.chunks and not body.reads()):
            observer.let_go()


class ObservedAsyncStream(_ObservedSdkStream):
    """An async stream as it is handed to the application."""

    def __aiter__(self) -> ObservedAsyncStream:
        return self

    async def __anext__(self) -> Any:
        observer = self._self_observer
        try:
            if observer.in_place:
                item = await self.__wrapped__.__anext__()
            else:
                observer.begin()
                observer.step_begins()
                item = await InContext(observer.run, self.__wrapped__.__anext__())
        except StopAsyncIteration:
            observer.exhausted()
            raise
        except BaseException as error:
            observer.failed(error)
            raise
        observer.item(item)
        return item

    async def __aenter__(self) -> ObservedAsyncStream:
        await self.__wrapped__.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Any:
        self._self_observer.leaves()
        return await self.__wrapped__.__aexit__(kind, error, traceback)


class ObservedStream(_ObservedSdkStream):
    """A sync stream as it is handed to the application."""

    def __iter__(self) -> ObservedStream:
        return self

    def __next__(self) -> Any:
        observer = self._self_observer
        observer.begin()
        observer.step_begins()
        try:
            item = observer.run(self.__wrapped__.__next__)
        except StopIteration:
            observer.exhausted()
            raise
        except BaseException as error:
            observer.failed(error)
            raise
        observer.item(item)
        return item

    def __enter__(self) -> ObservedStream:
        self.__wrapped__.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Any:
        self._self_observer.leaves()
        return self.__wrapped__.__exit__(kind, error, traceback)


def watched(tap: Tap, chunks: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, None]:
    """What stands in the place of the generator that an SDK's stream takes its `chunks` from.

    The loop is not told of it: if it is forgotten, it goes at once, and with it the last reference to `chunks`, for which the
    loop does what it always does.
    """
    watching = tap.watch(chunks)
    with suppress(StopIteration):
        first_step(watching, None).send(None)
    return watching
