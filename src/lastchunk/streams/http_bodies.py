# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Observes the body of an HTTP response that the application reads itself, as lines or bytes.

Nothing is watched until the application asks for the response. Works for every HTTP library whose response keeps its body as
`stream`, an iterable of bytes, and calls its `close` or `aclose`: httpx and its successor.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar, Protocol

from lastchunk.own_errors import report
from lastchunk.semconv import ChunkKind, WaitingFor
from lastchunk.streams.observer import Observer
from lastchunk.streams.passing_on import no_frame_of_ours, passed_on
from lastchunk.streams.proxy import Proxy
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.shapes import Function
from lastchunk.streams.tap import Tap

_END_MARKER = re.compile(
    rb"^(data: ?\[DONE\]|event: ?(message_stop|response\.(completed|incomplete|failed)))\s", re.MULTILINE
)
"""At the begin of a line: text that quotes it has no line that begins, because JSON escapes the newline."""
_LOOKED_BACK = 40
"""Bytes of the read before, in which a marker may have begun."""


class HttpResponse(Protocol):
    """A response of httpx or of its successor, whose body may not have been read yet."""

    stream: object
    headers: Mapping[str, str]

    @property
    def is_stream_consumed(self) -> bool:
        """The body has been read."""
        ...

    @property
    def is_closed(self) -> bool:
        """The response has been closed."""
        ...


def watch(response: HttpResponse, observer: Observer | Tap) -> Body | None:
    """Watch what the application reads from `response`. None if nothing is left to read, or if nobody listens."""
    try:
        stream = response.stream
        if isinstance(observer, Tap) or response.is_stream_consumed or response.is_closed:
            return None
        if isinstance(stream, Body):
            return stream
        body = Body(stream, observer, response.headers)
        response.stream = body
        return body
    except Exception as exc:
        report("reading the body of a response", exc)
        return None


def _aiter(body: Any) -> AsyncIterator[bytes]:
    return _AsyncReads(body._self_wrapped.__aiter__(), body._self_reading)


def _iter(body: Any) -> Iterator[bytes]:
    return _Reads(body._self_wrapped.__iter__(), body._self_reading)


async def _aclose(body: Any) -> None:
    body._self_reading.closed()
    with no_frame_of_ours:
        await body._self_wrapped.aclose()


def _close(body: Any) -> None:
    body._self_reading.closed()
    with no_frame_of_ours:
        body._self_wrapped.close()


class Body(Proxy):
    """The body, as the HTTP library and the application iterate it."""

    __slots__ = ("_self_reading",)

    _self_instead: ClassVar[Mapping[str, Function]] = {
        "__aiter__": _aiter,
        "__iter__": _iter,
        "aclose": _aclose,
        "close": _close,
    }

    def __init__(self, stream: object, observer: Observer, headers: Mapping[str, str]) -> None:
        super().__init__(stream)
        self._self_reading = _Reading(observer, headers)

    def __del__(self) -> None:
        self._self_reading.observer.let_go()


class _Reading:
    """What is told to a stream of the reads of its body. A read that the SDK's own stream makes is that stream's step."""

    __slots__ = ("_opaque", "_own", "_tail", "began", "observer")

    def __init__(self, observer: Observer, headers: Mapping[str, str]) -> None:
        self.observer = observer
        self.began = False
        self._own = False
        self._tail = b"\n"
        content = str(headers.get("content-type", ""))
        self._opaque = "event-stream" not in content or "content-encoding" in headers
        """Nothing in the bytes says whether the provider finished: the body's end is all there is."""

    def asks(self) -> None:
        """The reader asks for the next bytes."""
        record = self._record()
        self._own = record is not None and not record.silent_since
        if self._own:
            self.began = True
            self.observer.step_begins()

    def came(self, data: bytes) -> None:
        """The bytes came."""
        record = self._record()
        if record is None or not self._own:
            return
        try:
            now = record.clock()
            record.chunk(ChunkKind.MESSAGE, len(data), now, record.step_ends(now))
            record.waiting_for = WaitingFor.NEXT_CHUNK
            seen = self._tail + data
            if not self._opaque and record.wire is not None and _END_MARKER.search(seen):
                record.wire.end_marker_came()
            self._tail = seen[-_LOOKED_BACK:]
        except Exception as exc:
            report("reading the body of a response", exc)

    def over(self, error: BaseException | None) -> None:
        """The body has no more bytes, or the read raised."""
        record = self._record()
        if record is None or not self._own:
            return
        if error is not None:
            self.observer.failed(error)
            return
        if self._opaque and record.chunks and record.wire is not None:
            record.wire.end_marker_came()
        self.observer.exhausted()

    def closed(self) -> None:
        """The response is closed. If the SDK's stream was read, that stream handles its own end."""
        if self.began:
            self.observer.closed()

    def _record(self) -> StreamRecord | None:
        record = self.observer.record
        return record if record is not None and record.ending is None else None


class _AsyncReads:
    def __init__(self, reads: AsyncIterator[bytes], reading: _Reading) -> None:
        self._reads = reads
        self._reading = reading

    def __aiter__(self) -> _AsyncReads:
        return self

    async def __anext__(self) -> bytes:
        self._reading.asks()
        try:
            data = await self._reads.__anext__()
        except StopAsyncIteration as stop:
            self._reading.over(None)
            passed_on(stop)
            raise
        except BaseException as error:
            self._reading.over(error)
            passed_on(error)
            raise
        self._reading.came(data)
        return data


class _Reads:
    def __init__(self, reads: Iterator[bytes], reading: _Reading) -> None:
        self._reads = reads
        self._reading = reading

    def __iter__(self) -> _Reads:
        return self

    def __next__(self) -> bytes:
        self._reading.asks()
        try:
            data = self._reads.__next__()
        except StopIteration as stop:
            self._reading.over(None)
            passed_on(stop)
            raise
        except BaseException as error:
            self._reading.over(error)
            passed_on(error)
            raise
        self._reading.came(data)
        return data
