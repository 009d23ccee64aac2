# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Which silence before a break was an idle timeout: against the stream's own gaps, and against known timeouts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from autogen_core.models import UserMessage
from autogen_ext.models.replay import ReplayChatCompletionClient

from lastchunk.streams import clock
from lastchunk.streams.idle import idle_timeout, own_gap
from tests.conftest import Exported

KNOWN = [5, 15, 29, 30, 50, 55, 60, 100, 120, 230, 240, 300, 350, 600]


@pytest.mark.parametrize("seconds", KNOWN)
@pytest.mark.parametrize("off", [-0.4, -0.01, 0.0, 0.3])
def test_a_known_timeout(seconds: float, off: float) -> None:
    """The silence may be a little shorter or longer than the timeout.

    The stream may have been silent nearly as long before, or not have begun.
    """
    assert idle_timeout(seconds + off, 0.02, 30)
    assert idle_timeout(seconds + off, (seconds + off) * 0.95, 30)
    assert idle_timeout(seconds + off, None, 30)


@pytest.mark.parametrize("seconds", [7, 12, 20, 45, 75])
def test_a_timeout_of_somebodys_own(seconds: float) -> None:
    """It is long for this stream; before the first chunk nothing is known of what is long, but for what the user says."""
    assert idle_timeout(seconds, 0.02, 30)
    assert idle_timeout(seconds, seconds / 2, 30)
    assert idle_timeout(seconds, None, 30) is (seconds >= 30)


@pytest.mark.parametrize(
    ("silence", "gap"),
    [
        (0.0, None),
        (0.1, 0.02),
        (2.0, 0.02),
        (4.0, 0.5),
        (8.0, 7.0),
        (12.0, 20.0),
        (30.0, 40.0),
        (20.0, 15.0),
        (15.0, 18.0),
    ],
)
def test_a_break_at_any_moment(silence: float, gap: float | None) -> None:
    """In flowing data, in a pause as this stream makes them, or in one that others have outlasted."""
    assert not idle_timeout(silence, gap, 30)


def test_what_the_user_calls_stalled() -> None:
    """Who calls a second of silence a stall has proxies that are as impatient."""
    assert idle_timeout(1.2, 0.1, 1.0)
    assert not idle_timeout(1.2, 0.1, 30)


def test_the_own_gap() -> None:
    """The wait for the first chunk is no gap. If it hides the gaps after it, an upper bound is used for them."""
    assert own_gap(10.0, 10.0, 0, 0.0) is None
    assert own_gap(10.0, 10.0, 1, 0.0) is None
    assert own_gap(12.0, 10.0, 50, 60.0) == 12.0
    assert own_gap(10.0, 10.0, 3, 0.5) == 0.5
    assert own_gap(10.0, 10.0, 1001, 50.0) == pytest.approx(1.0)
    assert own_gap(10.0, 10.0, 3, 60.0) == 10.0


class Breaks(ReplayChatCompletionClient):
    """Streams on a clock that stands still but for these seconds, and then breaks."""

    def __init__(self, seconds: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__([])
        self._seconds, self._now = seconds, 1000.0
        monkeypatch.setattr(clock, "monotonic", lambda: self._now)

    async def create_stream(self, *args: object, **kwargs: object) -> AsyncGenerator[str, None]:  # type: ignore[override]
        for second in self._seconds[:-1]:
            await asyncio.sleep(0)
            self._now += second
            yield "word "
        self._now += self._seconds[-1]
        raise ConnectionResetError


@pytest.mark.parametrize(
    ("gaps", "cause"),
    [
        ([1.0] + [0.02] * 20 + [15.0], "idle_timeout"),
        ([1.0] + [0.02] * 20 + [29.0], "idle_timeout"),
        ([40.0] + [0.02] * 20 + [15.0], "idle_timeout"),
        ([1.0] + [0.02] * 20 + [0.5], "connection_lost"),
        ([1.0] + [0.02, 20.0] * 5 + [15.0], "connection_lost"),
        ([1.0] + [8.0] * 5 + [7.0], "connection_lost"),
        ([1.0] + [8.0] * 5 + [60.0], "idle_timeout"),
    ],
)
async def test_a_stream_that_breaks(
    exported: Exported, monkeypatch: pytest.MonkeyPatch, gaps: list[float], cause: str
) -> None:
    """From its first chunk to its break, on a clock of the test's own."""
    with pytest.raises(ConnectionResetError):
        async for _ in Breaks(gaps, monkeypatch).create_stream([UserMessage(content="Go on.", source="user")]):
            pass
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.termination.reason"] == "connection_lost"
    assert attributes["lastchunk.stream.termination.cause"] == cause
