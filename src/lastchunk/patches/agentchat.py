# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`run_stream` of agents and teams, and each agent's turn inside a team (`on_messages_stream`).

Items: messages and events, then one `TaskResult` (a run) or `Response` (a turn). Source: autogen_agentchat/agents/
_base_chat_agent.py, autogen_agentchat/teams/_group_chat/_base_group_chat.py and _chat_agent_container.py.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Protocol

from lastchunk import semconv
from lastchunk.patches.agentchat_items import Items, error_text_of
from lastchunk.patches.agentchat_spans import is_part_of_run, of_a_run, of_a_turn, wrap_spans
from lastchunk.patches.model_clients import identity
from lastchunk.patches.support.fields import ask, field
from lastchunk.patches.support.history import history_of
from lastchunk.patches.support.patching import Patch, Patcher, argument
from lastchunk.patches.support.wrapping import resolved
from lastchunk.semconv import Operation
from lastchunk.streams.start import Start


class AgentId(Protocol):
    """The id by which AutoGen's runtime calls an agent."""

    type: str
    key: str


_SUPPORTED = ">= 0.4.9, < 0.8"


def _apply_agents(module: ModuleType, patcher: Patcher) -> None:
    items, text = _items()
    wrappers = {
        "run_stream": patcher.streams_of(_describe_run, items, text),
        "on_messages_stream": patcher.streams_of(_describe_turn, items, text),
    }
    patcher.for_subclasses(module.BaseChatAgent, wrappers)
    wrap_spans(module, patcher, of_a_run)


def _apply_teams(module: ModuleType, patcher: Patcher) -> None:
    items, text = _items()
    patcher.for_subclasses(module.BaseGroupChat, {"run_stream": patcher.streams_of(_describe_team, items, text)})


def _apply_container(module: ModuleType, patcher: Patcher) -> None:
    wrap_spans(module, patcher, lambda of, container, span: of_a_turn(of, container, _start, span))


def _items() -> tuple[Items, type]:
    """Return the reader of items, and the class of items that pass on a model's text.

    The patched modules have imported both classes.
    """
    messages = sys.modules["autogen_agentchat.messages"]
    return Items(messages, sys.modules["autogen_agentchat.base"]), messages.ModelClientStreamingChunkEvent


def _describe_run(agent: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start:
    start = _describe_agent(agent, kwargs.get("task"))
    start.replaces_span = True
    return start


def _describe_turn(agent: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start | None:
    return None if is_part_of_run(agent) else _describe_agent(agent, argument(args, kwargs, 0, "messages"))


def _describe_agent(agent: object, given: object) -> Start:
    attributes: dict[str, object] = {semconv.AGENT_DESCRIPTION: field(agent, "_description")}
    client = field(agent, "_model_client")
    if client is not None:
        said = identity(client)
        attributes.update({key: said[key] for key in (semconv.PROVIDER_NAME, semconv.REQUEST_MODEL) if key in said})
    start = _start(agent)
    if start.at_work:
        attributes[semconv.AGENT_ID] = str(_handling())
    return replace(start, attributes=attributes, history=history_of(given), error_text=error_text_of(agent))


def _start(agent: object) -> Start:
    """Return whose invocation it is, and within which run."""
    handling, name = _handling(), _text(_name_of(agent))
    return Start(
        operation=Operation.INVOKE_AGENT,
        subject=id(agent),
        name=name,
        may_be_silent=True,
        inside=handling.key if handling is not None else "",
        at_work=_at_work(handling, name),
    )


def _name_of(agent: object) -> object:
    """Return the agent's name. Only a property of the application's is asked, as AutoGen does for each invocation."""
    owner, _ = resolved(type(agent), "name")
    own = field(agent, "_name") if owner.__module__.startswith("autogen_agentchat.") else None
    return ask(agent, "name") if own is None else own


def _describe_team(team: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start:
    handling, name = _handling(), _text(field(team, "_name"))
    return Start(
        operation=Operation.INVOKE_WORKFLOW,
        subject=id(team),
        name=name or type(team).__name__,
        history=history_of(kwargs.get("task")),
        may_be_silent=True,
        key=_text(field(team, "_team_id")),
        inside=handling.key if handling is not None else "",
        at_work=_at_work(handling, name),
    )


def _at_work(handling: AgentId | None, name: str) -> bool:
    """Whether the message that is being handled is for the agent or team `name`, a member of a team."""
    return handling is not None and handling.type == f"{name}_{handling.key}"


def _handling() -> AgentId | None:
    """Return the id of the runtime's agent whose message is being handled; its key is the id of its team. None outside."""
    module = sys.modules.get("autogen_core._message_handler_context")
    if module is None:
        return None
    try:
        return module.MessageHandlerContext.agent_id()
    except RuntimeError:
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


PATCHES = (
    Patch("autogen-agentchat", _SUPPORTED, "autogen_agentchat.agents._base_chat_agent", _apply_agents),
    Patch("autogen-agentchat", _SUPPORTED, "autogen_agentchat.teams._group_chat._base_group_chat", _apply_teams),
    Patch(
        "autogen-agentchat", _SUPPORTED, "autogen_agentchat.teams._group_chat._chat_agent_container", _apply_container
    ),
)
