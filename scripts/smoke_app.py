# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An application as its authors wrote it: one agent that streams an answer. It knows nothing of telemetry."""

from __future__ import annotations

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_ext.models.replay import ReplayChatCompletionClient


async def main() -> None:
    client = ReplayChatCompletionClient(["The whole answer, word by word."])
    agent = AssistantAgent("smoke_agent", model_client=client, model_client_stream=True)
    async for item in agent.run_stream(task="Say something."):
        if isinstance(item, TaskResult):
            print("application: received", len(item.messages), "messages")


asyncio.run(main())
