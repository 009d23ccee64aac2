# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The proxy of an async generator: nothing that an application can do with the bare one comes out differently.

The tests that take `make` run twice, with the bare generator and with the observed one: what they expect is Python's own.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import time
import types
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any

import pytest
from autogen_core.models import CreateResult, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry import trace
from wrapt import ObjectProxy

from lastchunk.streams import open_streams
from tests.conftest import Exported, Instrument

RESULT = CreateResult(
    finish_reason="stop", content="done", usage=RequestUsage(prompt_tokens=1, completion_tokens=1), cached=False
)
Body = Callable[[], AsyncGenerator[Any, Any]]
Make = Callable[[Body], AsyncGenerator[Any, Any]]


def _client(body: Body) -> ReplayChatCompletionClient:
    """A model client of the application's own, defined just now."""

    class Own(ReplayChatCompletionClient):
        def create_stream(self, *args: Any, **kwargs: Any) -> Any:
            return body()

    return Own([])


def _stream(body: Body) -> AsyncGenerator[Any, Any]:
    return _client(body).create_stream([])


@pytest.fixture(name="make", params=["bare", "observed"])
def _make(request: pytest.FixtureRequest, instrument: Instrument) -> Make:
    """Return a function that makes the stream of a generator function: once bare, once through Lastchunk."""
    if request.param == "observed":
        instrument()
    return _stream


async def _three() -> AsyncGenerator[Any, Any]:
    yield "one "
    yield "two "
    yield RESULT


class Trace:
    """What a generator saw."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def __call__(self) -> AsyncGenerator[Any, Any]:
        """Yield what is sent; note what ends it, and how long that takes."""
        item: Any = "first"
        try:
            while True:
                await asyncio.sleep(0)
                item = yield item
                self.seen.append(item)
        except BaseException as error:
            self.seen.append(error)
            raise
        finally:
            await asyncio.sleep(0)
            self.seen.append("closed")


# --- what it is -------------------------------------------------------------------------------------------------------


async def test_it_is_an_async_generator(make: Make) -> None:
    """Every type check and its attributes say so."""
    stream = make(_three)
    assert inspect.isasyncgen(stream)
    assert isinstance(stream, types.AsyncGeneratorType)
    assert isinstance(stream, AsyncGenerator)
    assert isinstance(stream, AsyncIterator)
    assert not isinstance(stream, Awaitable)
    assert repr(stream).startswith("<async_generator object _three at ")
    assert (stream.__name__, stream.__qualname__) == ("_three", "_three")
    assert (stream.ag_running, stream.ag_await, stream.ag_code) == (False, None, _three.__code__)
    assert stream.ag_frame is not None
    assert aiter(stream) is stream
    assert stream == stream
    assert len({stream, stream}) == 1
    assert weakref.ref(stream)() is stream
    assert [item async for item in stream] == ["one ", "two ", RESULT]
    assert stream.ag_frame is None


async def test_no_such_attribute(make: Make) -> None:
    """It has those of a generator, and no other."""
    stream = make(_three)
    with pytest.raises(AttributeError, match="'async_generator' object has no attribute 'nonsense'"):
        stream.nonsense  # noqa: B018
    assert not hasattr(stream, "close")
    assert not hasattr(stream, "__await__")
    await stream.aclose()


async def test_what_a_step_is(make: Make) -> None:
    """An awaitable, and a coroutine to those who look for one; not a coroutine function's."""
    stream = make(_three)
    for step in (anext(stream), anext(stream)):
        assert inspect.isawaitable(step)
        assert asyncio.iscoroutine(step)
        assert not inspect.iscoroutine(step)
        await step
    await stream.aclose()


# --- items ------------------------------------------------------------------------------------------------------------


async def test_items_are_the_same_objects(make: Make) -> None:
    """In the same order; whatever they are."""
    items = ["text", RESULT, None, ValueError("no error"), StopIteration(5), object(), b"", 0, ["list"]]

    async def body() -> AsyncGenerator[Any, Any]:
        for item in items:
            yield item

    received = [item async for item in make(body)]
    assert len(received) == len(items)
    assert all(mine is theirs for mine, theirs in zip(received, items, strict=True))


async def test_a_few_steps_and_then_a_loop(make: Make) -> None:
    """It is one stream, however it is iterated."""
    stream = make(_three)
    assert await anext(stream) == "one "
    assert [item async for item in stream] == ["two ", RESULT]
    assert [item async for item in stream] == []
    assert await anext(stream, "default") == "default"
    with pytest.raises(StopAsyncIteration):
        await stream.__anext__()


