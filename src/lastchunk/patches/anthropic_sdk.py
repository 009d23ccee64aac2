# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`messages.create(stream=True)` and `messages.stream(...)` of the anthropic SDK, async and sync, beta, and on Bedrock.

Items: `message_start`, content blocks that start, grow and stop, `message_delta` with the stop reason, `message_stop`.
Source: anthropic/resources/messages/messages.py, anthropic/lib/streaming/_messages.py and anthropic/_streaming.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from types import ModuleType
from typing import Any

from lastchunk.patches.support import sse_body
from lastchunk.patches.support.carried import carried
from lastchunk.patches.support.chat_completions import identifier
from lastchunk.patches.support.fields import field, items_of, last_of
from lastchunk.patches.support.other_instrumentations import wrapped_by_another
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import Call, Content
from lastchunk.patches.support.stainless import calls_of_resource, patch_of_resource, wants_raw_response
from lastchunk.semconv import ChunkKind
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.sdk_streams import ObservedAsyncStream, ObservedStream
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.wire import Wire

_SUPPORTED = ">= 0.39, < 3"

_PROVIDERS = {"Bedrock": "aws.bedrock", "Vertex": "gcp.vertex_ai"}
"""`gen_ai.provider.name`, by what the client's class is called."""


def _apply_stream(module: ModuleType, patcher: Patcher) -> None:
    """Patch `stream`, which makes its request when its context manager is entered. The manager keeps it until then."""
    prefix = "Beta" if ".beta." in module.__name__ else ""
    request_async = _place_of_request(getattr(module, f"{prefix}AsyncMessageStreamManager").__aenter__)
    request = _place_of_request(getattr(module, f"{prefix}MessageStreamManager").__enter__)

    def stream_async(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        manager = wrapped(*args, **kwargs)
        answer = getattr(manager, request_async, None)
        if answer is not None and not wants_raw_response(kwargs):
            call = Call(patcher, instance, args, kwargs, wrapped_by_another(wrapped, instance))
            setattr(manager, request_async, _Request(answer, lambda: MESSAGES.obtain_async(call, answer)))
        return manager

    def stream(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        manager = wrapped(*args, **kwargs)
        ask = getattr(manager, request, None)
        if ask is not None and not wants_raw_response(kwargs):
            call = Call(patcher, instance, args, kwargs, wrapped_by_another(wrapped, instance))

            def observed() -> object:
                with no_frame_of_ours:
                    return MESSAGES.obtain(call, ask)

            setattr(manager, request, observed)
        return manager

    patcher.wrap(module.AsyncMessages, "stream", stream_async)
    patcher.wrap(module.Messages, "stream", stream)


def _place_of_request(enter: Function) -> str:
    """Return the attribute of a manager from which its `__enter__` takes the request."""
    for name in enter.__code__.co_names:
        if name.endswith("__api_request"):
            return name
    raise AttributeError(f"{enter.__qualname__} has no __api_request")


class _Request:
    """The request of a stream's manager. Its observer is made when the request is awaited, or never."""

    def __init__(self, answer: Awaitable[object], observed: Callable[[], Awaitable[object]]) -> None:
        self._answer = answer
        self._observed = observed

    def __getattr__(self, name: str) -> object:
        with no_frame_of_ours:
            return getattr(self._answer, name)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._observed().__await__()


def _apply_bedrock(module: ModuleType, patcher: Patcher) -> None:
    """Give Bedrock's beta messages the patched functions: they borrow those of the others."""
    for owner, lender in (
        (module.AsyncMessages, module.FirstPartyAsyncMessagesAPI),
        (module.Messages, module.FirstPartyMessagesAPI),
    ):
        for name in ("create", "stream"):
            if name in vars(owner) and name in vars(lender):
                patcher.put(owner, name, vars(lender)[name])


def _apply_isinstance(module: ModuleType, patcher: Patcher) -> None:
    """Let a proxy pass the SDK's own `isinstance`, which before 1.0 accepts only its exact class."""

    def is_instance(wrapped: Function, cls: Any, args: Args, kwargs: Kwargs) -> object:
        if args and issubclass(type(args[0]), (ObservedStream, ObservedAsyncStream)):
            stream: Any = args[0]
            return isinstance(stream._self_wrapped, cls)
        return wrapped(*args, **kwargs)

    for name in ("_SyncStreamMeta", "_AsyncStreamMeta"):
        meta = getattr(module, name, None)
        if meta is not None:
            patcher.wrap(meta, "__instancecheck__", is_instance)


def _provider_of(client: object) -> str:
    name = type(client).__name__
    return next((provider for part, provider in _PROVIDERS.items() if part in name), "anthropic")


def _answers_tool(messages: object) -> bool:
    """Whether the last message of the user contains a tool's result."""
    content = field(last_of(messages), "content")
    return any(field(block, "type") == "tool_result" for block in items_of(content))


def _read(wire: Wire, event: object, now: float) -> Content:
    wire.last_event = ChunkKind.MESSAGE
    match getattr(event, "type", None):
        case "content_block_delta":
            delta = getattr(event, "delta", None)
            wire.calls.came(getattr(delta, "partial_json", None), getattr(event, "index", None))
            return _arrived(wire, carried(delta), now)
        case "content_block_start":
            block = getattr(event, "content_block", None)
            if str(getattr(block, "type", "")).endswith("tool_use"):
                return _arrived(wire, (ChunkKind.TOOL_CALL, 0), now)
            return _arrived(wire, carried(block), now)
        case "message_start":
            message = getattr(event, "message", None)
            wire.named(getattr(message, "id", None), getattr(message, "model", None))
            _read_usage(wire, message)
        case "message_delta":
            _read_usage(wire, event)
            reason = identifier(getattr(event, "delta", None), "stop_reason")
            wire.last_event = ChunkKind.USAGE
            if reason is not None:
                wire.finished(reason)
            return ChunkKind.USAGE, 0
        case "message_stop":
            wire.end_marker_came()
        case _:
            pass
    return ChunkKind.MESSAGE, 0


def _arrived(wire: Wire, content: Content, now: float) -> Content:
    kind, size = content
    if size or kind is ChunkKind.TOOL_CALL:
        wire.content(kind, now)
    return content


_INPUT_TOKENS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
"""The API counts those from the cache beside the others; the conventions want all of them."""


def _read_usage(wire: Wire, source: object) -> None:
    usage = getattr(source, "usage", None)
    counts = [count for name in _INPUT_TOKENS if isinstance(count := getattr(usage, name, None), int)]
    # A `message_delta` may count the output only.
    whole = isinstance(getattr(usage, "input_tokens", None), int)
    wire.usage(sum(counts) if whole else None, getattr(usage, "output_tokens", None))


MESSAGES = calls_of_resource(
    "the anthropic SDK",
    provider_of=_provider_of,
    asked="messages",
    answers_tool=_answers_tool,
    read=_read,
    framing=sse_body.MESSAGES,
)

PATCHES = (
    patch_of_resource("anthropic", _SUPPORTED, "anthropic.resources.messages.messages", "Messages", MESSAGES),
    Patch("anthropic", _SUPPORTED, "anthropic.resources.messages.messages", _apply_stream),
    patch_of_resource("anthropic", _SUPPORTED, "anthropic.resources.beta.messages.messages", "Messages", MESSAGES),
    Patch("anthropic", _SUPPORTED, "anthropic.resources.beta.messages.messages", _apply_stream),
    Patch("anthropic", _SUPPORTED, "anthropic.lib.bedrock._beta_messages", _apply_bedrock),
    Patch("anthropic", _SUPPORTED, "anthropic._streaming", _apply_isinstance),
)
