# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`get_response(stream=True)` of every chat client with Agent Framework's telemetry, and `run(stream=True)` of every agent.

Items: `ChatResponseUpdate` and `AgentResponseUpdate`. Source: agent_framework/observability.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from lastchunk import foreign, semconv
from lastchunk.own_errors import report
from lastchunk.patches.agent_framework.items import answers_tool, history_of_messages, on_agent, on_chat
from lastchunk.patches.agent_framework.names import require
from lastchunk.patches.agent_framework.pulls import OLDER_PROVIDER_NAME, Lent, lend, making, watch
from lastchunk.patches.support.endpoints import base_url, endpoint
from lastchunk.patches.support.fields import field
from lastchunk.patches.support.patching import Patcher, argument
from lastchunk.patches.support.sdk_calls import instead_of
from lastchunk.semconv import Operation
from lastchunk.streams.passing_on import passed_on
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import Start

_URLS = (
    ("client", "_base_url"),
    ("anthropic_client", "_base_url"),
    ("_service_url",),
    ("server_url",),
    ("host",),
)
"""Where clients of Agent Framework hold their base URL: those for openai, anthropic, Gemini, Mistral, Ollama."""
_UNKNOWN = "unknown"
_ALWAYS_SAY_FINISH = frozenset({"aws.bedrock", "gcp.gemini", "mistral_ai"})
"""Providers whose clients say why every answer ended, above an SDK that is not patched."""


def apply_telemetry(module: ModuleType, patcher: Patcher) -> None:
    """Watch chats and agents, with the spans that Agent Framework makes for them."""
    require(module)

    def get_response(wrapped: Function, client: object, args: Args, kwargs: Kwargs) -> object:
        if not kwargs.get("stream"):
            answer = wrapped(*args, **kwargs)
            return instead_of(answer, _answered(answer, patcher)) if hasattr(type(answer), "__await__") else answer
        with making() as lent:
            stream = wrapped(*args, **kwargs)
        messages = argument(args, kwargs, 0, "messages")
        watch(patcher, stream, partial(_describe_chat, client, messages, kwargs, lent), on_chat, client)
        return stream

    def trace_agent(wrapped: Function, agent: object, args: Args, kwargs: Kwargs) -> object:
        if not kwargs.get("stream"):
            return wrapped(*args, **kwargs)
        with making() as lent:
            stream = wrapped(*args, **kwargs)
        watch(patcher, stream, partial(_describe_agent, agent, kwargs, lent), on_agent, agent)
        return stream

    def start_span(wrapped: Function, _: object, args: Args, kwargs: Kwargs) -> object:
        return lend(wrapped(*args, **kwargs), argument(args, kwargs, 0, "attributes"))

    patcher.wrap(module.ChatTelemetryLayer, "get_response", get_response)
    patcher.wrap(module.AgentTelemetryLayer, "_trace_agent_invocation", trace_agent)
    patcher.wrap(module, "_start_streaming_span", start_span)


async def _answered(answer: Awaitable[object], patcher: Patcher) -> object:
    """Await the answer of a chat that does not stream, and tell the run around it how it ended."""
    try:
        response = await answer
    except BaseException as error:
        _tell(patcher, "", error)
        passed_on(error)
        raise
    reason = field(response, "finish_reason")
    _tell(patcher, reason if isinstance(reason, str) else "", None)
    return response


def _tell(patcher: Patcher, finish: str, error: BaseException | None) -> None:
    try:
        patcher.streams.model_answered(finish, error)
    except Exception as exc:
        report("reading the answer of a chat client", exc)


def _describe_chat(client: object, messages: object, kwargs: Mapping[str, object], lent: Lent) -> Start:
    provider = _said(lent, semconv.PROVIDER_NAME) or _said(lent, OLDER_PROVIDER_NAME)
    attributes: dict[str, object] = {
        semconv.PROVIDER_NAME: provider or field(client, "otel_provider_name"),
        semconv.REQUEST_MODEL: _model(client, lent, kwargs.get("client_kwargs"), kwargs.get("options")),
    }
    url = _service_url(client) if lent.span is None else _said(lent, semconv.SERVER_ADDRESS)
    attributes.update(endpoint(url))
    return Start(
        operation=Operation.CHAT,
        subject=id(client),
        attributes=attributes,
        base_url=base_url(url),
        history=history_of_messages(messages),
        may_be_silent=answers_tool(messages),
        finish_is_due=attributes[semconv.PROVIDER_NAME] in _ALWAYS_SAY_FINISH,
        measured_elsewhere=lent.span is not None,
        library_span=lent.span is not None,
        lent_span=lent.span,
    )


def _service_url(client: object) -> object:
    """Return where the client sends to, as far as it holds that. Nothing of the application's is called for it.

    Bedrock's makes it up from what it holds, so a client that is no subclass is asked.
    """
    for path in _URLS:
        url = client
        for name in path:
            url = field(url, name)
        if url is not None:
            return url
    kind: Any = type(client)
    return kind.service_url(client) if kind.__module__.startswith("agent_framework_") else None


def _describe_agent(agent: object, kwargs: Mapping[str, object], lent: Lent) -> Start:
    client, agent_id = field(agent, "client"), _said(lent, semconv.AGENT_ID) or foreign.text(field(agent, "id"))
    attributes: dict[str, object] = {
        semconv.PROVIDER_NAME: field(client, "otel_provider_name"),
        semconv.REQUEST_MODEL: _model(client, lent, kwargs.get("client_kwargs"), kwargs.get("merged_options")),
        semconv.AGENT_ID: agent_id or None,
        semconv.AGENT_DESCRIPTION: _said(lent, semconv.AGENT_DESCRIPTION) or field(agent, "description"),
    }
    return Start(
        operation=Operation.INVOKE_AGENT,
        subject=id(agent),
        name=_said(lent, semconv.AGENT_NAME) or foreign.text(field(agent, "name")) or agent_id,
        attributes=attributes,
        history=history_of_messages(kwargs.get("messages")),
        may_be_silent=True,
        library_span=lent.span is not None,
        lent_span=lent.span,
    )


def _model(client: object, lent: Lent, *given: object) -> object:
    """Return the first model that the options of the call name, else the client's."""
    named = (foreign.text(field(options, "model")) for options in given)
    return next(filter(None, named), "") or _said(lent, semconv.REQUEST_MODEL) or field(client, "model")


def _said(lent: Lent, name: str) -> str:
    """Return what Agent Framework says in its span. Empty if it has none, or does not know."""
    said = foreign.text(lent.said.get(name))
    return "" if said == _UNKNOWN else said
