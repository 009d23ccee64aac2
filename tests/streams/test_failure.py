# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What an exception means, by the names of its classes, including those of SDKs that are not installed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import httpx2
import openai
import pydantic
import pytest

from lastchunk.semconv import Cause, Detail
from lastchunk.streams.evidence import FailureKind
from lastchunk.streams.failure import failure_of, failure_of_run, qualified_name

KIND = FailureKind


def _named(name: str, *bases: type[BaseException]) -> BaseException:
    """An exception of a class that is called like one of an SDK, and comes from nowhere near it."""
    return type(name, bases or (Exception,), {"__module__": "some.sdk"})("the text")


def _raised(function: Callable[[], object], *, source: BaseException | None = None) -> BaseException:
    """Return what `function` raises; with a `source`, raised from that."""
    try:
        function()
    except BaseException as error:
        error.__cause__ = source or error.__cause__
        return error
    raise AssertionError("it did not raise")


def _in_module(name: str, code: str) -> BaseException:
    """What `code` raises, when it stands in the module `name`."""
    return _raised(lambda: exec(compile(code, name, "exec"), {"__name__": name}))


REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1")


def _status(code: int, body: dict[str, object] | None = None) -> BaseException:
    """An HTTP error, as the openai SDK raises it."""
    client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1/v1")
    response = httpx2.Response(code, request=REQUEST)
    return client._make_status_error("the text", body=body, response=response)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, KIND.TIMEOUT) for name in ("ReadTimeout", "APITimeoutError", "ServiceResponseTimeoutError")),
        *((name, KIND.CONNECTION) for name in ("APIConnectionError", "IncompleteReadError", "ClientPayloadError")),
        *((name, KIND.PROVIDER) for name in ("APIStatusError", "ResponseError", "HttpResponseError")),
        *((name, KIND.PROTOCOL) for name in ("JSONDecodeError", "APIResponseValidationError")),
        ("LengthFinishReasonError", KIND.LENGTH),
        ("ContentFilterFinishReasonError", KIND.CONTENT_FILTER),
        ("SomethingElse", KIND.OTHER),
    ],
)
def test_by_name(name: str, kind: FailureKind) -> None:
    """Each SDK has its own classes of the same name; a class that inherits from one counts as it."""
    base = {"ReadTimeout": "TimeoutException", "APIStatusError": "APIError"}.get(name)
    error = _named(name, type(_named(base))) if base else _named(name)
    assert failure_of(error).kind is kind
    assert failure_of(_named("MySpecialError", type(error))).kind is kind
    assert failure_of(error).error_type == f"some.sdk.{name}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (openai.APITimeoutError(request=REQUEST), KIND.TIMEOUT),
        (openai.APIConnectionError(request=REQUEST), KIND.CONNECTION),
        (openai.APIError("the text", REQUEST, body=None), KIND.PROVIDER),
        (httpx.ReadTimeout(""), KIND.TIMEOUT),
        (httpx.ReadError(""), KIND.CONNECTION),
        (httpx.RemoteProtocolError("incomplete chunked read"), KIND.CONNECTION),
        (httpx2.ReadTimeout(""), KIND.TIMEOUT),
        (httpx2.ReadError(""), KIND.CONNECTION),
        (httpx2.RemoteProtocolError("incomplete chunked read"), KIND.CONNECTION),
        (ConnectionResetError(104, "reset"), KIND.CONNECTION),
        (TimeoutError(), KIND.TIMEOUT),
        (_raised(lambda: json.loads("{")), KIND.PROTOCOL),
        (_raised(lambda: b"\xff".decode()), KIND.PROTOCOL),
        (asyncio.CancelledError(), KIND.CANCEL),
        (KeyboardInterrupt(), KIND.EXIT),
        (SystemExit(), KIND.EXIT),
        (ValueError("the text"), KIND.OTHER),
        (_named("OSError"), KIND.OTHER),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_real_ones(error: BaseException, kind: FailureKind) -> None:
    """These are raised by the installed libraries."""
    assert failure_of(error).kind is kind


