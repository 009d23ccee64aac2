# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The subject that the doctor examines: a model client, with the agent and the team around it, if there are any."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar

from lastchunk.doctor.ladder.replacing import replaced
from lastchunk.doctor.ladder.runs import AUTOGEN
from lastchunk.doctor.ladder.tools import tools_not_run


@dataclass(frozen=True, slots=True)
class Question:
    """The request to a model client."""

    messages: Sequence[Any]
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Keyword arguments of `create_stream` besides the messages."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The object at each level, or None. This class is for AutoGen; `agent_framework` has the other one."""

    framework: ClassVar[str] = AUTOGEN
    client_runs_tools: ClassVar[bool] = False
    """True if a model client runs tools itself, so that its last request is the one that is answered with text."""

    client: Any = None
    agent: Any = None
    team: Any = None

    async def reset(self) -> None:
        """Let agent and team forget earlier runs."""
        from autogen_core import CancellationToken

        if self.team is not None:
            await self.team.reset()
        if self.agent is not None:
            await self.agent.on_reset(CancellationToken())

    async def close(self) -> None:
        """Close the connections of its model clients."""
        agents = agents_of(self.team) if self.team is not None else (self.agent,)
        for client in {id(client): client for client in (self.client, *map(client_of, agents))}.values():
            # AutoGen's client of ollama closes nothing: the HTTP client is two levels below it.
            below = getattr(getattr(client, "_client", None), "_client", None)
            for closing in (getattr(client, "close", None), getattr(below, "aclose", None)):
                if closing is not None and inspect.isawaitable(done := closing()):
                    await done

    async def question(self, prompt: str) -> Question:
        """The request that the agent makes for `prompt`. The agent runs up to its request, which is not sent."""
        plain = self.plain_question(prompt)
        if self.agent is None or self.client is None:
            return plain
        from autogen_core.models import ChatCompletionClient

        asked: list[Question] = []

        def note(client: Any, messages: Sequence[Any], **arguments: Any) -> Any:
            arguments.pop("cancellation_token", None)
            if client is self.client:
                asked.append(Question(list(messages), arguments))
            raise Asked

        try:
            with (
                replaced(ChatCompletionClient, "create", lambda _: note),
                replaced(ChatCompletionClient, "create_stream", lambda _: note),
            ):
                async for _ in self.agent.run_stream(task=prompt):
                    pass
        except Exception:
            pass  # what else the agent may fail of will be seen on its own rung
        return asked[0] if asked else plain

    def plain_question(self, prompt: str) -> Question:
        """The prompt, and nothing else."""
        from autogen_core.models import UserMessage

        return Question([UserMessage(content=prompt, source="user")])

    def watched(self) -> AbstractContextManager[None]:
        """Make Lastchunk create the spans of its streams, which the doctor reads."""
        return nullcontext()

    def tools_not_run(self) -> AbstractContextManager[list[str]]:
        """Let tools answer that they were not run. Gives the names of the tools that were called."""
        return tools_not_run()


class Asked(Exception):
    """Stops an agent at its first question to a model, before it is sent."""


def client_of(agent: Any) -> Any:
    """The model client of an agent; None if none is found."""
    client = getattr(agent, "_model_client", None)
    return client if callable(getattr(client, "create_stream", None)) else None


def agents_of(team: Any) -> Iterator[Any]:
    """The agents of a team, and of the teams inside it."""
    for member in team._participants:
        if hasattr(member, "_participants"):
            yield from agents_of(member)
        else:
            yield member
