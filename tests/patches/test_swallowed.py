# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agents of AutoGen that raise nothing: their last message is the error, and the run is no success."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import MagenticOneGroupChat, RoundRobinGroupChat
from autogen_core.models import UserMessage
from autogen_ext.agents.openai import OpenAIAgent
from autogen_ext.models.replay import ReplayChatCompletionClient
from openai import AsyncOpenAI

from tests.conftest import MODEL_INFO, Exported


def said(exported: Exported, name: str) -> tuple[Any, ...]:
    """Reason, cause and cutoff of the run."""
    attributes = exported.one(name).attributes or {}
    return tuple(
        attributes.get(f"lastchunk.stream.{key}") for key in ("termination.reason", "termination.cause", "cutoff")
    )


async def drain(stream: AsyncGenerator[Any, Any]) -> list[Any]:
    """Return all items."""
    return [item async for item in stream]


@pytest.mark.parametrize(
    ("script", "given", "cause"),
    [
        ("http_429", {}, "rate_limited"),
        ("http_400_context", {"error": "the maximum context length is 8192 tokens"}, "context_limit"),
        ("http_400_content_filter", {"error": "it triggered the content management policy"}, "content_filter"),
        ("http_500", {}, "provider_error"),
        ("rst_before_headers", {}, "connection_lost"),
        ("stall_before_headers", {"timeout": 0.5}, "idle_timeout"),
    ],
)
async def test_openai_agent(
    exported: Exported, sdk: Callable[..., AsyncOpenAI], script: str, given: dict[str, Any], cause: str
) -> None:
    """`Error generating response`, as a message like any other: what the exception says is all that is left of it."""
    agent = OpenAIAgent("writer", "A writer.", sdk(script, **given), "test-model", "Be brief.")  # type: ignore[arg-type]
    items = await drain(agent.run_stream(task="Go on."))
    assert items[-1].messages[-1].content.startswith("Error generating response: ")
    assert said(exported, "invoke_agent") == ("provider_error", cause, True)


class FileSurfer(BaseChatAgent):
    """A stand-in for AutoGen's class, whose packages are large. Its module and its text are what counts."""

    __module__ = "autogen_ext.agents.file_surfer._file_surfer"
    produced_message_types = (TextMessage,)
    model: Any = None
    text = "File surfing error:\n\nTraceback"

    async def on_reset(self, cancellation_token: Any) -> None:
        """Nothing."""

    async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
        """Swallow what its model raises."""
        try:
            if self.model is not None:
                await self.model.create([UserMessage(content="Go on.", source="user")])
        except Exception:
            pass
        return Response(chat_message=TextMessage(content=self.text, source=self.name))


async def test_a_surfer_whose_files_failed(exported: Exported) -> None:
    await drain(FileSurfer("surfer", "d").run_stream(task="Go on."))
    assert said(exported, "invoke_agent") == ("tool_error", "tool_failure", True)


async def test_a_team_whose_surfer_failed_last(exported: Exported) -> None:
    await drain(RoundRobinGroupChat([FileSurfer("surfer", "d")], max_turns=1).run_stream(task="Go on."))
    assert said(exported, "invoke_workflow") == ("tool_error", "tool_failure", True)


async def test_a_team_that_goes_on_after_its_surfer_failed(exported: Exported) -> None:
    writer = AssistantAgent("writer", ReplayChatCompletionClient(["hello"], model_info=MODEL_INFO))
    team = RoundRobinGroupChat([FileSurfer("surfer", "d"), writer], max_turns=2)
    await drain(team.run_stream(task="Go on."))
    assert said(exported, "invoke_workflow") == ("completed", None, False)


class Asks(FileSurfer):
    """An agent of the application's that asks a surfer first, and answers by itself."""

    __module__ = "mine"
    text = "That file cannot be read. Here is what I know."

    async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
        """The surfer fails; the answer is this agent's own."""
        await drain(FileSurfer("surfer", "d").run_stream(task="Go on."))
        return await super().on_messages(messages, cancellation_token)


async def test_an_agent_that_answers_although_its_surfer_failed(exported: Exported) -> None:
    await drain(Asks("asks", "d").run_stream(task="Go on."))
    endings = {span.name: span.attributes["lastchunk.stream.termination.reason"] for span in exported.ours}
    assert endings == {"invoke_agent surfer": "tool_error", "invoke_agent asks": "completed"}


@pytest.mark.parametrize(("script", "cause"), [("http_500", "provider_error"), ("http_429", "rate_limited")])
async def test_a_surfer_whose_model_failed(
    exported: Exported, model: Callable[..., Any], script: str, cause: str
) -> None:
    surfer = FileSurfer("surfer", "d")
    surfer.model = model(script)
    await drain(RoundRobinGroupChat([surfer], max_turns=1).run_stream(task="Go on."))
    assert said(exported, "invoke_agent") == ("provider_error", cause, True)
    assert said(exported, "invoke_workflow") == ("provider_error", cause, True)


async def test_an_agent_of_the_application_may_say_the_same(exported: Exported) -> None:
    """The text is then its answer."""
    agent = type("Mine", (BaseChatAgent,), {**vars(FileSurfer), "__module__": "mine"})("surfer", "d")
    await drain(agent.run_stream(task="Go on."))
    assert said(exported, "invoke_agent") == ("completed", None, False)


@pytest.mark.parametrize("ledger", ["no ledger", "{}", "[1, 2]", '{"is_request_satisfied": 1}', '```json\n{"a"\n```'])
async def test_a_ledger_that_cannot_be_read(exported: Exported, ledger: str) -> None:
    """The orchestrator gives up, before anything was handed on: no provider refused anything, and no package is to be pinned."""
    model = ReplayChatCompletionClient(["facts", "plan", *[ledger] * 20], model_info=MODEL_INFO)
    writer = AssistantAgent("writer", ReplayChatCompletionClient(["hello"], model_info=MODEL_INFO))
    with pytest.raises(Exception, match=r"ledger|is_request_satisfied"):
        await drain(MagenticOneGroupChat([writer], model).run_stream(task="Go on."))
    assert said(exported, "invoke_workflow") == ("error", "unknown", True)
