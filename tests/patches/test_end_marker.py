# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The end marker is the end of the body. Whether it is the end of the answer, the endpoint's habit says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI

from lastchunk.model_server.actions import Done, End, Finish, Head, Script, Text, ToolCall
from lastchunk.model_server.scripts import SCRIPTS
from lastchunk.model_server.server import ModelServer
from lastchunk.streams import habits
from lastchunk.streams.record import Start
from tests.conftest import MODEL_INFO, Exported, _close

CLEAN = Script((Head(), Text(), Finish("stop"), Done(), End()))
MARKER_ONLY = Script((Head(), Text(end=0.5), Done(), End()))
CALL_CUT = Script((Head(), ToolCall(end=0.5), Finish("stop"), Done(), End()))
CALL_WRONG = Script((Head(), ToolCall(end=0.5), Finish("tool_calls"), Done(), End()))
HELLO = [UserMessage(content="Go on.", source="user")]


@dataclass
class Endpoint:
    """A model server whose answer is changed between two requests to the same address."""

    server: ModelServer
    scripts: dict[str, Script]
    clients: list[Any]

    def model(self, model: str = "test-model") -> OpenAIChatCompletionClient:
        """AutoGen's client of it."""
        made = OpenAIChatCompletionClient(
            model=model, base_url=self.server.url("it"), api_key="none", model_info=MODEL_INFO, max_retries=0
        )
        self.clients.append(made)
        return made

    async def ask(self, script: Script, model: str = "test-model") -> None:
        """One stream that follows `script`."""
        self.scripts["it"] = script
        async for _ in self.model(model).create_stream(HELLO):
            pass

    async def ask_bare(self, script: Script) -> None:
        """The same by the SDK alone."""
        self.scripts["it"] = script
        client = AsyncOpenAI(base_url=self.server.url("it"), api_key="none", max_retries=0)
        self.clients.append(client)
        messages: Any = [{"role": "user", "content": "Go on."}]
        async for _ in await client.chat.completions.create(model="test-model", messages=messages, stream=True):
            pass


@pytest.fixture(name="endpoint")
async def _endpoint() -> AsyncIterator[Endpoint]:
    habits.forget()
    scripts: dict[str, Script] = {**SCRIPTS, "it": CLEAN}
    with ModelServer(scripts) as server:
        endpoint = Endpoint(server, scripts, [])
        yield endpoint
        await _close(endpoint.clients)
    habits.forget()


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    habits.forget()


def said(exported: Exported) -> list[tuple[Any, ...]]:
    """Reason, cutoff and evidence of each model stream."""
    names = ("termination.reason", "cutoff", "evidence")
    spans = [span for span in exported.ours if span.name.startswith("chat")]
    return [tuple((span.attributes or {}).get(f"lastchunk.stream.{name}") for name in names) for span in spans]


@pytest.mark.parametrize("ask", [Endpoint.ask, Endpoint.ask_bare])
async def test_a_server_that_never_says_why(
    exported: Exported, endpoint: Endpoint, ask: Callable[[Endpoint, Script], Any]
) -> None:
    """The marker is all that there is to go by, and the span says so."""
    await ask(endpoint, MARKER_ONLY)
    await ask(endpoint, MARKER_ONLY)
    assert said(exported) == [("completed", False, "end_marker")] * 2


@pytest.mark.parametrize("ask", [Endpoint.ask, Endpoint.ask_bare])
async def test_a_server_that_has_said_why_before(
    exported: Exported, endpoint: Endpoint, ask: Callable[[Endpoint, Script], Any]
) -> None:
    """Half an answer: so llama-cpp-python's server does it when another request comes."""
    await ask(endpoint, CLEAN)
    await ask(endpoint, MARKER_ONLY)
    await ask(endpoint, CLEAN)
    assert said(exported) == [("completed", False, "wire"), ("truncated", True, "habit"), ("completed", False, "wire")]


async def test_another_model_has_habits_of_its_own(exported: Exported, endpoint: Endpoint) -> None:
    """One gateway stands for many servers."""
    await endpoint.ask(CLEAN)
    await endpoint.ask(MARKER_ONLY, model="another-model")
    assert said(exported)[-1] == ("completed", False, "end_marker")


async def test_arguments_that_are_cut_under_stop(exported: Exported, endpoint: Endpoint) -> None:
    """The run takes over that its model's answer was cut: the tool did nothing wrong."""

    async def lookup(x: int = 0, long: str = "") -> str:
        """A tool."""
        return f"{x} {long}"

    endpoint.scripts["it"] = CALL_CUT
    agent = AssistantAgent("writer", endpoint.model(), tools=[lookup], model_client_stream=True)
    async for _ in agent.run_stream(task="Go on."):
        pass
    assert said(exported) == [("truncated", True, "wire")]
    assert (exported.one("invoke_agent").attributes or {})["lastchunk.stream.termination.reason"] == "truncated"


async def test_arguments_that_the_model_wrote_wrong(exported: Exported, endpoint: Endpoint) -> None:
    """A finish reason that names the call says that it is whole."""
    await endpoint.ask(CALL_WRONG)
    assert said(exported) == [("completed", False, "wire")]


def test_habits_are_bounded() -> None:
    """The latest are kept."""
    starts = [Start(operation=None, subject=0, base_url=f"http://{n}") for n in range(habits.LIMIT + 10)]  # type: ignore[arg-type]
    for start in starts:
        habits.finish_sent(start)
        habits.finish_sent(starts[0])
    assert habits.finish_expected(starts[0])
    assert habits.finish_expected(starts[-1])
    assert not habits.finish_expected(starts[1])
    assert len(habits._sent) == habits.LIMIT