def test_along_its_causes() -> None:
    """AutoGen wraps what its client raised; the type that is told is still that of what the application gets."""
    wrapped = _raised(lambda: (_ for _ in ()).throw(RuntimeError("the text")), source=httpx.ReadError(""))
    failure = failure_of(wrapped)
    assert (failure.kind, failure.error_type) == (KIND.CONNECTION, "RuntimeError")


def test_what_was_being_handled() -> None:
    """An exception that says nothing itself was raised in the handling of one that does; but a cancel is no failure."""
    error = ValueError("the text")
    error.__context__ = httpx.ReadError("")
    assert failure_of(error).kind is KIND.CONNECTION
    error.__context__ = asyncio.CancelledError()
    assert failure_of(error).kind is KIND.OTHER


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        (ExceptionGroup("", [httpx.ConnectError("")]), KIND.CONNECTION),
        (ExceptionGroup("", [ExceptionGroup("", [httpx.ReadTimeout("")])]), KIND.TIMEOUT),
        (ExceptionGroup("", [ValueError(""), httpx.ReadError("")]), KIND.CONNECTION),
        (BaseExceptionGroup("", [asyncio.CancelledError()]), KIND.CANCEL),
        (ExceptionGroup("", [ValueError("")]), KIND.OTHER),
    ],
)
def test_a_group_is_what_its_members_are(group: BaseException, kind: FailureKind) -> None:
    """As clients built on anyio raise it."""
    assert failure_of(group).kind is kind


def _wrapped(source: BaseException) -> BaseException:
    """As the openai SDK wraps whatever happens to a request."""
    return _raised(lambda: (_ for _ in ()).throw(openai.APIConnectionError(request=REQUEST)), source=source)


@pytest.mark.parametrize(
    ("source", "kind", "detail"),
    [
        (httpx.DecodingError(""), KIND.PROTOCOL, None),
        (httpx.PoolTimeout(""), KIND.TIMEOUT, Detail.NO_FREE_CONNECTION),
        (httpx.ConnectTimeout(""), KIND.TIMEOUT, Detail.NOT_CONNECTED),
        (httpx.ConnectError(""), KIND.CONNECTION, Detail.NOT_CONNECTED),
        (httpx.ReadError(""), KIND.CONNECTION, None),
        (ConnectionRefusedError(), KIND.CONNECTION, Detail.NOT_CONNECTED),
    ],
)
def test_what_an_sdk_wraps(source: BaseException, kind: FailureKind, detail: Detail | None) -> None:
    """The failure stays the same, however the SDK wraps it."""
    failure = failure_of(_wrapped(source))
    assert (failure.kind, failure.detail) == (kind, detail)


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        (404, Detail.NOT_FOUND),
        (401, Detail.NOT_AUTHORIZED),
        (402, Detail.PAYMENT_REQUIRED),
        (413, Detail.TOO_LARGE),
        (504, Detail.GATEWAY_TIMEOUT),
        (500, None),
    ],
)
def test_what_a_status_says(code: int, detail: Detail | None) -> None:
    """Beyond that it is an error."""
    assert failure_of(_status(code)).detail is detail


@pytest.mark.parametrize("code", [401, 402, 404, 408, 413, 429, 500, 504])
def test_a_status_that_httpx_raised_says_the_same(code: int) -> None:
    """By itself, as in a client of one's own, and below the error of an SDK that nobody knows."""
    response = httpx.Response(code, request=httpx.Request("POST", "http://127.0.0.1/"))
    with pytest.raises(httpx.HTTPStatusError) as raised:
        response.raise_for_status()
    unknown = KeyError()
    unknown.__context__ = raised.value
    known = failure_of(_status(code))
    for error in (raised.value, unknown):
        failure = failure_of(error)
        assert (failure.kind, failure.hint, failure.detail) == (known.kind, known.hint, known.detail)


