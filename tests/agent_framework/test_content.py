# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""No content leaves with Agent Framework: everything that goes in is marked, and what comes out is searched for the mark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from agent_framework import Agent, WorkflowBuilder
from agent_framework.observability import OBSERVABILITY_SETTINGS
from agent_framework.openai import OpenAIChatClient

from lastchunk import semconv
from tests.conftest import Exported, Instrument
from tests.test_content import MARK, SPEECH, Everything

SCRIPTS = (
    "clean",
    "silent_cut",
    "rst",
    "error_object",
    "http_400_context",
    "http_429",
    "length",
    "malformed_json",
    "tool_call",
)
ran: list[str] = []


def lookup(city: str, days: int) -> str:
    """Look a city up."""
    ran.append(city)
    raise ValueError(f"{MARK}: {city}")


def encoded(everything: Everything) -> bytes:
    """All signals, without the server's address: Agent Framework puts the URL there, and a script's URL says what it speaks."""
    said = everything.encoded()
    for span in everything.spans.all:
        address = str((span.attributes or {}).get(semconv.SERVER_ADDRESS, ""))
        if address:
            said = said.replace(address.encode(), b"")
    return said


@pytest.mark.parametrize("telemetry", [True, False], ids=["their spans", "our spans"])
@pytest.mark.parametrize("script", SCRIPTS)
async def test_every_ending(
    instrument: Instrument, sdk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, script: str, telemetry: bool
) -> None:
    """Of a workflow of an agent with a tool that fails, whoever makes the spans."""
    monkeypatch.setattr(OBSERVABILITY_SETTINGS, "enable_instrumentation", telemetry)
    ran.clear()
    everything = Everything(instrument)
    client = OpenAIChatClient(model="m", async_client=sdk(script, timeout=0.5, **SPEECH))
    agent = Agent(client=client, name="alice", instructions=f"You know {MARK}.", tools=[lookup])
    seen: list[str] = []
    try:
        async for event in WorkflowBuilder(start_executor=agent, name="flow").build().run(MARK, stream=True):
            seen.append(str(getattr(event.data, "text", "")))
    except Exception as error:
        seen.append(f"{error!r} {error}")
    assert MARK in "".join(seen)
    assert bool(ran) == (script == "tool_call")
    found = encoded(everything)
    assert b"invoke_agent alice" in found
    assert b"lastchunk.stream.ended" in found
    assert MARK.encode() not in found


async def test_the_search_finds(exported: Exported, sdk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Agent Framework is asked to send content, it is in its spans: the search above is none in vain."""
    monkeypatch.setattr(OBSERVABILITY_SETTINGS, "enable_sensitive_data", True)
    client = OpenAIChatClient(model="m", async_client=sdk("clean"))
    async for _ in Agent(client=client, name="alice").run(MARK, stream=True):
        pass
    assert any(MARK in span.to_json() for span in exported.all)
