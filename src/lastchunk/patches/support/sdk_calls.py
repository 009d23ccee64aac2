# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Observes a call of a provider's SDK that returns a stream, async or sync, and reads the evidence in its chunks.

Inside a `create_stream` the call is evidence for that stream; anywhere else it is a stream of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import CORO_CREATED, getcoroutinestate
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any
from weakref import finalize

from lastchunk import semconv
from lastchunk.own_errors import report
from lastchunk.patches.support.endpoints import base_url, endpoint
from lastchunk.patches.support.other_instrumentations import wrapped_by_another
from lastchunk.patches.support.patching import Patcher
from lastchunk.patches.support.raw_responses import ObservedRawResponse
from lastchunk.patches.support.shapes import RawResponse, is_raw
from lastchunk.semconv import ChunkKind, Operation, WaitingFor
from lastchunk.streams.in_context import InContext
from lastchunk.streams.nesting import current_stream
from lastchunk.streams.observed import ObservedAsyncGenerator, ObservedGenerator
from lastchunk.streams.observer import Observer
from lastchunk.streams.passing_on import passed_on
from lastchunk.streams.raised import Raised
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.sdk_streams import ObservedAsyncStream, ObservedStream, watched
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import History, Start
from lastchunk.streams.tap import Tap
from lastchunk.streams.wire import Wire
from lastchunk.telemetry.listeners import within_inference

Content = tuple[ChunkKind, int]
"""What a chunk carries, and how many bytes of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an SDK's method, as the application makes it."""

    patcher: Patcher
    instance: object
    """What the method is called on."""
    args: Sequence[object]
    kwargs: Mapping[str, object]
    recorded_by_another: bool
    """Another instrumentation wraps the same method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """What a patch module says about one call of its SDK."""

    name: str
    """For messages."""
    asks: Callable[[Sequence[object], Mapping[str, object]], bool]
    """A call with these arguments asks for a stream."""
    describe: Callable[[object, Sequence[object], Mapping[str, object]], Start]
    read: Callable[[Wire, object, float], Content]
    """Takes the evidence out of a chunk."""
    obtained: Callable[[Wire, Any], None] = lambda wire, stream: wire.obtained("")
    """The response headers came with the stream."""
    lazy: bool = False
    """The stream makes its request at its first step: what the call gives says nothing yet."""
    after_headers: Callable[[BaseException], bool] = lambda error: False
    """If lazy: the exception was raised when the response headers had come."""

    def wrap(self, patcher: Patcher, owner: object, name: str) -> None:
        """Watch a method that returns a sync stream."""

        def wrapper(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
            if not self.asks(args, kwargs):
                return wrapped(*args, **kwargs)
            call = Call(patcher, instance, args, kwargs, wrapped_by_another(wrapped, instance))
            return self.obtain(call, lambda: wrapped(*args, **kwargs))

        patcher.wrap(owner, name, wrapper)

    def wrap_async(self, patcher: Patcher, owner: object, name: str) -> None:
        """Watch a method whose coroutine returns an async stream."""

        def wrapper(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
            answer = wrapped(*args, **kwargs)
            if not self.asks(args, kwargs):
                return answer
            call = Call(patcher, instance, args, kwargs, wrapped_by_another(wrapped, instance))
            return instead_of(answer, self.obtain_async(call, answer))

        patcher.wrap(owner, name, wrapper)

    def obtain(self, call: Call, ask: Callable[[], object]) -> object:
        """Call the SDK, and return the stream as the application receives it."""
        observer = self._observer(call)
        if self.lazy:
            return _handed_out(ask(), observer)
        observer.begin()
        observer.step_begins()
        try:
            stream = observer.run(ask)
        except BaseException as error:
            observer.failed(error)
            passed_on(error)
            raise
        return self._obtained(observer, stream)

    async def obtain_async(self, call: Call, answer: Awaitable[object]) -> object:
        """Await the answer, and return its stream as the application receives it."""
        observer = self._observer(call)
        try:
            if self.lazy:
                return _handed_out(await answer, observer)
            observer.begin()
            observer.step_begins()
            stream = await InContext(observer.run, answer)
        except BaseException as error:
            if not self.lazy:
                observer.failed(error)
            passed_on(error)
            raise
        return self._obtained(observer, stream)

    def _observer(self, call: Call) -> Observer | Tap:
        """Return a tap inside a model stream, else the observer of a new stream."""
        try:
            elsewhere = call.recorded_by_another or within_inference()
            above = current_stream()
            if above is not None and above.operation is Operation.CHAT and above.ending is None:
                above.measured_elsewhere = above.measured_elsewhere or elsewhere
                return _Below(self, above, above.new_wire())
        except Exception as exc:
            report(f"handling a call of {self.name}", exc)
            return _Own(self, call.patcher, lambda: None)

        def describe() -> Start:
            return replace(self.describe(call.instance, call.args, call.kwargs), measured_elsewhere=elsewhere)

        return _Own(self, call.patcher, describe)

    def _obtained(self, observer: Observer | Tap, stream: object) -> object:
        """The response headers came."""
        record, wire = observer.record, observer.wire
        if record is None or wire is None or record.ending is not None:
            return stream
        raw: RawResponse | None = None
        try:
            if is_raw(stream):
                raw = stream
                wire.obtained(str(raw.headers.get("content-type", "")))
            else:
                self.obtained(wire, stream)
            wire.obtained_at = now = record.clock()
            if isinstance(observer, Observer):
                record.step_ends(now)
            else:
                record.heard(now)
        except Exception as exc:
            report(f"reading the response of {self.name}", exc)
            raw = None
        if raw is not None:
            return ObservedRawResponse(raw, observer, lambda parsed: self._parsed(observer, parsed))
        if not hasattr(stream, "__anext__") and not hasattr(stream, "__next__"):
            observer.exhausted()
        return _handed_out(stream, observer)

    def _parsed(self, observer: Observer | Tap, stream: object) -> object:
        """The application got its stream from a raw response."""
        record, wire = observer.record, observer.wire
        try:
            if record is not None and wire is not None and record.ending is None:
                self.obtained(wire, stream)
        except Exception as exc:
            report(f"reading the response of {self.name}", exc)
        return _handed_out(stream, observer)

    def on_item(self, record: StreamRecord, chunk: object, now: float, gap: float) -> None:
        """Read a chunk of a bare stream."""
        kind, size = ChunkKind.MESSAGE, 0
        try:
            if record.wire is not None:
                kind, size = self.on_chunk(record.wire, chunk, now)
        finally:
            record.waiting_for = WaitingFor.NEXT_CHUNK
            if kind is not ChunkKind.TEXT:
                record.extras += size
            record.chunk(kind, size, now, gap)

    def on_chunk(self, wire: Wire, chunk: object, now: float) -> Content:
        """Read a chunk on the wire. The first one may be the first sign of the wire."""
        if not wire.headers:
            wire.obtained("")
        return self.read(wire, chunk, now)

    def over(self, observer: Observer | Tap, error: BaseException | None) -> None:
        """The SDK's stream yielded its last chunk, or raised."""
        record, wire = observer.record, observer.wire
        if record is None or wire is None or record.ending is not None:
            return
        try:
            if not wire.headers and (error is None or self.after_headers(error)):
                wire.obtained("")
            wire.over(exhausted=error is None, failed=isinstance(error, Exception))
        except Exception as exc:
            report(f"recording the end of a stream of {self.name}", exc)


