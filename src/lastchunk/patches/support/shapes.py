# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The shapes of the SDKs' objects that the patches rely on. Each is looked for before it is used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Protocol, TypeGuard


class RawResponse(Protocol):
    """The result of `with_raw_response`: the HTTP response, which gives the stream when `parse` is called."""

    headers: Mapping[str, str]
    http_response: object

    def parse(self, *args: object, **kwargs: object) -> object:
        """The stream, or a coroutine that gives it."""
        ...


class Decoder(Protocol):
    """Turns the bytes of a body into server-sent events, in the openai and anthropic SDKs."""

    def aiter_bytes(self, source: AsyncIterator[bytes]) -> object:
        """The events of an async body."""
        ...

    def iter_bytes(self, source: Iterator[bytes]) -> object:
        """The events of a sync body."""
        ...


class DecodedStream(Protocol):
    """A stream of the openai and anthropic SDKs, which has its decoder."""

    _decoder: Decoder


class StreamOfBytes(Protocol):
    """A stream of azure-ai-inference, which takes the body from an iterator."""

    _bytes_iterator: AsyncIterator[bytes] | Iterator[bytes]


class Body(Protocol):
    """A response of httpx, whose body is read through these methods."""

    def aiter_bytes(self, *args: object, **kwargs: object) -> AsyncIterator[bytes]:
        """The bytes of an async body."""
        ...

    def iter_bytes(self, *args: object, **kwargs: object) -> Iterator[bytes]:
        """The bytes of a sync body."""
        ...


def is_raw(response: object) -> TypeGuard[RawResponse]:
    """Whether a call returned the response, and not yet its stream."""
    return hasattr(response, "http_response") and hasattr(response, "parse")
