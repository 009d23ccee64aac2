# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One `ResponseStream` is watched where it pulls its next item.

Not by a proxy, which would be bypassed: `with_*` return the stream itself, `map` wraps it, a workflow holds it weakly. Not in a
private context: what the chat layer notes in the context, the agent layer above it reads. Source: agent_framework/_types.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType

from lastchunk import semconv
from lastchunk.own_errors import report
from lastchunk.patches.agent_framework.names import require
from lastchunk.patches.support.fields import fields_of
from lastchunk.patches.support.patching import Patcher
from lastchunk.streams.nesting import current_stream
from lastchunk.streams.observer import Observer, OnItem
from lastchunk.streams.passing_on import no_frame_of_ours, passed_on
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import Start
from lastchunk.streams.watched import Watch, attach, watch_of
from lastchunk.telemetry.lent_spans import LentSpan


class Lent:
    """The span that Agent Framework makes while it makes a stream, if it makes one, and what it says there."""

    __slots__ = ("said", "span")

    def __init__(self) -> None:
        self.span: LentSpan | None = None
        self.said: Mapping[str, object] = {}


OLDER_PROVIDER_NAME = "gen_ai.system"
"""What it calls the provider unless it is told to follow newer conventions."""
_READ = (
    semconv.PROVIDER_NAME,
    OLDER_PROVIDER_NAME,
    semconv.REQUEST_MODEL,
    semconv.SERVER_ADDRESS,
    semconv.AGENT_NAME,
    semconv.AGENT_ID,
    semconv.AGENT_DESCRIPTION,
)
"""Attributes of its span that we read: it asked the application's objects for them, and nobody has to ask again."""

_making: ContextVar[Lent | None] = ContextVar("lastchunk_making", default=None)


@contextmanager
def making() -> Generator[Lent]:
    """Note that a stream is being made: the first span that Agent Framework makes meanwhile belongs to it."""
    lent = Lent()
    token = _making.set(lent)
    try:
        yield lent
    finally:
        _making.reset(token)


def lend(span: object, attributes: object) -> object:
    """Note a span that was made, if a stream is being made that it belongs to."""
    lent = _making.get()
    if lent is None or lent.span is not None:
        return span
    lent.span = LentSpan(span)
    own = fields_of(attributes)
    lent.said = {name: dict.get(own, name) for name in _READ}
    return lent.span


class PullWatch(Watch):
    """Watches one stream by its pulls."""

    __slots__ = ("_patcher",)

    def __init__(self, patcher: Patcher, describe: Callable[[], Start | None], on_item: OnItem) -> None:
        super().__init__(Observer(patcher.streams, describe, on_item))
        self._patcher = patcher

    async def pull(self, pulled: Awaitable[object]) -> object:
        """Await the next item; the stream begins with the first."""
        observer = self.observer
        observer.begin()
        record = observer.record
        if record is None or record.ending is not None:
            with no_frame_of_ours:
                return await pulled
        observer.step_begins()
        try:
            with self._patcher.streams.visit(record):
                item = await pulled
        except StopAsyncIteration as stop:
            self._exhausted()
            passed_on(stop)
            raise
        except BaseException as error:
            observer.failed(error)
            passed_on(error)
            raise
        observer.item(item)
        return item

    def _exhausted(self) -> None:
        """There is no terminal item: the end of the items is the result."""
        record = self.observer.record
        if record is not None and record.ending is None:
            gap = record.step_ends(record.clock())
            record.result(gap, arrived=record.arrived, finish=record.result_finish)
        self.observer.exhausted()

    def closed(self) -> None:
        """The consumer closes the stream, or leaves its `async with`."""
        self.observer.closed()

    def __del__(self) -> None:
        self.observer.let_go()


def watch(
    patcher: Patcher, stream: object, describe: Callable[[], Start | None], on_item: OnItem, subject: object
) -> None:
    """Watch `stream`. Not if it is no stream, is already watched, or belongs to the running invocation of `subject`."""
    try:
        if not hasattr(type(stream), "_pull_next_update") or watch_of(stream) is not None:
            return
        around = current_stream()
        if around is None or around.start.subject != id(subject) or around.ending is not None:
            attach(stream, PullWatch(patcher, describe, on_item))
    except Exception as exc:
        report("observing a stream of Agent Framework", exc)


def apply_streams(module: ModuleType, patcher: Patcher) -> None:
    """Make watched streams report their pulls and their close."""
    require(module)

    def pull(wrapped: Function, stream: object, args: Args, kwargs: Kwargs) -> object:
        pulled = wrapped(*args, **kwargs)
        watching = watch_of(stream)
        return watching.pull(pulled) if isinstance(watching, PullWatch) else pulled

    def close(wrapped: Function, stream: object, args: Args, kwargs: Kwargs) -> object:
        closing = wrapped(*args, **kwargs)
        watching = watch_of(stream)
        return _leave(watching, closing) if isinstance(watching, PullWatch) else closing

    patcher.wrap(module.ResponseStream, "_pull_next_update", pull)
    patcher.wrap(module.ResponseStream, "close", close)


async def _leave(watching: PullWatch, closing: Awaitable[None]) -> None:
    watching.closed()
    with no_frame_of_ours:
        await closing
