# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the doctor examines: a model client, and the agent and the team around it, if there are any.

`--target package.module:factory` names a callable (or the object itself) that gives the user's own client, agent or team.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lastchunk.doctor.ladder.replacing import replaced
from lastchunk.doctor.report.findings import CouldNotRun
from lastchunk.streams.failure import qualified_name


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent to a model client."""

    messages: Sequence[Any]
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Keyword arguments of `create_stream` besides the messages."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The object at each level; None where there is none."""

    client: Any = None
    agent: Any = None
    team: Any = None

    async def reset(self) -> None:
        """Forget what earlier runs said, as far as agent and team can."""
        from autogen_core import CancellationToken

        if self.team is not None:
            await self.team.reset()
        if self.agent is not None:
            await self.agent.on_reset(CancellationToken())

    async def close(self) -> None:
        """Close the connections of its model clients."""
        agents = _agents(self.team) if self.team is not None else (self.agent,)
        for client in {id(client): client for client in (self.client, *map(client_of, agents))}.values():
            # AutoGen's client of ollama closes nothing: the HTTP client is two levels below it.
            below = getattr(getattr(client, "_client", None), "_client", None)
            for closing in (getattr(client, "close", None), getattr(below, "aclose", None)):
                if closing is not None and inspect.isawaitable(done := closing()):
                    await done


async def load(target: str) -> Subject:
    """The subject that `package.module:factory` gives. Raises `CouldNotRun`."""
    module, _, name = target.partition(":")
    if not module or not name:
        raise CouldNotRun(f"--target {target} is not of the form package.module:factory.")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        made: Any = importlib.import_module(module)
        for part in name.split("."):
            made = getattr(made, part)
        if (callable(made) and level(made) is None) or inspect.isclass(made):
            made = made()
        if inspect.isawaitable(made):
            made = await made
    except ModuleNotFoundError as error:
        raise CouldNotRun(
            f"--target {target}: there is no module {error.name}: run the command where the application runs, in its environment."
        ) from error
    except AttributeError as error:
        if error.name not in name.split("."):
            raise CouldNotRun(_raised(target, error)) from error
        raise CouldNotRun(
            f"--target {target}: there is no {error.name} in it: check the name after the colon."
        ) from error
    except Exception as error:
        raise CouldNotRun(_raised(target, error)) from error
    return around(made, target)


def _raised(target: str, error: Exception) -> str:
    return f"--target {target} raised {qualified_name(error)}: call it in a Python shell here, and mend that first."


def around(made: Any, target: str) -> Subject:
    """The subject that an object makes. Raises `CouldNotRun` for one that is no client, agent or team."""
    match level(made):
        case "client":
            return Subject(client=made)
        case "agent":
            return Subject(client=client_of(made), agent=made)
        case "team":
            agent = next((agent for agent in _agents(made) if client_of(agent) is not None), None)
            return Subject(client=client_of(agent), agent=agent, team=made)
        case _:
            raise CouldNotRun(
                f"--target {target} gives a {type(made).__name__}: it must give a model client, an agent or a team of AutoGen."
            )


def level(made: Any) -> str | None:
    """`client`, `agent` or `team`; None for anything else, and for classes."""
    if inspect.isclass(made):
        return None
    if callable(getattr(made, "create_stream", None)):
        return "client"
    if callable(getattr(made, "run_stream", None)):
        return "team" if hasattr(made, "_participants") else "agent" if hasattr(made, "on_messages_stream") else None
    return None


def client_of(agent: Any) -> Any:
    """The model client of an agent; None if it has none that can be found."""
    client = getattr(agent, "_model_client", None)
    return client if callable(getattr(client, "create_stream", None)) else None


def _agents(team: Any) -> Iterator[Any]:
    for member in team._participants:
        if hasattr(member, "_participants"):
            yield from _agents(member)
        else:
            yield member


class _Asked(Exception):
    """Stops an agent at its first question to a model, before it is sent."""


async def question_of(subject: Subject, prompt: str) -> Question:
    """What the subject asks its model when it is given `prompt`: its agent is let to ask, and no model is asked."""
    from autogen_core.models import ChatCompletionClient, UserMessage

    plain = Question([UserMessage(content=prompt, source="user")])
    if subject.agent is None or subject.client is None:
        return plain
    asked: list[Question] = []

    def note(self: Any, messages: Sequence[Any], **arguments: Any) -> Any:
        arguments.pop("cancellation_token", None)
        if self is subject.client:
            asked.append(Question(list(messages), arguments))
        raise _Asked

    try:
        with (
            replaced(ChatCompletionClient, "create", lambda _: note),
            replaced(ChatCompletionClient, "create_stream", lambda _: note),
        ):
            async for _ in subject.agent.run_stream(task=prompt):
                pass
    except Exception:
        pass  # what else the agent may fail of will be seen on its own rung
    return asked[0] if asked else plain
