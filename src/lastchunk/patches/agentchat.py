# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`run_stream` of agents and teams, and each agent's turn inside a team (`on_messages_stream`).

Items: messages and events, then one `TaskResult` (a run) or `Response` (a turn). Source: autogen_agentchat/agents/
_base_chat_agent.py, autogen_agentchat/teams/_group_chat/_base_group_chat.py and _chat_agent_container.py.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from opentelemetry.trace import INVALID_SPAN

from lastchunk import semconv
from lastchunk.patches.model_clients import identity
from lastchunk.patches.runtime import WithoutText
from lastchunk.patches.support.history import history_of, size_of_text
from lastchunk.patches.support.patching import Patch, Patcher, argument, owns
from lastchunk.semconv import ChunkKind, LastEvent, Operation, TeamStopReason, WaitingFor
from lastchunk.streams.lifecycle import current_stream
from lastchunk.streams.record import Start, StreamRecord

_SUPPORTED = ">= 0.4.9, < 0.8"

_runs_without_stream: ContextVar[str] = ContextVar("lastchunk_runs_without_stream", default="")
"""The name of the agent whose `run` is under way."""

_MESSAGE_KINDS = {
    "ModelClientStreamingChunkEvent": (ChunkKind.TEXT, WaitingFor.NEXT_CHUNK),
    "ToolCallRequestEvent": (ChunkKind.TOOL_CALL, WaitingFor.TOOL),
    "UserInputRequestedEvent": (ChunkKind.MESSAGE, WaitingFor.PERSON),
    "ThoughtEvent": (ChunkKind.REASONING, WaitingFor.FIRST_CHUNK),
}
"""By the item's class: what it carries, and what the next step waits for."""


def _apply_agents(module: ModuleType, patcher: Patcher) -> None:
    text = _text_event()

    def patch(owner: type) -> None:
        if owns(owner, "run_stream"):
            patcher.wrap_streams(owner, "run_stream", _describe_run, _on_item, text)
        if owns(owner, "on_messages_stream"):
            patcher.wrap_streams(owner, "on_messages_stream", _describe_turn, _on_item, text)

    patcher.for_subclasses(module.BaseChatAgent, patch)
    _wrap_agent_spans(module, patcher, _of_a_run)


def _text_event() -> type | None:
    """The class of the events that pass on what a model streams; both modules import its module."""
    return getattr(sys.modules.get("autogen_agentchat.messages"), "ModelClientStreamingChunkEvent", None)


def _apply_teams(module: ModuleType, patcher: Patcher) -> None:
    text = _text_event()

    def patch(owner: type) -> None:
        if owns(owner, "run_stream"):
            patcher.wrap_streams(owner, "run_stream", _describe_team, _on_item, text)

    patcher.for_subclasses(module.BaseGroupChat, patch)


def _apply_container(module: ModuleType, patcher: Patcher) -> None:
    _wrap_agent_spans(module, patcher, _of_a_turn)


def _wrap_agent_spans(module: ModuleType, patcher: Patcher, wrapper: Callable[..., Any]) -> None:
    """AutoGen's `invoke_agent` span is not made where ours stands, and the other way round."""
    if hasattr(module, "trace_invoke_agent_span"):
        patcher.wrap(
            module, "trace_invoke_agent_span", lambda wrapped, _, args, kwargs: wrapper(patcher, wrapped, args, kwargs)
        )