async def test_a_task_per_item(make: Make) -> None:
    """As AutoGen reads an SDK's stream."""
    stream = make(_three)
    assert await asyncio.create_task(anext(stream)) == "one "
    assert await asyncio.ensure_future(stream.__anext__()) == "two "
    assert await asyncio.wait_for(anext(stream), 5) is RESULT
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(stream), 5)


async def test_steps_that_are_asked_for_early(make: Make) -> None:
    """A step begins when it is awaited, not when it is created."""
    stream = make(_three)
    first, second = anext(stream), anext(stream)
    assert await second == "one "
    assert await first == "two "
    third, fourth = anext(stream), anext(stream)
    assert await third is RESULT
    with pytest.raises(StopAsyncIteration):
        await fourth


async def test_a_step_cannot_be_awaited_twice(make: Make) -> None:
    """Neither while the stream goes on nor after it."""
    stream = make(_three)
    for _ in range(2):
        step = anext(stream)
        await step
        with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
            await step
    await stream.aclose()
    with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
        await step


async def test_a_step_that_is_closed_unbegun(make: Make) -> None:
    """The stream is where it was; from Python 3.13 on, it has ended."""
    for before in (0, 1):
        stream = make(_three)
        for _ in range(before):
            await anext(stream)

        anext(stream).close()

        left = [item async for item in stream]
        assert left == ([] if sys.version_info >= (3, 13) else ["one ", "two ", RESULT][before:])
        await stream.aclose()


async def test_one_at_a_time(make: Make) -> None:
    """A second step while one is under way is refused, and the one under way is not disturbed."""
    gate = asyncio.Event()

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        await gate.wait()
        yield RESULT

    stream = make(body)
    assert await anext(stream) == "one "
    pending = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert stream.ag_running
    for refused in (stream.__anext__, stream.aclose, lambda: stream.asend("x"), lambda: stream.athrow(KeyError())):
        with pytest.raises(RuntimeError, match="asynchronous generator is already running"):
            await refused()
    gate.set()
    assert await pending is RESULT
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


# --- asend, athrow, aclose --------------------------------------------------------------------------------------------


async def test_asend(make: Make) -> None:
    """What is sent arrives, and what comes back is the item."""
    traced = Trace()
    stream = make(traced)
    assert await stream.asend(None) == "first"
    sent = object()
    assert await stream.asend(sent) is sent
    assert await stream.asend(None) is None
    await stream.aclose()
    assert traced.seen[0] is sent
    assert traced.seen[1] is None


async def test_asend_before_the_first_step(make: Make) -> None:
    """Nothing can receive it yet."""
    stream = make(_three)
    with pytest.raises(TypeError, match="can't send non-None value to a just-started async generator"):
        await stream.asend("x")
    assert await anext(stream) == "one "
    await stream.aclose()


async def test_athrow(make: Make) -> None:
    """The generator sees the very exception, and the consumer what it makes of it."""
    traced, error = Trace(), ValueError("thrown")
    stream = make(traced)
    await anext(stream)
    with pytest.raises(ValueError, match="thrown") as raised:
        await stream.athrow(error)
    assert raised.value is error
    assert traced.seen == [error, "closed"]
    assert [item async for item in stream] == []


async def test_athrow_that_is_caught(make: Make) -> None:
    """The stream goes on."""

    async def body() -> AsyncGenerator[Any, Any]:
        try:
            yield "one "
        except KeyError:
            yield "caught "
        yield RESULT

    stream = make(body)
    await anext(stream)
    assert await stream.athrow(KeyError()) == "caught "
    assert [item async for item in stream] == [RESULT]


async def test_athrow_before_the_first_step(make: Make) -> None:
    """It ends a generator that never began."""
    traced = Trace()
    stream = make(traced)
    with pytest.raises(KeyError):
        await stream.athrow(KeyError())
    assert traced.seen == []
    assert [item async for item in stream] == []


async def test_aclose(make: Make) -> None:
    """The generator is closed when `aclose` returns; to do so again does nothing."""
    traced = Trace()
    stream = make(traced)
    await anext(stream)
    assert await stream.aclose() is None
    assert isinstance(traced.seen[0], GeneratorExit)
    assert traced.seen[1:] == ["closed"]
    await stream.aclose()
    assert [item async for item in stream] == []


async def test_aclose_before_the_first_step(make: Make) -> None:
    """None of the generator's code runs."""
    traced = Trace()
    stream = make(traced)
    await stream.aclose()
    assert [item async for item in stream] == []
    assert traced.seen == []


