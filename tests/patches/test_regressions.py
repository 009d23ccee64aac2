# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Defects that a review found in patches, each in the smallest shape in which it showed."""

from __future__ import annotations

import asyncio

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry.instrumentation.utils import suppress_instrumentation

from tests.conftest import Exported


async def test_where_nobody_listens_a_run_may_be_closed_in_another_task(
    exported: Exported, caplog: pytest.LogCaptureFixture
) -> None:
    """Then the run is driven by its consumers, and a context variable of ours was reset in another's context: ValueError."""
    stream = AssistantAgent("alice", ReplayChatCompletionClient(["hello"])).run_stream(task="Say it.")
    with suppress_instrumentation():
        await asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await stream.aclose()  # type: ignore[attr-defined]
    assert exported.ours == []
    caplog.clear()  # AutoGen's own span was attached in one context and detached in another: the bare run logs that, too.
