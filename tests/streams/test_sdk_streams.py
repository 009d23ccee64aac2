# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What Python does with an SDK's stream beside reading it comes out as without Lastchunk: `iter`, `aiter`, `tee`, copies.

Each test runs twice, bare and observed: what it expects is Python's own, and the SDK's.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import itertools
import pickle
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from tests.conftest import Exported, Instrument

ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}


@pytest.fixture(name="seen", params=["bare", "observed"])
def _seen(request: pytest.FixtureRequest, instrument: Instrument) -> Exported | None:
    return instrument() if request.param == "observed" else None


@pytest.fixture(name="stream")
def _stream(seen: Exported | None, sync_sdk: Callable[..., OpenAI]) -> Any:
    return sync_sdk("clean").chat.completions.create(**ASK)


def _reason(seen: Exported | None, reason: str) -> None:
    assert seen is None or seen.reason() == reason


def test_iter_gives_the_sdks_own_generator(seen: Exported | None, stream: Any) -> None:
    """To close that leaves the response open, and the rest to be read."""
    items = iter(stream)
    assert inspect.isgenerator(items)
    next(items)
    items.close()
    assert not stream.response.is_closed
    assert len(list(stream)) > 1
    _reason(seen, "completed")


async def test_aiter_gives_the_sdks_own_generator(seen: Exported | None, sdk: Callable[..., AsyncOpenAI]) -> None:
    stream = await sdk("clean").chat.completions.create(**ASK)
    async with aclosing(aiter(stream)) as items:
        assert inspect.isasyncgen(items)
        async for _ in items:
            break
    assert not stream.response.is_closed
    assert len([item async for item in stream]) > 1
    _reason(seen, "completed")


def test_tee(seen: Exported | None, stream: Any) -> None:
    one, other = itertools.tee(stream)
    assert list(one) == list(other) != []
    _reason(seen, "completed")


def test_a_copy_reads_from_the_same_response(stream: Any) -> None:
    copied = copy.copy(stream)
    assert type(copied).__name__ == "Stream"
    assert copied.response is stream.response
    stream.close()


def test_it_cannot_be_pickled(stream: Any) -> None:
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(stream)
    stream.close()


def test_a_stream_that_only_its_iterator_holds(seen: Exported | None, sync_sdk: Callable[..., OpenAI]) -> None:
    """It is read to its end, and ends with that."""
    assert len([*sync_sdk("clean").chat.completions.create(**ASK)]) > 1
    _reason(seen, "completed")


async def test_a_break_forgets_the_stream(seen: Exported | None, sdk: Callable[..., AsyncOpenAI]) -> None:
    """Its iterator is all that held it."""
    async for _ in await sdk("clean").chat.completions.create(**ASK):
        break
    for _ in range(3):
        gc.collect()
        await asyncio.sleep(0)
    _reason(seen, "abandoned")
