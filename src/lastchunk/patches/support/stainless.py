# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the SDKs that the generator Stainless makes have in common: openai and anthropic.

Source: openai/_streaming.py and openai/_legacy_response.py, and the same in anthropic.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from lastchunk.patches.support.fields import field, fields_of
from lastchunk.patches.support.sse_body import Framing, SseBody
from lastchunk.streams.wire import Wire

RAW_RESPONSE = "x-stainless-raw-response"
"""The header by which `with_raw_response` and `with_streaming_response` ask for something else than a stream."""
_RETRIES = "x-stainless-retry-count"
"""The header in which the SDK says how many times it has asked before."""
_BINARY = "application/vnd.amazon.eventstream"
"""What Bedrock sends in place of SSE."""


def asks_for_stream(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """`create(stream=True)`, perhaps through `with_raw_response` or `with_streaming_response`."""
    return kwargs.get("stream") is True


def wants_raw_response(kwargs: Mapping[str, Any]) -> bool:
    """The call is made through `with_raw_response` or `with_streaming_response`."""
    headers = fields_of(kwargs.get("extra_headers"))
    return any(isinstance(name, str) and name.lower() == RAW_RESPONSE for name in dict.keys(headers))


def opened(wire: Wire, stream: Any, framing: Framing) -> None:
    """The response headers came; from here on the body is looked at as the SDK's decoder reads it."""
    response = getattr(stream, "response", None)
    headers = getattr(response, "headers", None)
    content_type = str(headers.get("content-type", "")) if headers is not None else ""
    wire.obtained(content_type)
    wire.retried = _retried(response)
    decoder = getattr(stream, "_decoder", None)
    if decoder is not None and not content_type.startswith(_BINARY):
        stream._decoder = _WatchedDecoder(decoder, SseBody(wire, framing))


def _retried(response: Any) -> bool:
    headers = getattr(getattr(response, "request", None), "headers", None)
    return headers is not None and str(headers.get(_RETRIES, "0")) != "0"


class _WatchedDecoder:
    """The SDK's decoder, with a look at what it is given."""

    def __init__(self, decoder: Any, body: SseBody) -> None:
        self._decoder = decoder
        self._body = body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)

    def aiter_bytes(self, source: AsyncIterator[bytes]) -> Any:
        """As the SDK's."""
        return self._decoder.aiter_bytes(self._body.look_async(source))

    def iter_bytes(self, source: Iterator[bytes]) -> Any:
        """As the SDK's."""
        return self._decoder.iter_bytes(self._body.look_sync(source))


def client_of(resource: Any) -> tuple[Any, Any]:
    """The client of a resource such as `client.messages`, and its base URL."""
    client = field(resource, "_client")
    return client, field(client, "_base_url")
