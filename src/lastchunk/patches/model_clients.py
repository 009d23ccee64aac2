# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`create_stream` of every `ChatCompletionClient`, and `create` for its finish reason and its error.

Items: `str` chunks, then one `CreateResult`. Source: autogen_core/models/_model_client.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from types import ModuleType

from lastchunk import semconv
from lastchunk.own_errors import report
from lastchunk.patches.support.carried import carried
from lastchunk.patches.support.endpoints import base_url, endpoint
from lastchunk.patches.support.fields import field, fields_of, items_of, last_of
from lastchunk.patches.support.history import history_of, size_of_text
from lastchunk.patches.support.patching import Patch, Patcher, argument
from lastchunk.patches.support.sdk_calls import instead_of
from lastchunk.semconv import ChunkKind, LastEvent, Operation, WaitingFor
from lastchunk.streams.passing_on import passed_on
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import History, Start

_PROVIDERS = {
    "AzureOpenAI": "azure.ai.openai",
    "AzureAI": "azure.ai.inference",
    "AnthropicBedrock": "aws.bedrock",
    "OpenAI": "openai",
    "Anthropic": "anthropic",
    "Ollama": "ollama",
    "LlamaCpp": "llama_cpp",
    "SKChat": "semantic_kernel",
    "Replay": "replay",
}
"""`gen_ai.provider.name`, by how the client's class, or one that it inherits from, is called; the first that fits."""
_BEGINS = (*_PROVIDERS, *(f"Base{name}" for name in _PROVIDERS))

_ALWAYS_SAY_STOP = frozenset({"semantic_kernel"})
"""Providers whose clients say `stop` whatever happened: without a wire below, that proves nothing."""

_BASE_URLS = (("_base_url",), ("_client", "_base_url"), ("_config", "endpoint"))
"""Where the SDK's client that AutoGen's client holds has its base URL: openai and anthropic, ollama, azure-ai-inference."""

_creating: ContextVar[bool] = ContextVar("lastchunk_creating", default=False)
"""A `create` is under way: one below it, of the client that a cache wraps, gives the same answer."""


def _apply(module: ModuleType, patcher: Patcher) -> None:
    client, result = module.ChatCompletionClient, module.CreateResult
    text, next_chunk = ChunkKind.TEXT, WaitingFor.NEXT_CHUNK

    def on_item(record: StreamRecord, item: object, now: float, gap: float) -> None:
        if isinstance(item, str):
            record.waiting_for = next_chunk
            record.chunk(text, size_of_text(item), now, gap)
        elif isinstance(item, result):
            _on_result(record, item, gap)
        else:
            # What a client hands on that no client should: parts of a message, as some backends send them.
            record.waiting_for = next_chunk
            record.chunk(*carried({"content": item}), now, gap)

    def create(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        answer = wrapped(*args, **kwargs)
        if not hasattr(type(answer), "__await__") or _creating.get():
            return answer
        return instead_of(answer, _watched(answer, patcher, instance, _sent(args, kwargs)))

    stream = patcher.streams_of(_describe, on_item, str)
    patcher.for_subclasses(client, {"create_stream": stream, "create": create})


def _on_result(record: StreamRecord, result: object, gap: float) -> None:
    holds = fields_of(result)
    finish = _finish(holds, record.start.attributes.get(semconv.PROVIDER_NAME))
    content = dict.get(holds, "content")
    said = size_of_text(content) or size_of_text(dict.get(holds, "thought"))
    record.result(gap, arrived=bool(said or items_of(content)), finish=finish, text=content)
    if record.wire is None:
        record.last_event = LastEvent.FINISH if record.result_finish else record.last_event


def _finish(result: dict[str, object], provider: object) -> str:
    """Return the finish reason among a result's fields. Empty if it names none, or if this client always gives the same."""
    reason = dict.get(result, "finish_reason")
    if not isinstance(reason, str) or reason == "unknown" or provider in _ALWAYS_SAY_STOP:
        return ""
    return reason


def _sent(args: Sequence[object], kwargs: Mapping[str, object]) -> History | None:
    try:
        return history_of(argument(args, kwargs, 0, "messages"))
    except Exception as exc:
        report("reading the messages of a create() call", exc)
        return None


async def _watched(answer: Awaitable[object], patcher: Patcher, client: object, sent: History | None) -> object:
    """Await the result of a `create` without streaming, and tell the run around it how it ended."""
    token = _creating.set(True)
    try:
        result = await answer
    except BaseException as error:
        _tell(patcher, client, None, error, sent)
        passed_on(error)
        raise
    finally:
        with suppress(ValueError):
            _creating.reset(token)
    _tell(patcher, client, result, None, sent)
    return result


def _tell(patcher: Patcher, client: object, result: object, error: BaseException | None, sent: History | None) -> None:
    try:
        holds = fields_of(result)
        finish = _finish(holds, _provider(_innermost(client)[0]))
        patcher.streams.model_answered(finish, error, text=dict.get(holds, "content"), history=sent)
    except Exception as exc:
        report("reading the result of a create() call", exc)


def _describe(client: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start:
    messages = argument(args, kwargs, 0, "messages")
    innermost, holds = _innermost(client)
    url = base_url(_base_url(holds))
    return Start(
        operation=Operation.CHAT,
        subject=id(client),
        attributes=_identity(innermost, holds, url),
        base_url=url,
        history=history_of(messages),
        may_be_silent=field(last_of(messages), "type") == "FunctionExecutionResultMessage",
    )


def identity(client: object) -> dict[str, object]:
    """Model, provider and endpoint, as far as the client says; through a cache or a recorder."""
    client, holds = _innermost(client)
    return _identity(client, holds, base_url(_base_url(holds)))


def _identity(client: object, holds: dict[str, object], url: str) -> dict[str, object]:
    attributes: dict[str, object] = {semconv.PROVIDER_NAME: _provider(client)}
    arguments = dict.get(holds, "_create_args")
    if isinstance(arguments, dict):
        attributes[semconv.REQUEST_MODEL] = field(arguments, "model")
    elif (below := dict.get(holds, "_sk_client")) is not None:
        attributes[semconv.REQUEST_MODEL] = field(below, "ai_model_id")
    if url:
        attributes.update(endpoint(url))
    return attributes


def _base_url(client: dict[str, object]) -> object:
    """Return the base URL of the SDK's client among a client's fields. None if there is none."""
    below = dict.get(client, "_client")
    for path in _BASE_URLS if below is not None else ():
        url = below
        for name in path:
            url = field(url, name)
        if url is not None:
            return url
    return None


def _innermost(client: object) -> tuple[object, dict[str, object]]:
    """Return the client inside a cache or a recorder, however deep, else `client` itself; and its fields."""
    holds = fields_of(client)
    for name in ("client", "base_client") * 2:
        inner = dict.get(holds, name)
        if inner is not None and hasattr(type(inner), "create_stream"):
            client, holds = inner, fields_of(inner)
    return client, holds


def _provider(client: object) -> str:
    for owner in type(client).__mro__:
        if owner.__name__.startswith(_BEGINS):
            return next(_PROVIDERS[name] for name in _PROVIDERS if owner.__name__.startswith((name, f"Base{name}")))
    return semconv.OTHER


PATCHES = (Patch("autogen-core", ">= 0.4.9, < 0.8", "autogen_core.models._model_client", _apply),)