def test_a_circle_of_causes_ends() -> None:
    """Exceptions can refer to each other in a circle."""
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert failure_of(one).kind is KIND.OTHER


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (_status(429), Cause.RATE_LIMITED),
        (_status(408), Cause.IDLE_TIMEOUT),
        (_status(504), Cause.IDLE_TIMEOUT),
        (_status(524), Cause.IDLE_TIMEOUT),
        (_status(502), None),
        (_status(400, {"code": "rate_limit_exceeded"}), Cause.RATE_LIMITED),
        (_status(400, {"code": "context_length_exceeded"}), Cause.CONTEXT_LIMIT),
        (_status(400, {"error": {"code": "context_length_exceeded"}}), Cause.CONTEXT_LIMIT),
        (_status(400, {"error": {"type": "invalid", "message": "prompt is too long: 9 tokens"}}), Cause.CONTEXT_LIMIT),
        (_status(400, {"code": "content_filter"}), Cause.CONTENT_FILTER),
        (_status(400, {"message": "ResponsibleAIPolicyViolation"}), Cause.CONTENT_FILTER),
        (_status(500, {"code": None, "type": 5, "message": ["odd"]}), None),
        (_status(500), None),
    ],
)
def test_hints(error: BaseException, hint: Cause | None) -> None:
    """Status, code and message name a cause."""
    failure = failure_of(error)
    assert (failure.kind, failure.hint) == (KIND.PROVIDER, hint)


def test_a_body_of_any_shape() -> None:
    """What an SDK keeps as the body is whatever the server sent."""
    for body in (None, "text", b"\xff", 5, [], {"error": "text"}, {"error": {"code": object()}}):
        assert failure_of(openai.APIError("the text", REQUEST, body=body)).kind is KIND.PROVIDER


def test_a_property_that_raises() -> None:
    """An exception class of an application can do anything."""

    class Odd(Exception):
        @property
        def code(self) -> str:
            raise AttributeError("no")

    assert failure_of(Odd()).kind is KIND.OTHER


def test_a_validation_error_is_a_mismatch() -> None:
    """An SDK's model that does not take what the backend sent."""

    class Chunk(pydantic.BaseModel):
        choices: list[str]

    failure = failure_of(_raised(lambda: Chunk.model_validate({"choices": None})))
    assert (failure.kind, failure.hint) == (KIND.PROTOCOL, Cause.PACKAGE_MISMATCH)


@pytest.mark.parametrize(
    ("module", "code", "kind", "hint"),
    [
        ("autogen_ext.models.openai", "None.model", KIND.PROTOCOL, Cause.PACKAGE_MISMATCH),
        ("openai._streaming", "len(None)", KIND.PROTOCOL, Cause.PACKAGE_MISMATCH),
        ("autogen_ext.models.azure", "raise ValueError('No stop reason found')", KIND.PROTOCOL, None),
        ("openai._streaming", "import no_such_module", KIND.PROTOCOL, Cause.PACKAGE_MISMATCH),
        ("my_application", "len(None)", KIND.OTHER, None),
        ("my_application", "raise ValueError", KIND.OTHER, None),
        ("my_application", "import no_such_module", KIND.OTHER, Cause.PACKAGE_MISMATCH),
        ("openai_lookalike", "len(None)", KIND.OTHER, None),
        ("autogen_ext.models.openai", "raise LookupError", KIND.OTHER, None),
    ],
)
def test_where_it_was_raised(module: str, code: str, kind: FailureKind, hint: Cause | None) -> None:
    """A `TypeError` in a library says that packages do not fit; one in the application is the application's."""
    failure = failure_of(_in_module(module, code))
    assert (failure.kind, failure.hint) == (kind, hint)


@pytest.mark.parametrize("passes_on", ["wrapt.wrappers", "lastchunk.patches.support.patching", "pydantic.main"])
def test_what_only_passes_a_call_on_is_not_whose_it_is(passes_on: str) -> None:
    """A wrong argument raises in the frame that makes the call: with wrapt in pure Python, that is wrapt's."""
    spaces: list[dict[str, Any]] = [{"__name__": "autogen_ext.models.openai"}, {"__name__": passes_on}]
    for space in spaces:
        exec("def call(function): return function()", space)
    failure = failure_of(_raised(lambda: spaces[0]["call"](partial(spaces[1]["call"], partial(len, None)))))
    assert (failure.kind, failure.hint) == (KIND.PROTOCOL, Cause.PACKAGE_MISMATCH)


