# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Turns an exception into a `Failure`, by the names of its classes, without importing an SDK."""

from __future__ import annotations

from dataclasses import replace

from lastchunk import foreign
from lastchunk.semconv import Cause, Detail
from lastchunk.streams.evidence import Failure, FailureKind
from lastchunk.streams.provider_errors import cause_named_by
from lastchunk.streams.raised import behind
from lastchunk.streams.shapes import members, own_attributes

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
    " ResponseValidationError ValidationError",
    FailureKind.PROVIDER: "APIError AnthropicError OpenAIError ResponseError HttpResponseError HTTPStatusError MistralError",
}
_KIND_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}

_TRANSPORT = (FailureKind.TIMEOUT, FailureKind.CONNECTION)

_MISMATCHES = frozenset({"ImportError", "TypeError", "AttributeError", "KeyError", "IndexError", "NotImplementedError"})
"""Classes of exceptions with which a library says that it did not expect what another one gave it."""

_LIBRARIES = frozenset(
    [
        "autogen_ext",
        "autogen_core",
        "autogen",
        "ag2",
        "openai",
        "anthropic",
        "ollama",
        "azure",
        "mistralai",
        "google",
        "agent_framework",
    ]
)
"""Where such an exception means a mismatch of packages. Anywhere else it is the application's own."""

_SDKS = frozenset(
    [
        "openai",
        "anthropic",
        "ollama",
        "azure",
        "mistralai",
        "google",
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

_SAYS_MORE = {
    FailureKind.PROVIDER: (FailureKind.TIMEOUT, FailureKind.CONNECTION),
    FailureKind.CONNECTION: (FailureKind.TIMEOUT, FailureKind.PROTOCOL),
}
"""An SDK puts its own error on top of what happened: a broken connection, or bytes that cannot be decoded."""

_NOTHING_SENT = {
    Detail.NO_FREE_CONNECTION: "PoolTimeout EmptyPoolError ConnectionTimeoutError",
    Detail.NOT_CONNECTED: "ConnectTimeout ConnectError ConnectionRefusedError gaierror NewConnectionError ConnectTimeoutError"
    " ClientConnectorError NameResolutionError ServiceRequestError ServiceRequestTimeoutError",
}
_DETAIL_BY_NAME = {name: detail for detail, names in _NOTHING_SENT.items() for name in names.split()}
_DETAIL_BY_STATUS: dict[tuple[int, Cause | None], Detail] = {
    (404, None): Detail.NOT_FOUND,
    (401, None): Detail.NOT_AUTHORIZED,
    (403, None): Detail.NOT_AUTHORIZED,
    (402, None): Detail.PAYMENT_REQUIRED,
    (413, Cause.CONTEXT_LIMIT): Detail.TOO_LARGE,
}
"""By the status, and the cause that the error names."""


def qualified_name(error: BaseException) -> str:
    """Return the exception's class as `error.type` names it: with its module, unless that is `builtins`."""
    return foreign.class_name(type(error))


def failure_of(error: BaseException) -> Failure:
    """What `error` stands for: it, what it was raised from, or the members of its group; the nearest that says something.

    The text of the exception is looked at, and never kept.
    """
    kinds = [(kind, link) for link in behind(error) if (kind := _kind_behind(link, error)) is not None]
    if kinds:
        kind, link = kinds[0]
        kind = next((below for below, _ in kinds if below in _SAYS_MORE.get(kind, ())), kind)
        hint = _hint(link) if kind not in _TRANSPORT else None
        return Failure(kind, qualified_name(error), hint, _detail(kind, hint, [link for _, link in kinds]))
    if _from_a_library(error):
        mismatch = any(foreign.own_name(base) in _MISMATCHES for base in type(error).__mro__)
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
    return _from_a_library(error) or any(
        foreign.module_of(base).partition(".")[0] in _SDKS for base in type(error).__mro__
    )


def _kind_of(error: BaseException) -> FailureKind | None:
    return next((kind for base in type(error).__mro__ if (kind := _KIND_BY_NAME.get(foreign.own_name(base)))), None)


def _kind_behind(link: BaseException, error: BaseException) -> FailureKind | None:
    """A cancel, or the end of the process, is what it is only where it is raised itself, alone in a group or not."""
    kind = _kind_of(link)
    if kind not in (FailureKind.CANCEL, FailureKind.EXIT) or link is error:
        return kind
    return kind if link in members(error) else None


def _hint(error: BaseException) -> Cause | None:
    if any(foreign.own_name(base) == "ValidationError" for base in type(error).__mro__):
        return Cause.PACKAGE_MISMATCH
    return cause_named_by(error)


def _detail(kind: FailureKind, hint: Cause | None, links: list[BaseException]) -> Detail | None:
    names = (foreign.own_name(base) for link in links for base in type(link).__mro__)
    if kind in _TRANSPORT:
        return next((detail for name in names if (detail := _DETAIL_BY_NAME.get(name))), None)
    if hint is Cause.NO_STREAMING_SUPPORT:
        return Detail.STREAMING_REFUSED
    if hint is Cause.IDLE_TIMEOUT:
        return Detail.GATEWAY_TIMEOUT
    status = _status(links[0])
    return _DETAIL_BY_STATUS.get((status, hint)) if isinstance(status, int) else None


def _status(link: BaseException) -> object:
    """Return the HTTP status that an exception, or its response, has itself. A property is not asked: it may raise."""
    own = own_attributes(link)
    return own.get("status_code") or own_attributes(own.get("response")).get("status_code")


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
