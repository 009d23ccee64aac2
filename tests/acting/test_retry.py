# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`retry_if_cutoff` and `wait_retry_after`, in tenacity's own hands, over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from tenacity import RetryCallState, retry, stop_after_attempt, wait_none

from lastchunk import Cause, Ending, Reason, StreamCutOff, guard, retry_if_cutoff, wait_retry_after
from tests.acting.speaking import WHOLE, Speaker
from tests.endings.sources import MESSAGES, MODEL

pytestmark = pytest.mark.usefixtures("asked")
Make = Callable[..., Any]


def _attempts(error: BaseException | None, **options: Any) -> int:
    """How often something is called that always raises `error`."""
    called = 0

    @retry(retry=retry_if_cutoff(**options), stop=stop_after_attempt(3), wait=wait_none(), reraise=True)
    def call() -> None:
        nonlocal called
        called += 1
        if error is not None:
            raise error

    if error is None:
        call()
    else:
        with pytest.raises(type(error)):
            call()
    return called


def _cut(reason: Reason, cause: Cause = Cause.UNKNOWN, *, answered: bool = False) -> StreamCutOff:
    return StreamCutOff(Ending(reason, cause), 3, answered)


MENDED = ["truncated", "empty", "connection_lost", "timeout", "provider_error", "protocol_error"]
NEVER = ["length", "content_filter", "tool_error", "error"]


@pytest.mark.parametrize("reason", [*MENDED, *NEVER])
def test_by_reason(reason: str) -> None:
    """It does not retry an ending that the same request would meet again."""
    assert _attempts(_cut(Reason(reason))) == (3 if reason in MENDED else 1)


def test_only_of_streams() -> None:
    """It does not retry other exceptions."""
    assert (_attempts(ConnectionResetError()), _attempts(None)) == (1, 1)


def test_only_before_the_answer_began() -> None:
    """It retries only before the answer began, unless the application shows only complete answers."""
    error = _cut(Reason.TRUNCATED, answered=True)
    assert (_attempts(error), _attempts(error, after_content=True)) == (1, 3)


def test_on() -> None:
    """`on=` chooses the reasons. A reason that no retry can help is refused at once."""
    assert _attempts(_cut(Reason.EMPTY), on=["truncated"]) == 1
    assert _attempts(_cut(Reason.TRUNCATED), on="truncated") == 3
    with pytest.raises(
        ValueError, match=r"^on=length: that is no reason that counts here\. Known are: connection_lost"
    ):
        retry_if_cutoff(on=["length"])


@pytest.mark.parametrize("cause", [Cause.CONTEXT_LIMIT, Cause.PACKAGE_MISMATCH, Cause.NO_STREAMING_SUPPORT])
def test_causes_that_stay(cause: Cause) -> None:
    """It never retries these causes, whatever the reason."""
    assert _attempts(_cut(Reason.PROTOCOL_ERROR, cause)) == 1


@pytest.mark.parametrize(
    ("script", "attempts"),
    [
        ("http_429", 3),
        ("http_500", 3),
        ("http_503_html", 3),
        ("rst_before_headers", 3),
        ("rst_after_headers", 3),
        ("http_401", 1),
        ("http_400_context", 1),
        ("http_400_content_filter", 1),
        ("rst", 1),
        ("silent_cut", 1),
        ("length", 1),
        ("clean", 1),
    ],
)
async def test_of_a_real_stream(script: str, attempts: int, sdk: Make, server: Any) -> None:
    """It decides by the stream's own exception or the guard's, whichever comes."""
    before = len(server.exchanges)

    @retry(retry=retry_if_cutoff(), stop=stop_after_attempt(3), wait=wait_none(), reraise=True)
    async def answer() -> list[Any]:
        stream = await sdk(script).chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        return [chunk async for chunk in guard(stream)]

    if script == "clean":
        assert len(await answer()) == 17
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011  # whatever that script raises
            await answer()
    assert len(server.exchanges) - before == attempts


async def test_it_heals() -> None:
    """The second answer is whole."""
    client = Speaker(["Take ", ConnectionResetError()], WHOLE)

    @retry(retry=retry_if_cutoff(after_content=True), stop=stop_after_attempt(3), wait=wait_none(), reraise=True)
    async def answer() -> list[Any]:
        return [item async for item in guard(client.stream())]

    assert (await answer(), client.asked) == (WHOLE, 2)


def _waits(headers: dict[str, str] | None, **options: Any) -> float:
    error = RuntimeError("raised from it")
    error.__cause__ = ConnectionError()
    if headers is not None:
        error.__cause__.response = SimpleNamespace(headers=headers)  # type: ignore[attr-defined]  # as errors of SDKs have it
    state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]  # only the outcome is read
    state.set_exception((type(error), error, None))
    return wait_retry_after(**options)(state)


def test_waits_as_long_as_the_provider_asks_for() -> None:
    """The wait may be given in seconds, in milliseconds or as a date. It is bounded; without one, the other policy decides."""
    assert _waits({"retry-after": "7"}) == 7.0
    assert _waits({"retry-after": "2", "retry-after-ms": "1500"}) == 1.5
    assert _waits({"retry-after": "3600"}) == 60.0
    assert _waits({"retry-after": "3600"}, longest=600) == 600.0
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < _waits({"retry-after": in_a_minute}) <= 30
    for headers in (None, {}, {"retry-after": "soon"}):
        assert _waits(headers, otherwise=wait_none()) == 0.0
        assert 0.0 <= _waits(headers) <= 60.0