def test_qualified_name() -> None:
    """Builtins go by their name alone, as the conventions show it; others with their module, and nested ones whole."""
    assert qualified_name(ValueError()) == "ValueError"
    assert qualified_name(openai.APIError("the text", REQUEST, body=None)) == "openai.APIError"
    assert qualified_name(json.JSONDecodeError("the text", "", 0)) == "json.decoder.JSONDecodeError"

    class Own(Exception):
        pass

    assert qualified_name(Own()).endswith("test_qualified_name.<locals>.Own")


def test_nothing_of_the_text_is_kept() -> None:
    """The text can quote a prompt."""
    assert "the text" not in repr(failure_of(_status(400, {"message": "the text, maximum context"})))


def test_no_sdk_is_imported_for_it() -> None:
    """An application with an SDK of its own must not pay for another."""
    code = "import sys, lastchunk.streams.failure as f; f.failure_of(ValueError()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert {"httpx", "httpx2", "openai", "pydantic"}.isdisjoint(done.stdout.split())


class ValidationError(Exception):
    """As those of django, jsonschema and marshmallow are called."""


class HTTPException(Exception):
    """As those of fastapi and werkzeug are called."""


class _Order(pydantic.BaseModel):
    price: int


@pytest.mark.parametrize(
    "call",
    [
        lambda: _throw(ValidationError("the price is negative")),
        lambda: _throw(HTTPException(404)),
        lambda: _throw(ConnectionRefusedError("the database")),
        lambda: _throw(TimeoutError("a lock")),
        lambda: json.loads("{a file"),
        lambda: b"\xff".decode(),
        lambda: _Order.model_validate({"price": "free"}),
        lambda: {}["missing"],
    ],
)
def test_what_a_run_raises_itself_is_its_own(call: Callable[[], object]) -> None:
    """Whatever the class is called: no stream below raised it."""
    failure = failure_of_run(_raised(call))
    assert (failure.kind, failure.hint) == (KIND.OTHER, None)


def _throw(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("call", "kind", "hint"),
    [
        (lambda: _throw(httpx.ConnectError("no")), KIND.CONNECTION, None),
        (lambda: _throw(_status(429)), KIND.PROVIDER, Cause.RATE_LIMITED),
        (lambda: _throw(asyncio.CancelledError()), KIND.CANCEL, None),
        (
            lambda: exec(compile("{}[0]", "x", "exec"), {"__name__": "autogen_core.x"}),
            KIND.PROTOCOL,
            Cause.PACKAGE_MISMATCH,
        ),
        (lambda: _throw(ImportError("tiktoken")), KIND.OTHER, Cause.PACKAGE_MISMATCH),
    ],
)
def test_what_a_run_hands_on_of_a_library(call: Callable[[], object], kind: FailureKind, hint: Cause | None) -> None:
    """An SDK's class says something, and so does what AutoGen raised."""
    failure = failure_of_run(_raised(call))
    assert (failure.kind, failure.hint) == (kind, hint)


def test_a_run_that_raises_anew() -> None:
    """The class on the outside names the type, the SDK's below says what it was."""
    failure = failure_of_run(_raised(lambda: _throw(HTTPException(502)), source=httpx.ConnectError("no")))
    assert (failure.kind, failure.error_type.rpartition(".")[2]) == (KIND.CONNECTION, "HTTPException")


class Unhelpful(Exception):
    """Its properties raise, and one has an unexpected value."""

    @property
    def status_code(self) -> int:
        raise RuntimeError

    body = code = message = status_code


@pytest.mark.parametrize("field", [None, [429], {"a": 1}, True, "429", 10**400])
def test_exceptions_of_the_application(field: object) -> None:
    """None of its properties is asked, and nothing that it holds is a surprise."""
    error = Unhelpful("text")
    vars(error).update(status_code=field, body={"error": field}, type=field)
    assert failure_of(error).error_type == f"{__name__}.Unhelpful"
