# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`keepalive`: markers in silences; the step that is pending stays pending."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from lastchunk import KEEPALIVE, Cause, KeepAlive, Reason, StreamStalled, ending_of, guard, keepalive
from tests.acting.fake_time import FakeTime
from tests.acting.speaking import HALF, WHOLE, Speaker, cut, read, reason_of

pytestmark = pytest.mark.usefixtures("asked")


@pytest.fixture(name="time")
def _time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    return FakeTime(monkeypatch)


async def _marked(stream: Any, **options: Any) -> str:
    """Items as letters, markers as dots."""
    return "".join(["." if item is KEEPALIVE else str(item)[0] async for item in keepalive(stream, **options)])


def test_markers(time: FakeTime) -> None:
    """One for each `every` seconds of a silence; every item, in order."""
    client = Speaker(["a", 35.0, "b", "c", 14.0, "d", 16.0, WHOLE[-1]])
    assert time.run(_marked(client.stream())) == "a..bcd.f"
    assert (time.passed, client.asked, client.closed) == (65.0, 1, 1)


def test_around_a_guard(time: FakeTime) -> None:
    """The guard's clock goes on, and what it raises comes through."""

    async def main() -> tuple[list[Any], Any, Any]:
        stream = Speaker(["a", 3600.0]).stream()
        items, error = await read(keepalive(guard(stream, stall=60), every=25))
        return items, error, ending_of(stream)

    items, error, ending = time.run(main())
    assert items == ["a", KEEPALIVE, KEEPALIVE]
    assert (isinstance(error, StreamStalled), time.passed, ending.cause) == (True, 60.0, Cause.IDLE_TIMEOUT)
    _, error = time.run(read(keepalive(guard(Speaker(HALF).stream()))))
    assert cut(error) == ("StreamCutOff", "length")


def test_of_any_stream(time: FakeTime) -> None:
    """It takes any async iterator. All of it runs in one task, and in the consumer's context."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    seen: list[Any] = []

    async def numbers() -> AsyncGenerator[int, None]:
        async with asyncio.timeout(3600):
            for number in range(3):
                seen.append((variable.get(), asyncio.current_task()))
                await asyncio.sleep(20)
                yield number

    async def main() -> str:
        variable.set("the consumer's")
        return await _marked(numbers())

    assert time.run(main()) == ".0.1.2"
    assert len(set(seen)) == 1


@pytest.mark.parametrize("every", [0, -1, float("inf")])
def test_a_wrong_time(every: float) -> None:
    """A wrong time raises at once."""
    with pytest.raises(ValueError, match=r"^every=.*: a number of seconds above 0"):
        keepalive(Speaker(WHOLE).stream(), every=every)


@pytest.mark.parametrize("how", ["aclose", "drop"])
@pytest.mark.parametrize(("after", "cause"), [(15.0, Cause.PARTIAL_CONSUMPTION), (100.0, Cause.IDLE_TIMEOUT)])
def test_a_consumer_that_leaves_in_a_silence(how: str, after: float, cause: Cause, time: FakeTime) -> None:
    """The step is cancelled, and the stream is one that was left; nothing is kept."""
    client = Speaker(["a", 3600.0])

    async def main() -> Any:
        stream = client.stream()
        marked = keepalive(stream)
        async for item in marked:
            if item is KEEPALIVE and time.passed >= after:
                break
        if how == "aclose":
            await marked.aclose()
        del marked
        gc.collect()
        await asyncio.sleep(0.001)
        assert len(asyncio.all_tasks()) == 1
        return ending_of(stream)

    ending = time.run(main())
    assert (ending.reason, ending.cause, client.closed) == (Reason.ABANDONED, cause, 1)


def test_a_consumer_that_leaves_at_an_item(time: FakeTime) -> None:
    """A consumer that leaves at an item also leaves nothing behind."""
    client = Speaker([*WHOLE[:2], 3600.0])

    async def main() -> Any:
        stream = client.stream()
        async with contextlib.aclosing(keepalive(stream)) as marked:
            async for _ in marked:
                break
        assert len(asyncio.all_tasks()) == 1
        await stream.aclose()
        return reason_of(stream)

    assert (time.run(main()), client.closed) == (Reason.ABANDONED, 1)


@pytest.mark.parametrize("at", [1.0, 15.0, 20.0])
def test_a_consumer_that_is_cancelled(at: float, time: FakeTime) -> None:
    """The stream is cancelled where it waits, with the same message; then nothing is left."""
    client = Speaker(["a", 3600.0])

    async def main() -> tuple[Any, Any, int]:
        stream = client.stream()
        task = asyncio.create_task(read(keepalive(stream)))
        asyncio.get_running_loop().call_later(at, task.cancel, "because")
        _, error = await task
        assert len(asyncio.all_tasks()) == 1
        return error, reason_of(stream), task.cancelling()

    error, reason, cancels = time.run(main())
    assert (type(error), error.args, reason, cancels) == (
        asyncio.CancelledError,
        ("because",),
        Reason.CANCELLED,
        1,
    )
    assert client.closed == 1


def test_a_stream_that_catches_the_cancel(time: FakeTime) -> None:
    """What the stream makes of a cancel is what the consumer gets, as without Lastchunk."""

    async def stubborn() -> AsyncGenerator[str, None]:
        yield "a"
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            yield "caught"
        yield "end"

    async def main(wrap: Any) -> Any:
        task = asyncio.create_task(read(wrap(stubborn())))
        asyncio.get_running_loop().call_later(5, task.cancel)
        return await task

    assert time.run(main(keepalive)) == (["a", "caught", "end"], None)


async def test_a_consumer_that_is_cancelled_again_and_again() -> None:
    """As anyio does it, and with it every web framework on it, until the task has left its scope."""

    async def slow_to_close() -> AsyncGenerator[str, None]:
        try:
            yield "a"
            await asyncio.sleep(3600)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    task = asyncio.create_task(read(keepalive(slow_to_close())))
    await asyncio.sleep(0.01)
    for _ in range(100):
        task.cancel()
        await asyncio.sleep(0)
        if task.done():
            break
    assert isinstance((await task)[1], asyncio.CancelledError)
    assert len(asyncio.all_tasks()) == 1


def test_a_marker_is_typed() -> None:
    """`KEEPALIVE` is the only member of an enumeration."""
    assert list(KeepAlive) == [KEEPALIVE]
