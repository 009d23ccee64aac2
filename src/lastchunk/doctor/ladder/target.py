# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`--target package.module:factory`: loads the user's own client, agent or team, or calls what creates it."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from lastchunk.doctor.ladder import agent_framework
from lastchunk.doctor.ladder.subject import Subject, agents_of, client_of
from lastchunk.doctor.report.findings import CouldNotRun
from lastchunk.streams.failure import qualified_name
from lastchunk.wording import a


async def load(target: str) -> Subject:
    """Load the subject that `package.module:factory` names. Raises `CouldNotRun`."""
    module, _, name = target.partition(":")
    if not module or not name:
        raise CouldNotRun(f"--target {target} must have the form package.module:factory.")
    try:
        here = str(Path.cwd())
    except FileNotFoundError:
        raise CouldNotRun("The current folder does not exist any more: change to another one.") from None
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        made: Any = importlib.import_module(module)
        for part in name.split("."):
            made = getattr(made, part)
        if (callable(made) and level(made) is None and agent_framework.subject(made) is None) or inspect.isclass(made):
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
            f"--target {target}: the module has no {error.name}: check the name after the colon."
        ) from error
    except (Exception, SystemExit) as error:
        raise CouldNotRun(_raised(target, error)) from error
    return around(made, target)


def _raised(target: str, error: BaseException) -> str:
    return f"--target {target} raised {qualified_name(error)}: call it in a Python shell here to see the error, and fix it."


def around(made: Any, target: str) -> Subject:
    """The subject around an object. Raises `CouldNotRun` if the object is no client, agent, team or workflow."""
    if (found := agent_framework.subject(made)) is not None:
        return found
    match level(made):
        case "client":
            return Subject(client=made)
        case "agent":
            return Subject(client=client_of(made), agent=made)
        case "team":
            agent = next((agent for agent in agents_of(made) if client_of(agent) is not None), None)
            return Subject(client=client_of(agent), agent=agent, team=made)
        case _:
            raise CouldNotRun(
                f"--target {target} gives {a(type(made).__name__)}: it must give a model client, an agent or a team of AutoGen, "
                "or a chat client, an agent or a workflow of Agent Framework."
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