def instead_of(answer: Any, ours: CoroutineType[Any, Any, Any]) -> CoroutineType[Any, Any, Any]:
    """Return the coroutine `ours`, which awaits `answer`.

    If it is never awaited, one warning says so, by the library's name.
    """
    if isinstance(answer, CoroutineType):
        ours.__name__, ours.__qualname__ = answer.__name__, answer.__qualname__
        finalize(ours, _close_unawaited, answer).atexit = False
    return ours


def _close_unawaited(answer: CoroutineType[Any, Any, Any]) -> None:
    """Close `answer`, whose awaiting coroutine is gone, perhaps cancelled before it began. This runs no code."""
    if getcoroutinestate(answer) == CORO_CREATED:
        answer.close()


class _Own(Observer):
    """Watches a stream that the application iterates itself."""

    __slots__ = ("_sdk",)

    def __init__(self, sdk: Sdk, patcher: Patcher, describe: Callable[[], Start | None]) -> None:
        super().__init__(patcher.streams, describe, sdk.on_item)
        self._sdk = sdk

    def exhausted(self) -> None:
        """There are no more chunks."""
        self._sdk.over(self, None)
        super().exhausted()

    def failed(self, error: BaseException) -> None:
        """The step raised, or the call."""
        self._sdk.over(self, error)
        super().failed(error)


class _Below(Tap):
    """Watches a stream for the `create_stream` that iterates it."""

    __slots__ = ("_sdk",)

    def __init__(self, sdk: Sdk, record: StreamRecord, wire: Wire) -> None:
        super().__init__(record, wire, sdk.on_chunk if sdk.lazy else sdk.read)
        self._sdk = sdk

    def exhausted(self) -> None:
        """There are no more chunks."""
        super().exhausted()
        self._sdk.over(self, None)

    def failed(self, error: BaseException) -> None:
        """The step raised, or the call."""
        try:
            self._wire.raised = Raised(error)
        except Exception as exc:
            report(f"reading an error of {self._sdk.name}", exc)
        self._sdk.over(self, error)


def _handed_out(stream: Any, observer: Observer | Tap) -> object:
    """Return the proxy for `stream`, or `stream` with its chunks observed. Anything that is no stream is returned as it is."""
    if isinstance(observer, Tap) and type(getattr(stream, "_iterator", None)) is AsyncGeneratorType:
        stream._iterator = watched(observer, stream._iterator)
        return stream
    if isinstance(stream, AsyncGeneratorType):
        return ObservedAsyncGenerator(stream, observer)
    if isinstance(stream, GeneratorType):
        return ObservedGenerator(stream, observer)
    if hasattr(stream, "__anext__"):
        return ObservedAsyncStream(stream, observer)
    return ObservedStream(stream, observer) if hasattr(stream, "__next__") else stream


def bare_stream(
    resource: object, *, provider: str, model: object, url: object, history: History | None, may_be_silent: bool
) -> Start:
    """Describe a stream that the application iterates itself. Its method was called on `resource`."""
    return Start(
        operation=Operation.CHAT,
        subject=id(resource),
        attributes={semconv.PROVIDER_NAME: provider, semconv.REQUEST_MODEL: model, **endpoint(url)},
        history=history,
        may_be_silent=may_be_silent,
        base_url=base_url(url),
        bare=True,
    )
