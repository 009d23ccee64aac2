# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agents of AutoGen that raise nothing: their last message is the error, and the run is no success."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import UserMessage
from autogen_ext.agents.openai import OpenAIAgent
from openai import AsyncOpenAI

from tests.conftest import Exported


def said(exported: Exported, name: str) -> tuple[Any, ...]:
    """Reason, cause and cutoff of the run."""
    attributes = exported.one(name).attributes or {}
    return tuple(
        attributes.get(f"lastchunk.stream.{key}") for key in ("termination.reason", "termination.cause", "cutoff")
    )


async def drain(stream: AsyncGenerator[Any, Any]) -> list[Any]:
    """All items."""
    return [item async for item in stream]


@pytest.mark.parametrize("script", ["http_429", "http_500", "rst_before_headers"])
async def test_openai_agent(exported: Exported, sdk: Callable[..., AsyncOpenAI], script: str) -> None:
    """`Error generating response`, as a message like any other."""
    agent = OpenAIAgent("writer", "A writer.", sdk(script), "test-model", "Be brief.")  # type: ignore[arg-type]
    items = await drain(agent.run_stream(task="Go on."))
    assert items[-1].messages[-1].content.startswith("Error generating response: ")
    assert said(exported, "invoke_agent") == ("provider_error", "provider_error", True)


class FileSurfer(BaseChatAgent):
    """As AutoGen's, whose own packages are large: what counts is where its class comes from, and what it says."""

    __module__ = "autogen_ext.agents.file_surfer._file_surfer"
    produced_message_types = (TextMessage,)
    model: Any = None
    text = "File surfing error:\n\nTraceback"

    async def on_reset(self, cancellation_token: Any) -> None:
        """Nothing."""

    async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
        """Swallows what its model raises."""
        try:
            if self.model is not None:
                await self.model.create([UserMessage(content="Go on.", source="user")])
        except Exception:
            pass
        return Response(chat_message=TextMessage(content=self.text, source=self.name))


async def test_a_surfer_whose_files_failed(exported: Exported) -> None:
    await drain(FileSurfer("surfer", "d").run_stream(task="Go on."))
    assert said(exported, "invoke_agent") == ("tool_error", "tool_failure", True)


async def test_a_surfer_whose_model_failed(exported: Exported, model: Callable[..., Any]) -> None:
    surfer = FileSurfer("surfer", "d")
    surfer.model = model("http_500")
    await drain(RoundRobinGroupChat([surfer], max_turns=1).run_stream(task="Go on."))
    assert said(exported, "invoke_agent") == ("provider_error", "provider_error", True)
    assert said(exported, "invoke_workflow") == ("provider_error", "provider_error", True)


async def test_an_agent_of_the_application_may_say_the_same(exported: Exported) -> None:
    """It is its answer."""
    agent = type("Mine", (BaseChatAgent,), {**vars(FileSurfer), "__module__": "mine"})("surfer", "d")
    await drain(agent.run_stream(task="Go on."))
    assert said(exported, "invoke_agent") == ("completed", None, False)
