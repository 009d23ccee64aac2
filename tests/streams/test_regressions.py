# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Defects that a review found in streams, each in the smallest shape in which it showed."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import traceback
import types
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import pytest
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from lastchunk.streams.nesting import current_stream
from tests.conftest import Exported

tracer = trace.get_tracer("application")


def _stream(body: Callable[[], AsyncGenerator[Any, Any]]) -> AsyncGenerator[Any, Any]:
    class Own(ReplayChatCompletionClient):
        def create_stream(self, *args: Any, **kwargs: Any) -> Any:
            return body()

    return Own([]).create_stream([])


@pytest.fixture(name="no_gc")
def _no_gc() -> Iterator[None]:
    """Without garbage collection, objects die by their last reference."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("exported", "no_gc")
@pytest.mark.parametrize("how", ["closed", "dropped"])
async def test_nothing_waits_for_the_garbage_collector(how: str) -> None:
    """The watching generator and the step that is used again held each other, and with them the inner generator."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        yield "two "

    inner = [body()]
    died = weakref.ref(inner[0])
    stream = _stream(inner.pop)
    async for _ in stream:
        break
    if how == "closed":
        await stream.aclose()  # type: ignore[attr-defined]
    del stream
    for _ in range(4):
        await asyncio.sleep(0)
    assert died() is None


async def test_a_stream_in_a_cycle_is_closed_once(exported: Exported) -> None:
    """Garbage collection finalises the proxy and the inner generator: only one of them may schedule the close."""
    closed, over = [], asyncio.Event()

    async def body() -> AsyncGenerator[Any, Any]:
        try:
            yield "one "
            yield "two "
        finally:
            await asyncio.sleep(0.01)
            closed.append(trace.get_current_span().get_span_context().span_id)
            over.set()

    class Session:
        def __init__(self) -> None:
            self.me, self.stream = self, _stream(body)

    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context))
    await anext(Session().stream)
    gc.collect()
    await asyncio.wait_for(over.wait(), 10)
    gc.collect()
    await asyncio.sleep(0.01)
    assert closed == [exported.one().context.span_id]
    assert failures == []


class _Stacks(SpanProcessor):
    """Notes from where spans are ended."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Note the functions on the stack."""
        self.seen.append(" ".join(frame.name for frame in traceback.extract_stack()))


async def test_a_task_that_is_collected_with_its_pending_step(exported: Exported) -> None:
    """Its finaliser closes the coroutine, which raises GeneratorExit through the step: no OpenTelemetry in there."""
    stacks = _Stacks()
    trace.get_tracer_provider().add_span_processor(stacks)  # type: ignore[attr-defined]

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        await asyncio.get_running_loop().create_future()

    async def read() -> None:
        async for _ in _stream(body):
            pass

    def collects() -> None:
        gc.collect()

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    task = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    collects()
    assert stacks.seen == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert exported.reason() == "abandoned"
    assert len(stacks.seen) == 1
    gc.collect()


def test_the_loop_closes_a_stream_where_it_was_driven(exported: Exported) -> None:
    """What the generator attached is detached in the context in which it was attached, or OpenTelemetry complains."""
    kept = []

    async def body() -> AsyncGenerator[Any, Any]:
        with tracer.start_as_current_span("held"):
            yield "one "

    async def main() -> None:
        kept.append(_stream(body))
        await anext(kept[0])

    asyncio.run(main())
    assert exported.reason() == "process_exit"
    assert [span.name for span in exported.all] == ["chat", "held"]


async def test_a_close_that_is_cancelled_before_it_begins(exported: Exported) -> None:
    """The cancel reaches the generator, which dies of it: the consumer has left."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        yield "two "

    stream = _stream(body)
    await anext(stream)
    closing = asyncio.ensure_future(stream.aclose())
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert exported.reason() == "abandoned"


@pytest.mark.parametrize("ask", ["athrow", "asend"])
async def test_a_refused_step_does_not_end_the_stream(exported: Exported, ask: str) -> None:
    """Another task is inside the generator, and stays there."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        await asyncio.sleep(0.01)
        yield "two "

    stream = _stream(body)
    await anext(stream)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already running"):
        await getattr(stream, ask)(KeyError("no"))
    assert await reading == "two "
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert exported.one().attributes["lastchunk.stream.chunks"] == 2
    assert exported.reason() == "truncated"


