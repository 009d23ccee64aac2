# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A stream of an SDK that is watched for the stream around it can be used in every way, too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lastchunk.patches.support.sdk_calls import _Below
from lastchunk.semconv import Operation
from lastchunk.streams.observed import ObservedAsyncGenerator
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start
from lastchunk.streams.tap import Tap
from lastchunk.streams.wire import Wire


class _Slotted(Tap):
    """As `_Below`, which has no dictionary either."""

    __slots__ = ()


def test_what_stands_below_has_no_dictionary() -> None:
    assert _Below.__slots__ == ("_sdk",)


@pytest.mark.parametrize("kind", [Tap, _Slotted])
@pytest.mark.parametrize("taken", [0, 1, 3])
async def test_a_generator_below_can_be_closed(kind: type[Tap], taken: int) -> None:
    seen: list[object] = []
    closed: list[bool] = []

    async def chunks() -> AsyncIterator[int]:
        try:
            for number in range(3):
                yield number
        finally:
            closed.append(True)

    tap = kind(StreamRecord(Start(operation=Operation.CHAT, subject=1), None, 8), Wire(), lambda *a: seen.append(a[1]))
    stream = ObservedAsyncGenerator(chunks(), tap)
    assert [await anext(stream) for _ in range(taken)] == list(range(taken))
    await stream.aclose()
    assert [item async for item in stream] == []
    assert seen == list(range(taken))
    assert closed == [True] * bool(taken)
