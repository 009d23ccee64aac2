# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`ending_of`: how a stream ended, given the stream or the exception that it raised."""

from __future__ import annotations

import inspect
from typing import Any

from lastchunk.streams import open_streams
from lastchunk.streams.ending import Ending
from lastchunk.streams.observed import ObservedAsyncGenerator, ObservedGenerator
from lastchunk.streams.observer import Observer
from lastchunk.streams.raised import ended_with
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.sdk_streams import ObservedAsyncStream, ObservedStream
from lastchunk.streams.watched import watch_of
from lastchunk.wording import a

_RAW_STREAM = "_raw_stream"
"""Where the streams of the openai and anthropic SDKs' `stream(...)` have the one that `create(stream=True)` gives."""


class Guarding:
    """A proxy of ours around a stream that is observed."""

    __slots__ = ("stream",)

    def __init__(self, stream: Any) -> None:
        self.stream = stream


def ending_of(stream: object) -> Ending | None:
    """Return how `stream` ended, or None while it is open.

    `stream` is what `run_stream`, `on_messages_stream`, `create_stream`, an SDK's `create(stream=True)` or Agent Framework's
    `run(stream=True)` returned, or a `guard` around one of them. It may also be the exception that a stream raised; for an
    exception of something else the result is None.

    Raises TypeError for a stream that Lastchunk does not observe, and for any other object.
    """
    if isinstance(stream, BaseException):
        ended = ended_with(stream)
        return None if ended is None else ended.ending
    open_streams.drain()
    record = observer_of(stream, "ending_of").record
    return None if record is None else record.ending


def observer_of(stream: object, function: str) -> Observer:
    """Return the observer of `stream`. Raise TypeError, in the name of `function`, if there is none."""
    while isinstance(stream, Guarding):
        stream = stream.stream
    if not issubclass(type(stream), _OBSERVED):
        stream = getattr(stream, _RAW_STREAM, stream)
    observer = None
    if isinstance(stream, (ObservedAsyncGenerator, ObservedGenerator)):
        observer = stream.observer
    elif isinstance(stream, (ObservedAsyncStream, ObservedStream)):
        observer = stream._self_observer
    elif (watch := watch_of(stream)) is not None:
        observer = watch.observer
    if isinstance(observer, Observer):
        return observer
    raise TypeError(_what_to_pass(stream, function))


def record_of(stream: object, function: str) -> StreamRecord | None:
    """Return the record of `stream`. None if it has not begun, or is part of the stream around it."""
    return observer_of(stream, function).record


_OBSERVED = (ObservedAsyncGenerator, ObservedGenerator, ObservedAsyncStream, ObservedStream)


def _what_to_pass(stream: object, function: str) -> str:
    got = f"{function}() got {a(type(stream).__name__)}"
    if inspect.isawaitable(stream) and not hasattr(stream, "__anext__"):
        return f"{got}, which is no stream yet: await it, and pass what that returns."
    if hasattr(stream, "__aenter__") and not hasattr(stream, "__anext__"):
        return f"{got}, which is no stream yet: enter it with `async with`, and pass what that gives."
    return (
        f"{got}, which Lastchunk does not observe. Pass the object itself that `run_stream`, `create_stream` or an SDK's"
        f" `create(stream=True)` returned, and import `{function}` from lastchunk before that call."
    )
