# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams that handlers of web servers pass on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

from lastchunk.model_server.server import ModelServer
from tests.conftest import MODEL_INFO
from tests.integration.web_sockets import Run


@pytest.fixture(name="run")
async def _run(server: ModelServer) -> AsyncIterator[Callable[..., Run]]:
    clients: list[OpenAIChatCompletionClient] = []

    def run(script: str, *, team: bool = False, **speech: Any) -> Run:
        client = OpenAIChatCompletionClient(
            model="test-model",
            base_url=server.url(script, **speech),
            api_key="none",
            model_info=MODEL_INFO,
            max_retries=0,
            timeout=20,
        )
        clients.append(client)
        agent = AssistantAgent("writer", client, model_client_stream=True)
        reader = RoundRobinGroupChat([agent], max_turns=1) if team else agent
        return lambda token: reader.run_stream(task="Go.", cancellation_token=token)

    yield run
    for client in clients:
        await client.close()
