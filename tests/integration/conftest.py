# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams that handlers of web servers pass on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

from tests.integration.web_sockets import Run


@pytest.fixture(name="run")
def _run(model: Callable[..., OpenAIChatCompletionClient]) -> Callable[..., Run]:
    """`run(script, **speech)`: what begins a run of an agent, or of a team."""

    def run(script: str, *, team: bool = False, **speech: Any) -> Run:
        agent = AssistantAgent("writer", model(script, timeout=20, **speech), model_client_stream=True)
        reader = RoundRobinGroupChat([agent], max_turns=1) if team else agent
        return lambda token: reader.run_stream(task="Go.", cancellation_token=token)

    return run
