# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`get_response(stream=True)` of every chat client with Agent Framework's telemetry, and `run(stream=True)` of every agent.

Items: `ChatResponseUpdate` and `AgentResponseUpdate`. Source: agent_framework/observability.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from types import ModuleType

from lastchunk import foreign, semconv
from lastchunk.own_errors import report
from lastchunk.patches.agent_framework.items import answers_tool, history_of_messages, on_agent, on_chat
from lastchunk.patches.agent_framework.names import require
from lastchunk.patches.agent_framework.pulls import Lent, lend, making, watch
from lastchunk.patches.support.endpoints import base_url, endpoint
from lastchunk.patches.support.fields import field
from lastchunk.patches.support.patching import Patcher, argument
from lastchunk.patches.support.sdk_calls import instead_of
from lastchunk.semconv import Operation
from lastchunk.streams.passing_on import passed_on
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import Start

_ALWAYS_SAY_FINISH = frozenset({"aws.bedrock", "gcp.gemini", "mistral_ai"})
"""Providers whose clients say why every answer ended, above an SDK that is not patched."""


def apply_telemetry(module: ModuleType, patcher: Patcher) -> None:
    """Watch chats and agents, with the spans that Agent Framework makes for them."""
    require(module)

    def get_response(wrapped: Function, client: object, args: Args, kwargs: Kwargs) -> object:
        if not kwargs.get("stream"):
            answer = wrapped(*args, **kwargs)
            return instead_of(answer, _answered(answer, patcher)) if hasattr(answer, "__await__") else answer
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

    patcher.wrap(module.ChatTelemetryLayer, "get_response", get_response)
    patcher.wrap(module.AgentTelemetryLayer, "_trace_agent_invocation", trace_agent)
    patcher.wrap(module, "_start_streaming_span", lambda wrapped, _, args, kwargs: lend(wrapped(*args, **kwargs)))


async def _answered(answer: Awaitable[object], patcher: Patcher) -> object:
    """Await the answer of a chat that does not stream, and tell the run around it how it ended."""
    try:
        response = await answer
    except BaseException as error:
        _tell(patcher, "", error)
        passed_on(error)
        raise
    reason = getattr(response, "finish_reason", None)
    _tell(patcher, reason if isinstance(reason, str) else "", None)
    return response


def _tell(patcher: Patcher, finish: str, error: BaseException | None) -> None:
    try:
        patcher.streams.model_answered(finish, error)
    except Exception as exc:
        report("reading the answer of a chat client", exc)


def _describe_chat(client: object, messages: object, kwargs: Mapping[str, object], lent: Lent) -> Start:
    attributes: dict[str, object] = {
        semconv.PROVIDER_NAME: getattr(client, "otel_provider_name", None),
        semconv.REQUEST_MODEL: _model(kwargs.get("client_kwargs"), kwargs.get("options"), client),
    }
    url = _service_url(client)
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
    """Return where the client sends to.

    None if a class of the application defines it: Agent Framework asks that only for its telemetry.
    """
    service_url = getattr(type(client), "service_url", None)
    theirs = str(getattr(service_url, "__module__", "")).startswith("agent_framework")
    return service_url(client) if theirs and callable(service_url) else None


def _describe_agent(agent: object, kwargs: Mapping[str, object], lent: Lent) -> Start:
    name = foreign.text(getattr(agent, "name", None)) or foreign.text(getattr(agent, "id", None))
    client = getattr(agent, "client", None)
    attributes: dict[str, object] = {
        semconv.PROVIDER_NAME: getattr(client, "otel_provider_name", None),
        semconv.REQUEST_MODEL: _model(kwargs.get("client_kwargs"), kwargs.get("merged_options"), client),
        semconv.AGENT_ID: getattr(agent, "id", None),
        semconv.AGENT_DESCRIPTION: getattr(agent, "description", None),
    }
    return Start(
        operation=Operation.INVOKE_AGENT,
        subject=id(agent),
        name=name,
        attributes=attributes,
        history=history_of_messages(kwargs.get("messages")),
        may_be_silent=True,
        library_span=lent.span is not None,
        lent_span=lent.span,
    )


def _model(client_kwargs: object, options: object, client: object) -> object:
    for given in (client_kwargs, options):
        if model := foreign.text(field(given, "model")):
            return model
    return getattr(client, "model", None)