async def test_aclose_of_a_generator_that_goes_on(make: Make) -> None:
    """The generator gets Python's RuntimeError, as without Lastchunk."""

    async def body() -> AsyncGenerator[Any, Any]:
        try:
            yield "one "
        except GeneratorExit:
            yield "two "

    stream = make(body)
    await anext(stream)
    with pytest.raises(RuntimeError, match="async generator ignored GeneratorExit"):
        await stream.aclose()


async def test_aclose_from_another_task(make: Make) -> None:
    """As a web framework does."""
    traced = Trace()
    stream = make(traced)
    await anext(stream)
    await asyncio.create_task(stream.aclose())
    assert traced.seen[1:] == ["closed"]


async def test_aclosing(make: Make) -> None:
    """The way that the documentation recommends."""
    traced = Trace()
    async with aclosing(make(traced)) as stream:
        async for _ in stream:
            break
    assert traced.seen[1:] == ["closed"]


# --- exceptions and cancels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), asyncio.CancelledError("why"), GeneratorExit()]
)
async def test_exceptions_are_the_same_objects(make: Make, error: BaseException) -> None:
    """With their cause, their notes and where they come from."""
    cause = OSError()

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        await asyncio.sleep(0)
        raise error from cause

    stream = make(body)
    await anext(stream)
    with pytest.raises(type(error)) as caught:
        await anext(stream)
    assert caught.value is error
    assert error.__cause__ is cause
    assert error.__context__ is None
    assert not hasattr(error, "__notes__")
    assert caught.traceback[-1].name == "body"
    assert [item async for item in stream] == []


async def test_a_stop_inside_is_an_error(make: Make) -> None:
    """PEP 479."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        raise StopAsyncIteration

    stream = make(body)
    await anext(stream)
    with pytest.raises(RuntimeError, match="async generator raised StopAsyncIteration"):
        await anext(stream)


async def test_a_cancel_of_a_pending_step(make: Make) -> None:
    """The generator sees it, with its message, and is closed by it."""
    traced = Trace()

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        try:
            await asyncio.sleep(60)
        except BaseException as error:
            traced.seen.append(error)
            raise

    stream = make(body)
    await anext(stream)
    pending = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    pending.cancel("why")
    with pytest.raises(asyncio.CancelledError, match="why"):
        await pending
    assert traced.seen[0].args == ("why",)
    assert [item async for item in stream] == []


async def test_a_cancel_before_a_step_runs(make: Make) -> None:
    """A task that is cancelled before it began has not touched the first item; it meets later ones where they stand."""
    traced = Trace()
    stream = make(traced)
    await anext(stream)
    pending = asyncio.ensure_future(anext(stream))
    pending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pending
    assert isinstance(traced.seen[0], asyncio.CancelledError)
    assert [item async for item in stream] == []


async def test_a_generator_that_swallows_a_cancel(make: Make) -> None:
    """It may: the step then has an item."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            yield "still here "
        yield RESULT

    stream = make(body)
    await anext(stream)
    pending = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    pending.cancel()
    assert await pending == "still here "
    assert [item async for item in stream] == [RESULT]


async def test_a_timeout_per_item(make: Make) -> None:
    """`wait_for` cancels the step, and the generator with it."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        await asyncio.sleep(60)

    stream = make(body)
    assert await asyncio.wait_for(anext(stream), 5) == "one "
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(stream), 0.01)
    assert [item async for item in stream] == []


async def test_a_timeout_around_the_loop(make: Make) -> None:
    """An `asyncio.timeout` around the loop is the commonest timeout."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        await asyncio.sleep(60)

    received = []

    async def read() -> None:
        async with asyncio.timeout(None) as patience:
            async for item in make(body):
                received.append(item)
                patience.reschedule(asyncio.get_running_loop().time() + 0.01)

    with pytest.raises(TimeoutError):
        await read()
    assert received == ["one "]


# --- letting go -------------------------------------------------------------------------------------------------------


async def test_break_closes_the_generator_soon(make: Make) -> None:
    """The loop ends it, so nothing has to keep a reference to the stream."""
    traced = Trace()
    async for _ in make(traced):
        break
    for _ in range(5):
        await asyncio.sleep(0)
    assert isinstance(traced.seen[0], GeneratorExit)
    assert traced.seen[1:] == ["closed"]


async def test_a_kept_reference_keeps_the_stream(make: Make) -> None:
    """A reference to one of its steps is enough."""
    traced = Trace()
    stream = make(traced)
    await anext(stream)
    step = anext(stream)
    del stream
    gc.collect()
    await asyncio.sleep(0.01)
    assert traced.seen == []
    await step
    assert traced.seen == [None]
    del step
    for _ in range(5):
        await asyncio.sleep(0)
    assert traced.seen[2:] == ["closed"]