@pytest.mark.usefixtures("exported")
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
async def test_a_stream_is_not_to_be_copied(copied: Callable[[Any], Any]) -> None:
    """In Python's own words; it was a RecursionError, and again in the finaliser of the half-made copy."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "

    with pytest.raises(TypeError, match="cannot pickle 'async_generator' object"):
        copied(_stream(body))


async def test_anext_with_a_default(exported: Exported) -> None:
    """It asks the step for its iterator whenever it is resumed, and must be given the same one."""

    async def body() -> AsyncGenerator[Any, Any]:
        for number in range(3):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            yield str(number)

    stream = _stream(body)
    assert [await anext(stream, "over") for _ in range(4)] == ["0", "1", "2", "over"]
    assert exported.one().attributes["lastchunk.stream.chunks"] == 3


async def test_a_step_after_the_generator_was_told_to_stop(exported: Exported) -> None:
    """A cancel that comes before such a step begins is a cancel, not an item."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        yield "two "

    stream = _stream(body)
    await anext(stream)
    with pytest.raises(KeyError):
        await stream.athrow(KeyError("enough"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stream.__anext__(), 0)
    assert exported.reason() == "abandoned"


async def test_background_tasks_that_start_each_other(exported: Exported) -> None:
    """Each inherits the context of a stream that has ended: that is not kept, and what begins is no part of it."""
    records: list[weakref.ref[Any]] = []
    over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def again() -> None:
        async def body() -> AsyncGenerator[Any, Any]:
            records.append(weakref.ref(current_stream()))  # type: ignore[arg-type]
            yield "one "
            if len(records) < 20:
                asyncio.get_running_loop().call_later(0.001, asyncio.ensure_future, again())
            else:
                gc.collect()
                over.set_result(sum(record() is not None for record in records))

        async for _ in _stream(body):
            pass

    await again()
    assert await over <= 2
    await asyncio.sleep(0)
    assert all(span.attributes["lastchunk.stream.outermost"] for span in exported.ours)


async def test_what_begins_after_the_end_of_the_stream_around_it_is_no_part_of_it(exported: Exported) -> None:
    """A worker that was started inside it, and outlives it."""
    over = asyncio.Event()

    async def late() -> None:
        await asyncio.sleep(0.01)
        async for _ in _stream(_one):
            pass
        over.set()

    async def _one() -> AsyncGenerator[Any, Any]:
        yield "one "

    async def body() -> AsyncGenerator[Any, Any]:
        tasks.append(asyncio.create_task(late()))
        yield "one "

    tasks: list[asyncio.Task[None]] = []
    stream = _stream(body)
    await anext(stream)
    await stream.aclose()
    await over.wait()
    assert [span.attributes["lastchunk.stream.outermost"] for span in exported.ours] == [True, True]


class _Iterator:
    """A stream of the application's own: no generator."""

    def __init__(self) -> None:
        self.closed = False

    def __aiter__(self) -> _Iterator:
        return self

    async def __anext__(self) -> str:
        return "one "


class _ClosedAtOnce(_Iterator):
    def close(self) -> None:
        """Close; this is a plain function."""
        self.closed = True


class _ClosedInTime(_Iterator):
    async def close(self, reason: str) -> str:
        """Close; this is a coroutine with an argument and a result."""
        self.closed = True
        return reason


async def test_a_stream_may_close_as_it_likes(exported: Exported) -> None:
    """Its close is called as it was, and gives what it gave."""
    stream: Any = _stream(_ClosedAtOnce)  # type: ignore[arg-type]
    await anext(stream)
    assert not inspect.iscoroutinefunction(stream.close)
    stream.close()
    assert stream.closed
    other: Any = _stream(_ClosedInTime)  # type: ignore[arg-type]
    await anext(other)
    assert inspect.iscoroutinefunction(other.close)
    assert await other.close(reason="enough") == "enough"
    assert other.closed
    assert [span.attributes["lastchunk.stream.termination.reason"] for span in exported.ours] == [
        "abandoned",
        "abandoned",
    ]


@pytest.mark.usefixtures("exported")
def test_a_close_that_is_cancelled_before_it_begins_is_finished() -> None:
    """A loop that ends cancels the task that is to close a forgotten stream; what cleans up within is not closed halfway."""
    done: list[str] = []

    async def release() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)
            done.append("released")

    async def body() -> AsyncGenerator[Any, Any]:
        try:
            yield "one "
        finally:
            await release()

    async def application() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: done.append(told["message"]))
        async for _ in _stream(body):
            break

    asyncio.run(application())
    gc.collect()
    assert done == ["released"]


async def test_garbage_collection_closes_what_a_pending_step_waits_in_before_its_task(exported: Exported) -> None:
    """In a cycle the order of finalisers is any. The coroutine then raises what it raises without us: nothing."""

    async def body() -> AsyncGenerator[Any, Any]:
        await asyncio.get_running_loop().create_future()
        yield "one "

    async def read() -> None:
        async for _ in _stream(body):
            pass

    reading = read()
    reading.send(None)
    (watching,) = [
        found
        for found in gc.get_objects()
        if isinstance(found, types.GeneratorType) and found.gi_code.co_name == "_watch" and found.gi_frame is not None
    ]
    watching.close()
    reading.close()
    del reading, watching
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert exported.reason() == "abandoned"
