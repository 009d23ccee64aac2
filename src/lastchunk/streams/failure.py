# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An exception in, `Failure` out: what it stands for, by the names of its classes, never by importing an SDK."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lastchunk import foreign
from lastchunk.semconv import Cause
from lastchunk.streams.ending import Failure, FailureKind
from lastchunk.streams.raised import behind

_KINDS = {
    FailureKind.LENGTH: "LengthFinishReasonError",
    FailureKind.CONTENT_FILTER: "ContentFilterFinishReasonError",
    FailureKind.CANCEL: "CancelledError",
    FailureKind.EXIT: "KeyboardInterrupt SystemExit",
    FailureKind.TIMEOUT: "APITimeoutError TimeoutException ServiceResponseTimeoutError ServerTimeoutError"
    " ReadTimeoutError Timeout TimeoutError",
    FailureKind.CONNECTION: "APIConnectionError TransportError ServiceRequestError ServiceResponseError"
    " IncompleteReadError IncompleteRead ClientConnectionError ClientPayloadError HTTPException ProtocolError"
    " BrokenResourceError ConnectionError ChunkedEncodingError",
    FailureKind.PROTOCOL: "JSONDecodeError UnicodeError DecodingError DecodeError APIResponseValidationError"
    " ValidationError",
    FailureKind.PROVIDER: "APIError AnthropicError OpenAIError ResponseError HttpResponseError HTTPStatusError",
}
_KIND_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}

_TRANSPORT = (FailureKind.TIMEOUT, FailureKind.CONNECTION)

_MISMATCHES = frozenset({"ImportError", "TypeError", "AttributeError", "KeyError", "IndexError", "NotImplementedError"})
"""Classes of exceptions with which a library says that it did not expect what another one gave it."""

_LIBRARIES = frozenset({"autogen_ext", "autogen_core", "autogen", "ag2", "openai", "anthropic", "ollama", "azure"})
"""Where such an exception means a mismatch of packages. Anywhere else it is the application's own."""

_SDKS = frozenset(
    [
        "openai",
        "anthropic",
        "ollama",
        "azure",
        "httpx",
        "httpx2",
        "httpcore",
        "httpcore2",
        "h11",
        "h2",
        "aiohttp",
        "requests",
        "urllib3",
        "anyio",
        "mcp",
    ]
)
"""Packages whose exceptions tell of a provider or a transport, whoever lets them through."""

_PASSING_ON = ("lastchunk.patches.", "lastchunk.streams.", "wrapt.", "pydantic")
"""Modules that call what they were given: an exception of their frames is their caller's. (wrapt has frames where it runs
without its extension, as version 1.17 does on Python 3.14.)"""

_CONTEXT_LIMIT = re.compile(
    r"context[ _-]?(length|window|size)|maximum context|prompt is too long|too many (input )?tokens|string_above_max_length",
    re.IGNORECASE,
)
_CONTENT_FILTER = re.compile(r"content[ _-]?(filter|policy)|ResponsibleAIPolicyViolation", re.IGNORECASE)
_GAVE_UP_WAITING = frozenset({408, 504, 524})
"""HTTP statuses with which a proxy, or the server itself, says that it waited long enough; 524 is Cloudflare's."""
_RATE_LIMIT = re.compile(r"rate[ _-]?limit|insufficient_quota|too_many_requests", re.IGNORECASE)


def qualified_name(error: BaseException) -> str:
    """The exception's class as `error.type` names it: with its module, unless that is `builtins`."""
    return foreign.class_name(type(error))


def failure_of(error: BaseException) -> Failure:
    """What `error` stands for. The text of the exception is looked at, and never kept."""
    kinds = [(kind, link) for link in causes(error) if (kind := _kind_of(link)) is not None]
    if kinds:
        kind, link = kinds[0]
        if kind is FailureKind.PROVIDER:
            # An SDK may put its general error on top of a broken connection: then the provider said nothing.
            kind = next((below for below, _ in kinds if below in _TRANSPORT), kind)
        return Failure(kind, qualified_name(error), _hint(link))
    if _from_a_library(error):
        mismatch = any(base.__name__ in _MISMATCHES for base in type(error).__mro__)
        if mismatch or isinstance(error, ValueError):
            return Failure(FailureKind.PROTOCOL, qualified_name(error), Cause.PACKAGE_MISMATCH if mismatch else None)
    hint = Cause.PACKAGE_MISMATCH if isinstance(error, ImportError) else None
    return Failure(FailureKind.OTHER, qualified_name(error), hint)


def failure_of_run(error: BaseException) -> Failure:
    """What `error` stands for that ended a run, and that no stream below has raised.

    It may be the application's own, and then its class may be called anything. It says something of a transport or a
    provider only if its class is one of an SDK's, or if AutoGen raised it.
    """
    if _kind_of(error) in (FailureKind.CANCEL, FailureKind.EXIT):
        return failure_of(error)
    for link in behind(error):
        if _of_an_sdk(link):
            return replace(failure_of(link), error_type=qualified_name(error))
    hint = Cause.PACKAGE_MISMATCH if isinstance(error, ImportError) else None
    return Failure(FailureKind.OTHER, qualified_name(error), hint)


def _of_an_sdk(error: BaseException) -> bool:
    if _kind_of(error) in (FailureKind.CANCEL, FailureKind.EXIT):
        return False
    return _from_a_library(error) or any(base.__module__.partition(".")[0] in _SDKS for base in type(error).__mro__)


def _kind_of(error: BaseException) -> FailureKind | None:
    return next((kind for base in type(error).__mro__ if (kind := _KIND_BY_NAME.get(base.__name__))), None)


def causes(error: BaseException) -> Iterator[BaseException]:
    """`error`, and what it was raised from, at most ten deep."""
    link: BaseException | None = error
    for _ in range(10):
        if link is None:
            return
        yield link
        link = link.__cause__


def _hint(error: BaseException) -> Cause | None:
    if any(base.__name__ == "ValidationError" for base in type(error).__mro__):
        return Cause.PACKAGE_MISMATCH
    status = _own(error, "status_code")
    if isinstance(status, int) and status == 429:
        return Cause.RATE_LIMITED
    if isinstance(status, int) and status in _GAVE_UP_WAITING:
        return Cause.IDLE_TIMEOUT
    said = " ".join(_words(error))
    if _CONTEXT_LIMIT.search(said):
        return Cause.CONTEXT_LIMIT
    if _CONTENT_FILTER.search(said):
        return Cause.CONTENT_FILTER
    if _RATE_LIMIT.search(said):
        return Cause.RATE_LIMITED
    return None


def _words(error: BaseException) -> Iterator[str]:
    """Codes and messages: the exception's own attributes, and those of an error object in its body."""
    body = _own(error, "body")
    for source in (error, body, _own(body, "error")):
        for key in ("code", "type", "message", "error"):
            value = _own(source, key)
            if isinstance(value, str):
                yield str.__str__(value)[:1000]


def _own(source: object, name: str) -> Any:
    """What an exception, or an object in it, holds itself: a property of it is not asked, it may raise."""
    if isinstance(source, dict):
        return dict.get(source, name)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return getattr(source, "__dict__", {}).get(name)


def _from_a_library(error: BaseException) -> bool:
    """The exception was raised by code of AutoGen or a provider's SDK, or by pydantic for it.

    A call with a wrong argument raises where it is made: in our wrapper or in wrapt's, for what we wrap.
    """
    traceback, package = error.__traceback__, ""
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if not module.startswith(_PASSING_ON):
            package = module.partition(".")[0]
        traceback = traceback.tb_next
    return package in _LIBRARIES
