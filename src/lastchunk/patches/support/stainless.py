# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the SDKs that the generator Stainless makes have in common: openai and anthropic.

Source: openai/_streaming.py and openai/_legacy_response.py, and the same in anthropic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lastchunk.patches.support.fields import field, fields_of
from lastchunk.streams.wire import Wire

_RAW_RESPONSE = "x-stainless-raw-response"
"""The header by which `with_raw_response` and `with_streaming_response` ask for something else than a stream."""


def asks_for_stream(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """`create(stream=True)`, perhaps through `with_raw_response` or `with_streaming_response`."""
    return kwargs.get("stream") is True


def wants_raw_response(kwargs: Mapping[str, Any]) -> bool:
    """The call is made through `with_raw_response` or `with_streaming_response`."""
    headers = fields_of(kwargs.get("extra_headers"))
    return any(isinstance(name, str) and name.lower() == _RAW_RESPONSE for name in dict.keys(headers))


def opened(wire: Wire, stream: Any) -> None:
    """The response headers came."""
    headers = getattr(getattr(stream, "response", None), "headers", None)
    wire.obtained(str(headers.get("content-type", "")) if headers is not None else "")


def client_of(resource: Any) -> tuple[Any, Any]:
    """The client of a resource such as `client.messages`, and its base URL."""
    client = field(resource, "_client")
    return client, field(client, "_base_url")
