# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Less usual ways to read and to leave streams of Agent Framework."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.agent_framework.conftest import Make, endings
from tests.conftest import Exported


async def test_left_between_two_items(exported: Exported, agent: Make, caplog: pytest.LogCaptureFixture) -> None:
    """By whoever reads it through a generator of their own: it ends when Python collects it, as it does without us."""

    async def passing_on() -> AsyncIterator[Any]:
        async for item in agent("stall").run("hello", stream=True):
            yield item

    gc.collect()
    gc.disable()
    try:
        items = passing_on()
        await anext(items)
        await items.aclose()
        assert endings(exported) == []
    finally:
        gc.enable()
    for _ in range(30):
        gc.collect()  # what one collection frees, a later one finds
        await asyncio.sleep(0.01)
    found = [ending.rstrip("+") for ending in endings(exported)]  # which of the two is collected first is chance
    assert found == ["invoke_agent abandoned/partial_consumption", "chat abandoned/partial_consumption"]
    caplog.clear()  # Agent Framework writes into spans that it has ended, also without us
