# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The traceback of what Agent Framework raises is the one that it would have had."""

from __future__ import annotations

import re
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agent_framework import Agent

from tests.agent_framework.conftest import Make, drain
from tests.conftest import Instrument

WAYS: dict[str, Callable[[Agent], Awaitable[Any]]] = {
    "run": lambda agent: agent.run("x"),
    "run(stream=True)": lambda agent: drain(agent.run("x", stream=True)),
    "its final response": lambda agent: agent.run("x", stream=True).get_final_response(),
}


async def _raised(way: str, agent: Agent) -> str:
    try:
        await WAYS[way](agent)
    except Exception as error:
        text = "".join(traceback.format_exception(error))
        return re.sub(r"0x[0-9a-f]+|127\.0\.0\.1:\d+|chatcmpl-\d+|[0-9a-f-]{36}", "…", text)
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("script", ["http_429", "rst"])
@pytest.mark.parametrize("way", WAYS)
async def test_tracebacks(instrument: Instrument, agent: Make, way: str, script: str) -> None:
    script = "http_429" if way == "run" else script
    bare = await _raised(way, agent(script))
    instrument()
    assert await _raised(way, agent(script)) == bare
