# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the openai and anthropic SDKs share, because the generator Stainless makes both.

Source: openai/_streaming.py and openai/_legacy_response.py, and the same in anthropic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

from lastchunk.patches.support.fields import field, fields_of
from lastchunk.patches.support.history import history_of
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import Content, Sdk, bare_stream
from lastchunk.patches.support.shapes import DecodedStream
from lastchunk.patches.support.sse_body import Framing, SseBody
from lastchunk.patches.support.sse_decoder import WatchedDecoder
from lastchunk.streams.start import History, Start
from lastchunk.streams.wire import Wire

RAW_RESPONSE = "x-stainless-raw-response"
"""The header by which `with_raw_response` and `with_streaming_response` ask for something else than a stream."""
_RETRIES = "x-stainless-retry-count"
"""The header in which the SDK says how many times it has asked before."""
_BINARY = "application/vnd.amazon.eventstream"
"""What Bedrock sends in place of SSE."""


def calls_of_resource(
    name: str,
    *,
    provider_of: Callable[[object], str],
    asked: str,
    read: Callable[[Wire, object, float], Content],
    framing: Framing,
    history: Callable[[object], History | None] = history_of,
    answers_tool: Callable[[object], bool] = lambda given: False,
) -> Sdk:
    """The calls of a resource such as `client.messages`.

    `provider_of` takes the client; `asked` names the argument that carries what the model is asked, which `history` measures and
    of which `answers_tool` says whether a tool's result comes last; `read` takes the evidence out of an item of the stream.
    """

    def describe(resource: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start:
        client, url = client_of(resource)
        given = kwargs.get(asked)
        return bare_stream(
            resource,
            provider=provider_of(client),
            model=kwargs.get("model"),
            url=url,
            history=history(given),
            may_be_silent=answers_tool(given),
        )

    def watch_body(wire: Wire, stream: DecodedStream) -> None:
        headers_came(wire, stream, framing)

    return Sdk(name=name, asks=asks_for_stream, describe=describe, read=read, obtained=watch_body)


def patch_of_resource(
    library: str, supported: str, module: str, resource: str, sdk: Sdk, methods: Sequence[str] = ("create",)
) -> Patch:
    """Return the patch of the methods of a resource's class and of its async twin, such as `Messages` and `AsyncMessages`."""

    def apply(module: ModuleType, patcher: Patcher) -> None:
        for method in methods:
            sdk.wrap_async(patcher, getattr(module, f"Async{resource}"), method)
            sdk.wrap(patcher, getattr(module, resource), method)

    return Patch(library, supported, module, apply)


def asks_for_stream(args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    """Whether the call is `create(stream=True)`, perhaps through `with_raw_response` or `with_streaming_response`."""
    return kwargs.get("stream") is True


def wants_raw_response(kwargs: Mapping[str, object]) -> bool:
    """Whether the call is made through `with_raw_response` or `with_streaming_response`."""
    headers = fields_of(kwargs.get("extra_headers"))
    return any(isinstance(name, str) and name.lower() == RAW_RESPONSE for name in dict.keys(headers))


def headers_came(wire: Wire, stream: DecodedStream, framing: Framing) -> None:
    """Note that the response headers came, and look at the body as the SDK's decoder reads it."""
    response = getattr(stream, "response", None)
    headers = getattr(response, "headers", None)
    content_type = str(headers.get("content-type", "")) if headers is not None else ""
    wire.obtained(content_type)
    wire.retried = _retried(response)
    decoder = getattr(stream, "_decoder", None)
    if decoder is not None and not content_type.startswith(_BINARY):
        stream._decoder = WatchedDecoder(decoder, SseBody(wire, framing))


def _retried(response: object) -> bool:
    headers = getattr(getattr(response, "request", None), "headers", None)
    return headers is not None and str(headers.get(_RETRIES, "0")) != "0"


def client_of(resource: object) -> tuple[object, object]:
    """Return the client of a resource such as `client.messages`, and its base URL."""
    client = field(resource, "_client")
    return client, field(client, "_base_url")
