# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Gives Agent Framework's chat clients, agents and workflows the methods of AutoGen's, which the ladder calls.

Its chat clients run the tools themselves, so a client's stream goes on after a tool call, as an agent's does.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lastchunk.doctor.ladder.replacing import replaced
from lastchunk.doctor.ladder.runs import AGENT_FRAMEWORK
from lastchunk.doctor.ladder.subject import Asked, Question, Subject
from lastchunk.doctor.ladder.tools import NOT_RUN

_LIBRARY = "agent_framework"


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of an answer or a whole answer, with the attribute names of AutoGen's messages."""

    content: str = ""
    finish_reason: str = "unknown"
    type: str = "ModelClientStreamingChunkEvent"
    source: str = ""


class Client:
    """A chat client."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def create(self, messages: Sequence[Any], **arguments: Any) -> Item:
        """The answer in one piece."""
        answer = await self.inner.get_response(messages, **arguments)
        return Item(answer.text, str(answer.finish_reason or "unknown"))

    async def create_stream(self, messages: Sequence[Any], **arguments: Any) -> AsyncGenerator[str | Item]:
        """The texts as they arrive, and at the end the finish reason."""
        finish = "unknown"
        async for update in self.inner.get_response(messages, stream=True, **arguments):
            finish = str(update.finish_reason or finish)
            yield update.text
        yield Item(finish_reason=finish)


class Runs:
    """An agent or a workflow."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def run_stream(self, *, task: str) -> AsyncGenerator[Item]:
        """The pieces of its answer."""
        async for item in self.inner.run(task, stream=True):
            said = item if hasattr(item, "text") else getattr(item, "data", None)
            text = getattr(said, "text", None)
            if isinstance(text, str):
                yield Item(text)


class Successor(Subject):
    """The object at each level."""

    framework = AGENT_FRAMEWORK
    client_runs_tools = True

    async def reset(self) -> None:
        """Let a workflow forget earlier runs; an agent keeps nothing."""
        for executor in _executors(self.team):
            executor.reset()
            executor._session = executor.agent.create_session()

    async def close(self) -> None:
        """Close the connections of its clients' SDKs."""
        agents = [*_agents(self.team), self.agent]
        clients = [self.client, *(_client_of(getattr(agent, "inner", agent)) for agent in agents)]
        for below in {id(below): below for client in clients if (below := _sdk_of(client)) is not None}.values():
            if inspect.isawaitable(done := below.close()):
                await done

    async def question(self, prompt: str) -> Question:
        """The request that its agent makes to its client. The request is not sent."""
        plain = self.plain_question(prompt)
        if self.agent is None or self.client is None:
            return plain
        asked: list[Question] = []
        client = self.client.inner

        def note(messages: Sequence[Any], *, stream: bool = False, **arguments: Any) -> Any:
            asked.append(Question(list(messages), arguments))
            raise Asked

        client.get_response = note
        try:
            async for _ in self.agent.inner.run(prompt, stream=True):
                pass
        except Exception:
            pass  # what else the agent may fail of will be seen on its own rung
        finally:
            del client.get_response
        return asked[0] if asked else plain

    def plain_question(self, prompt: str) -> Question:
        """The prompt, and nothing else."""
        return Question([sys.modules[_LIBRARY].Message("user", [prompt])])

    @contextmanager
    def watched(self) -> Generator[None]:
        """Switch its own telemetry off, so that Lastchunk makes the spans, which the doctor reads."""
        settings = sys.modules[f"{_LIBRARY}.observability"].OBSERVABILITY_SETTINGS
        before = settings.enable_instrumentation
        settings.enable_instrumentation = False
        try:
            yield
        finally:
            settings.enable_instrumentation = before

    @contextmanager
    def tools_not_run(self) -> Generator[list[str]]:
        """Let every function answer that it was not run. Gives the names of those that were called."""
        library = sys.modules[_LIBRARY]
        asked: list[str] = []

        async def invoke(tool: Any, *, skip_parsing: bool = False, **arguments: Any) -> Any:
            asked.append(tool.name)
            return NOT_RUN if skip_parsing else [library.Content.from_text(NOT_RUN)]

        with replaced(library.FunctionTool, "invoke", lambda _: invoke):
            yield asked


def subject(made: Any) -> Subject | None:
    """The subject around an object of Agent Framework; None for anything else, and for classes."""
    library = sys.modules.get(_LIBRARY)
    if library is None or inspect.isclass(made):
        return None
    if isinstance(made, library.FunctionalWorkflowDefinition):
        made = made.build()
    if isinstance(made, library.Workflow | library.FunctionalWorkflow):
        agent = next((agent for agent in _agents(Runs(made)) if _client_of(agent) is not None), None)
        return Successor(client=_client(agent), agent=Runs(agent) if agent is not None else None, team=Runs(made))
    if isinstance(made, library.SupportsAgentRun):
        return Successor(client=_client(made), agent=Runs(made))
    return Successor(client=Client(made)) if isinstance(made, library.SupportsChatGetResponse) else None


def _client(agent: Any) -> Client | None:
    found = _client_of(agent)
    return Client(found) if found is not None else None


def _client_of(agent: Any) -> Any:
    client = getattr(agent, "client", None)
    return client if callable(getattr(client, "get_response", None)) else None


def _sdk_of(client: Any) -> Any:
    """The SDK's client inside a chat client, which holds the connections."""
    below = getattr(getattr(client, "inner", client), "client", None)
    return below if callable(getattr(below, "close", None)) else None


def _executors(workflow: Runs | None) -> Iterator[Any]:
    """The executors of a workflow that run an agent."""
    listed = getattr(getattr(workflow, "inner", None), "get_executors_list", None)
    found: Iterable[Any] = listed() if listed is not None else ()
    return (executor for executor in found if getattr(executor, "agent", None) is not None)


def _agents(workflow: Runs | None) -> Iterator[Any]:
    return (executor.agent for executor in _executors(workflow))