def test_the_loop_closes_what_is_left_open(make: Make) -> None:
    """`asyncio.run` closes generators that are still suspended, although somebody holds them."""
    traced, kept = Trace(), []

    async def main() -> None:
        stream = make(traced)
        kept.append(stream)
        await anext(stream)

    asyncio.run(main())
    assert traced.seen[1:] == ["closed"]


async def test_hooks_are_left_as_they_are(make: Make) -> None:
    """The hooks of the loop are unchanged, and only the loop's own bookkeeping happens between begin and end."""
    before = sys.get_asyncgen_hooks()
    stream = make(_three)
    await anext(stream)
    assert sys.get_asyncgen_hooks() == before
    await stream.aclose()
    assert sys.get_asyncgen_hooks() == before


def test_without_a_loop(make: Make) -> None:
    """A stream can be driven by hand, or by another library's loop."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        yield RESULT

    stream = make(body)
    received = []
    while True:
        try:
            anext(stream).send(None)
        except StopIteration as item:
            received.append(item.value)
        except StopAsyncIteration:
            break
    assert received == ["one ", RESULT]


# --- what is ours -----------------------------------------------------------------------------------------------------

tracer = trace.get_tracer("application")
variable: ContextVar[str] = ContextVar("variable", default="unset")


async def test_the_span_is_current_inside_and_never_outside(exported: Exported) -> None:
    """For all that the stream calls, in each step; a span that the consumer makes stands beside it."""
    inside: list[trace.Span] = []

    async def body() -> AsyncGenerator[Any, Any]:
        for item in ("one ", "two ", RESULT):
            inside.append(trace.get_current_span())
            await asyncio.create_task(asyncio.sleep(0))
            inside.append(trace.get_current_span())
            yield item

    with tracer.start_as_current_span("request") as request:
        async for _ in _stream(body):
            assert trace.get_current_span() is request
        assert trace.get_current_span() is request
    span = exported.one()
    assert {current.get_span_context().span_id for current in inside} == {span.context.span_id}
    assert span.parent.span_id == request.get_span_context().span_id


async def test_context_variables(exported: Exported) -> None:
    """Those that are set before the stream begins are visible inside, whenever it was made; its own stay inside."""
    seen = []

    async def body() -> AsyncGenerator[Any, Any]:
        seen.append(variable.get())
        variable.set("inside")
        yield "one "
        seen.append(variable.get())
        yield RESULT

    stream = _stream(body)
    variable.set("before")
    async for _ in stream:
        assert variable.get() == "before"
    assert seen == ["before", "inside"]


async def test_the_begin_is_the_first_step(exported: Exported) -> None:
    """The parent is the code that awaits the first item, not the code that made the stream or the step."""
    with tracer.start_as_current_span("maker"):
        stream = _stream(_three)
        first = anext(stream)
    assert open_streams.open_streams() == []
    with tracer.start_as_current_span("reader") as reader:
        await first
    await stream.aclose()
    assert exported.one().parent.span_id == reader.get_span_context().span_id


async def test_never_iterated_is_no_stream(exported: Exported) -> None:
    """No request was made, so nothing is reported."""
    stream = _stream(_three)
    step = anext(stream)
    step.close()
    del step, stream
    gc.collect()
    await asyncio.sleep(0)
    assert exported.all == []


@pytest.mark.parametrize("again", ["aclose", "anext", "drop"])
async def test_it_ends_once(exported: Exported, again: str) -> None:
    """The stream ends once, whatever is done to it afterwards."""
    stream = _stream(_three)
    assert len([item async for item in stream]) == 3
    if again == "aclose":
        await stream.aclose()
    elif again == "anext":
        assert await anext(stream, None) is None
    del stream
    gc.collect()
    await asyncio.sleep(0)
    assert exported.reason() == "completed"


async def test_a_refused_close_does_not_end_the_stream(exported: Exported) -> None:
    """Another task is inside the generator, and the stream continues."""
    gate = asyncio.Event()

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        await gate.wait()
        yield RESULT

    stream = _stream(body)
    await anext(stream)
    pending = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already running"):
        await stream.aclose()
    assert exported.all == []
    gate.set()
    await pending
    assert [item async for item in stream] == []
    assert exported.reason() == "completed"


async def test_a_drop_ends_with_the_time_of_death(exported: Exported) -> None:
    """The span is ended a little later, on the loop; what it says is when the reference died."""
    stream = _stream(Trace())
    await anext(stream)
    before = time.time_ns()
    del stream
    died_by = time.time_ns()
    while time.time_ns() < died_by + 100_000_000:
        pass
    assert exported.all == []
    await asyncio.sleep(0)
    tolerated = 10_000_000  # between the clock of spans and that of the machine
    assert before - tolerated <= exported.one().end_time <= died_by + tolerated
    assert exported.reason() == "abandoned"


async def test_a_dropped_generator_is_closed_where_it_was_driven(exported: Exported) -> None:
    """Its own clean-up sees the span that it belongs to, and detaches what it attached."""
    inside = []

    async def body() -> AsyncGenerator[Any, Any]:
        try:
            with tracer.start_as_current_span("of the generator"):
                yield "one "
        finally:
            inside.append(trace.get_current_span())

    stream = _stream(body)
    await anext(stream)
    del stream
    await asyncio.sleep(0.01)
    assert [span.name for span in exported.all] == ["chat", "of the generator"]
    assert inside[0].get_span_context().span_id == exported.one().context.span_id


def test_the_end_of_the_loop_is_a_process_exit(exported: Exported) -> None:
    """The application held the stream and did not close it."""
    kept = []

    async def main() -> None:
        kept.append(_stream(Trace()))
        await anext(kept[0])

    asyncio.run(main())
    assert exported.reason() == "process_exit"


def test_a_close_on_the_way_out_is_none(exported: Exported) -> None:
    """The application closed the stream itself while the loop was about to end, so this is no `process_exit`."""

    async def main() -> None:
        stream = _stream(Trace())
        await anext(stream)
        await stream.aclose()

    asyncio.run(main())
    assert exported.reason() == "abandoned"


def test_without_a_loop_a_drop_is_told_at_the_next_stream(exported: Exported) -> None:
    """No event loop can end the span before that."""

    async def body() -> AsyncGenerator[Any, Any]:
        yield "one "
        yield RESULT

    def first_item() -> AsyncGenerator[Any, Any]:
        stream = _stream(body)
        with pytest.raises(StopIteration):
            anext(stream).send(None)
        return stream

    dropped = first_item()
    del dropped
    assert exported.all == []
    other = first_item()
    assert exported.reason() == "abandoned"
    del other
    open_streams.drain()
    assert len(exported.ours) == 2


async def test_athrow_means_that_the_consumer_left(exported: Exported) -> None:
    """Unless the generator goes on."""
    stream = _stream(Trace())
    await anext(stream)
    with pytest.raises(KeyError):
        await stream.athrow(KeyError())
    assert exported.reason() == "abandoned"


async def test_what_asend_brings_is_counted(exported: Exported) -> None:
    """`asend` is a step like any other."""

    async def body() -> AsyncGenerator[Any, Any]:
        sent = yield "one "
        yield sent
        yield RESULT

    stream = _stream(body)
    await anext(stream)
    assert await stream.asend("three") == "three"
    assert [item async for item in stream] == [RESULT]
    assert exported.one().attributes["lastchunk.stream.size"] == len("one three")
    assert exported.reason() == "completed"


async def test_many_at_once(exported: Exported) -> None:
    """Each has its own context, its own span and its own end."""

    async def read(stream: AsyncGenerator[Any, Any]) -> int:
        return len([item async for item in stream])

    assert await asyncio.gather(*(read(_stream(_three)) for _ in range(50))) == [3] * 50
    spans = exported.ours
    assert len({span.context.trace_id for span in spans}) == 50
    assert all(span.parent is None for span in spans)


# --- what another library put around it --------------------------------------------------------------------------------


class AnothersProxy(ObjectProxy):  # type: ignore[misc,type-arg]
    """Another instrumentation's proxy of a generator: it notes which method makes each step."""

    def __init__(self, wrapped: AsyncGenerator[Any, Any]) -> None:
        super().__init__(wrapped)
        self._self_steps: list[str] = []

    def __aiter__(self) -> AnothersProxy:
        return self

    def __anext__(self) -> Awaitable[Any]:
        self._self_steps.append("__anext__")
        return self.__wrapped__.__anext__()

    def asend(self, value: Any) -> Awaitable[Any]:
        self._self_steps.append("asend")
        return self.__wrapped__.asend(value)


async def test_a_proxy_inside_is_asked_as_it_is_asked_without_us(make: Make) -> None:
    """A step without a value is `__anext__`, for all that a real generator makes no difference."""
    proxies: list[AnothersProxy] = []

    def body() -> Any:
        proxies.append(AnothersProxy(_three()))
        return proxies[-1]

    stream = make(body)
    assert [await anext(stream), await anext(stream), await stream.asend("sent"), await anext(stream, None)] == [
        "one ",
        "two ",
        RESULT,
        None,
    ]
    assert proxies[0]._self_steps == ["__anext__", "__anext__", "asend", "__anext__"]
