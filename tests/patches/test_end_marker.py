# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The end marker is the end of the body. The endpoint's habit decides whether it is also the end of the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI

from lastchunk import StreamCutOff, guard
from lastchunk.model_server.actions import Done, End, Finish, Head, Script, Text
from lastchunk.model_server.scripts import SCRIPTS
from lastchunk.model_server.server import ModelServer
from lastchunk.streams import habits
from lastchunk.streams.start import Start
from tests.conftest import MODEL_INFO, Exported, _close

CLEAN = Script((Head(), Text(), Finish("stop"), Done(), End()))
MARKER_ONLY = Script((Head(), Text(end=0.5), Done(), End()))
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


@pytest.mark.parametrize("declared", [False, True])
async def test_a_declaration_goes_before_the_habit(exported: Exported, endpoint: Endpoint, declared: bool) -> None:
    """A server that is declared not to need a finish reason stays so, even if it sent one before."""
    await endpoint.ask(CLEAN)
    endpoint.scripts["it"] = MARKER_ONLY
    stream = endpoint.model().create_stream(HELLO)
    guarded = guard(stream, finish="optional" if declared else "required", on=() if declared else ("truncated",))
    with nullcontext() if declared else pytest.raises(StreamCutOff):
        async for _ in guarded:
            pass
    assert said(exported)[-1][:2] == (("completed", False) if declared else ("truncated", True))


async def test_another_model_has_habits_of_its_own(exported: Exported, endpoint: Endpoint) -> None:
    """Many servers may be behind one gateway."""
    await endpoint.ask(CLEAN)
    await endpoint.ask(MARKER_ONLY, model="another-model")
    assert said(exported)[-1] == ("completed", False, "end_marker")


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