def _of_a_run(patcher: Patcher, wrapped: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """`run_stream` opens AutoGen's span right after ours began; `run` does too, where there is no stream of ours."""
    if not patcher.streams.telemetry.enabled():
        return wrapped(*args, **kwargs)
    record = current_stream()
    name = _text(kwargs.get("agent_name"))
    if record is None or not record.replaces_span or record.start.name != name:
        span = wrapped(*args, **kwargs)
        return _without_stream(name, span if patcher.settings.autogen_spans == "keep" else WithoutText(span))
    record.replaces_span = False
    return wrapped(*args, **kwargs) if patcher.settings.autogen_spans == "keep" else nullcontext(INVALID_SPAN)


def _of_a_turn(patcher: Patcher, wrapped: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """A team opens AutoGen's span right before the turn's stream begins."""
    if patcher.settings.autogen_spans == "keep":
        return wrapped(*args, **kwargs)
    enabled = patcher.streams.telemetry.enabled()
    return nullcontext(INVALID_SPAN) if enabled else WithoutText(wrapped(*args, **kwargs))


@contextmanager
def _without_stream(name: str, span: Any) -> Generator[Any]:
    """An agent's `run`: the stream that it may use within is a part of it, and no invocation of its own."""
    token = _runs_without_stream.set(name)
    try:
        with span as made:
            yield made
    finally:
        # A `run_stream` that is no stream of ours may be closed in another context than that of its begin.
        with suppress(ValueError):
            _runs_without_stream.reset(token)


def _describe_run(agent: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Start:
    start = _describe_agent(agent, kwargs.get("task"))
    start.replaces_span = True
    return start


def _describe_turn(agent: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Start | None:
    if _runs_without_stream.get() == getattr(agent, "name", None):
        return None
    return _describe_agent(agent, argument(args, kwargs, 0, "messages"))


def _describe_agent(agent: Any, given: Any) -> Start:
    name = _text(getattr(agent, "name", None))
    attributes: dict[str, Any] = {semconv.AGENT_DESCRIPTION: getattr(agent, "description", None)}
    client = getattr(agent, "_model_client", None)
    if client is not None:
        said = identity(client)
        attributes.update({key: said[key] for key in (semconv.PROVIDER_NAME, semconv.REQUEST_MODEL) if key in said})
    handling = _handling()
    at_work = _at_work(handling, name)
    if at_work:
        attributes[semconv.AGENT_ID] = str(handling)
    return Start(
        operation=Operation.INVOKE_AGENT,
        subject=id(agent),
        name=name,
        attributes=attributes,
        history=history_of(given),
        may_be_silent=True,
        inside=handling.key if handling is not None else "",
        at_work=at_work,
    )


def _describe_team(team: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Start:
    handling, name = _handling(), _text(getattr(team, "name", None))
    return Start(
        operation=Operation.INVOKE_WORKFLOW,
        subject=id(team),
        name=name or type(team).__name__,
        history=history_of(kwargs.get("task")),
        may_be_silent=True,
        key=_text(getattr(team, "_team_id", None)),
        inside=handling.key if handling is not None else "",
        at_work=_at_work(handling, name),
    )


def _at_work(handling: Any, name: str) -> bool:
    """The message that is being handled is one for the agent or team called `name`, which is a member of a team."""
    return handling is not None and handling.type == f"{name}_{handling.key}"


def _handling() -> Any:
    """The id of the runtime's agent whose message is being handled here; its key is the id of its team. None outside."""
    module = sys.modules.get("autogen_core._message_handler_context")
    if module is None:
        return None
    try:
        return module.MessageHandlerContext.agent_id()
    except RuntimeError:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _on_item(record: StreamRecord, item: Any, now: float, gap: float) -> None:
    name = type(item).__name__
    known = _MESSAGE_KINDS.get(name)
    if known is not None:
        kind, record.waiting_for = known
        content = item.content
        record.chunk(kind, size_of_text(content) if type(content) is str else 0, now, gap)
    elif name == "TaskResult":
        if isinstance(item.stop_reason, str):
            record.stop_reason = _stop_reason(item.stop_reason)
        if item.stop_reason == _RAISES_NEXT:
            return
        messages = item.messages
        last = messages[-1] if messages else None
        _last_message(record, last)
        record.result(gap, arrived=True, text=getattr(last, "content", None))
    elif name == "Response":
        _last_message(record, item.chat_message)
        record.result(gap, arrived=True, text=getattr(item.chat_message, "content", None))
    else:
        record.waiting_for = WaitingFor.FIRST_CHUNK
        content = getattr(item, "content", None)
        record.chunk(ChunkKind.MESSAGE, size_of_text(content) if isinstance(content, str) else 0, now, gap)
        if name == "ToolCallExecutionEvent":
            record.last_event = LastEvent.TOOL_RESULT


def _last_message(record: StreamRecord, message: Any) -> None:
    record.last_source = getattr(message, "source", None)
    results = getattr(message, "results", None)
    if results is None and type(message).__name__ == "ToolCallExecutionEvent":
        results = message.content
    record.tool_failed = bool(results) and any(getattr(result, "is_error", False) is True for result in results)


_RAISES_NEXT = "Exception occurred."
"""With this, AutoGen 0.4 hands out a result and raises at the next step."""

_STOP_REASONS = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (r"Maximum number of turns ", TeamStopReason.MAX_TURNS),
        (r"Maximum number of messages ", TeamStopReason.MAX_MESSAGES),
        (r"Text '.*' mentioned", TeamStopReason.TEXT_MENTION),
        (r"Token usage limit reached", TeamStopReason.TOKEN_USAGE),
        (r"Timeout of .* seconds reached", TeamStopReason.TIMEOUT),
        (r"External termination requested", TeamStopReason.EXTERNAL),
        (r"Stop message received", TeamStopReason.STOP_MESSAGE),
        (r"Functional termination condition met", TeamStopReason.FUNCTIONAL),
        (r"Handoff to .* detected", TeamStopReason.HANDOFF),
        (r"Text message received from ", TeamStopReason.TEXT_MESSAGE),
        (r"'.*' answered", TeamStopReason.SOURCE_MATCH),
        (r"Function '.*' was executed", TeamStopReason.FUNCTION_CALL),
        (r"Digraph execution is complete", TeamStopReason.GRAPH_COMPLETE),
        (r"Max rounds reached", TeamStopReason.MAX_ROUNDS),
        (r"The group chat has already terminated", TeamStopReason.ALREADY_TERMINATED),
        (r"The group chat is stopped", TeamStopReason.RUNTIME_STOPPED),
    )
)
"""How AutoGen's text for each condition begins. The text itself may quote the model, and is never kept."""


def _stop_reason(text: str) -> TeamStopReason:
    for pattern, reason in _STOP_REASONS:
        if pattern.match(text):
            return reason
    return TeamStopReason.OTHER


PATCHES = (
    Patch("autogen-agentchat", _SUPPORTED, "autogen_agentchat.agents._base_chat_agent", _apply_agents),
    Patch("autogen-agentchat", _SUPPORTED, "autogen_agentchat.teams._group_chat._base_group_chat", _apply_teams),
    Patch(
        "autogen-agentchat", _SUPPORTED, "autogen_agentchat.teams._group_chat._chat_agent_container", _apply_container
    ),
)
