# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A web application as its authors wrote it: one agent, whose answer is streamed. It knows nothing of telemetry."""

from __future__ import annotations

from collections.abc import AsyncIterator

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_ext.models.replay import ReplayChatCompletionClient
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


async def answer() -> AsyncIterator[str]:
    """Every item, and at the end a word that says so."""
    client = ReplayChatCompletionClient(["The whole answer, word by word."])
    agent = AssistantAgent("smoke_agent", model_client=client, model_client_stream=True)
    async for item in agent.run_stream(task="Say something."):
        yield "whole\n" if isinstance(item, TaskResult) else ".\n"


@app.get("/chat")
async def chat() -> StreamingResponse:
    """The answer."""
    return StreamingResponse(answer(), media_type="text/plain")
