# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The proxies for streams that are objects of a provider's SDK, or of the application: `isinstance` says what they are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from types import AsyncGeneratorType, GeneratorType, TracebackType
from typing import Any, ClassVar

import wrapt

from lastchunk.streams import http_bodies
from lastchunk.streams.driver import unannounced
from lastchunk.streams.in_context import InContext
from lastchunk.streams.observed import ObservedAsyncGenerator, ObservedGenerator
from lastchunk.streams.observer import Observer
from lastchunk.streams.passing_on import no_frame_of_ours, passed_on
from lastchunk.streams.proxy import Proxy
from lastchunk.streams.shapes import Args, AsyncItems, Function, Kwargs
from lastchunk.streams.tap import Tap


class _ObservedSdkStream(Proxy):
    """What the sync and the async stream have in common."""

    __slots__ = ("_self_body", "_self_observer")

    def __init__(self, wrapped: object, observer: Observer | Tap | IteratorOf) -> None:
        super().__init__(wrapped)
        self._self_observer: Any = observer
        self._self_body: http_bodies.Body | None = None

    def __getattr__(self, name: str) -> Any:
        with no_frame_of_ours:
            value = super().__getattr__(name)
        if name == "response" and self._self_body is None:
            self._self_body = http_bodies.watch(value, self._self_observer)
        return wrapt.FunctionWrapper(value, self._self_closing) if name in ("close", "aclose") else value

    def _self_closing(self, close: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        self._self_observer.closed()
        with no_frame_of_ours:
            return close(*args, **kwargs)

    def __del__(self) -> None:
        observer, body = self._self_observer, self._self_body
        # Whoever has the response and has not iterated the stream reads the body: then that tells of the end.
        if body is None or (observer.record is not None and observer.record.chunks and not body._self_reading.began):
            observer.let_go()


class IteratorOf:
    """Observes what `iter` or `aiter` made of a stream: its items are the stream's, but the stream outlives its close.

    It holds the stream, which is let go when all its iterators are, too.
    """

    __slots__ = ("_observer", "_stream")

    def __init__(self, observer: Observer | Tap, stream: _ObservedSdkStream) -> None:
        self._observer = observer
        self._stream: _ObservedSdkStream | None = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._observer, name)

    @property
    def close_asked(self) -> bool:
        """The close of an iterator does not end the stream."""
        return False

    @close_asked.setter
    def close_asked(self, asked: bool) -> None:
        pass

    def listens(self) -> bool:
        """Whether anybody listens to the stream."""
        return self._observer.listens()

    def closed(self, *, process_exit: bool = False) -> None:
        """The iterator was closed: the stream can be read on."""
        self._nothing_pending()
        if process_exit:
            self._observer.closed(process_exit=True)

    def let_go(self) -> None:
        """The iterator died: nothing holds the stream, if it was only held by that."""
        self._nothing_pending()
        self._stream = None

    def _nothing_pending(self) -> None:
        """Its close was a step of the generator, and nobody waits for another: what follows is the consumer's own time."""
        record = self._observer.record
        if record is not None:
            record.silent_since = 0.0


def _aiter(stream: Any) -> object:
    wrapped, observer = stream._self_wrapped, stream._self_observer
    iterator = wrapped.__aiter__()
    if iterator is wrapped:
        return stream
    of_stream: Any = observer if isinstance(observer, IteratorOf) else IteratorOf(observer, stream)
    if type(iterator) is AsyncGeneratorType:
        return ObservedAsyncGenerator(iterator, of_stream)
    return ObservedAsyncStream(iterator, of_stream)


async def _anext(stream: Any) -> object:
    observer = stream._self_observer
    try:
        if observer.in_place:
            item = await stream._self_wrapped.__anext__()
        else:
            observer.begin()
            observer.step_begins()
            item = await InContext(observer.run, stream._self_wrapped.__anext__())
    except StopAsyncIteration as stop:
        observer.exhausted()
        passed_on(stop)
        raise
    except BaseException as error:
        observer.failed(error)
        passed_on(error)
        raise
    observer.item(item)
    return item


async def _aenter(stream: Any) -> object:
    with no_frame_of_ours:
        entered = await stream._self_wrapped.__aenter__()
    return stream if entered is stream._self_wrapped else entered


async def _aexit(
    stream: Any, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
) -> Any:
    stream._self_observer.closed()
    with no_frame_of_ours:
        return await stream._self_wrapped.__aexit__(kind, error, traceback)


def _iter(stream: Any) -> Any:
    wrapped, observer = stream._self_wrapped, stream._self_observer
    iterator = iter(wrapped)
    if iterator is wrapped:
        return stream
    of_stream: Any = observer if isinstance(observer, IteratorOf) else IteratorOf(observer, stream)
    if type(iterator) is GeneratorType:
        return ObservedGenerator(iterator, of_stream)
    return ObservedStream(iterator, of_stream)


def _next(stream: Any) -> object:
    observer = stream._self_observer
    observer.begin()
    observer.step_begins()
    try:
        item = observer.run(stream._self_wrapped.__next__)
    except StopIteration as stop:
        observer.exhausted()
        passed_on(stop)
        raise
    except BaseException as error:
        observer.failed(error)
        passed_on(error)
        raise
    observer.item(item)
    return item


def _enter(stream: Any) -> object:
    with no_frame_of_ours:
        entered = stream._self_wrapped.__enter__()
    return stream if entered is stream._self_wrapped else entered


def _exit(
    stream: Any, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
) -> Any:
    stream._self_observer.closed()
    with no_frame_of_ours:
        return stream._self_wrapped.__exit__(kind, error, traceback)


class ObservedAsyncStream(_ObservedSdkStream):
    """An async stream as it is handed to the application."""

    __slots__ = ()

    _self_instead: ClassVar[Mapping[str, Function]] = {
        "__aiter__": _aiter,
        "__anext__": _anext,
        "__aenter__": _aenter,
        "__aexit__": _aexit,
    }


class ObservedStream(_ObservedSdkStream):
    """A sync stream as it is handed to the application."""

    __slots__ = ()

    _self_instead: ClassVar[Mapping[str, Function]] = {
        "__iter__": _iter,
        "__next__": _next,
        "__enter__": _enter,
        "__exit__": _exit,
    }


def watched(tap: Tap, chunks: AsyncItems) -> AsyncGenerator[object, None]:
    """What stands in the place of the generator that an SDK's stream takes its `chunks` from."""
    return started(tap.chunks(chunks))


def started(between: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """A generator of ours between two of a library's, past the None that it yields first.

    The loop is not told of it: if it is let go, it goes at once, and with it the last reference to the inner one, for which the
    loop does what it always does.
    """
    with suppress(StopIteration):
        unannounced(between, None).send(None)
    return between
