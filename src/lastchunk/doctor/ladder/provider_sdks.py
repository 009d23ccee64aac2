# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The SDKs below AutoGen's model clients: how to send a request, and where an answer has its text and finish reason.

The ladder sends the same request through several layers. It takes that request here, at the SDK, as the layer above sent it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

from lastchunk.doctor.ladder.replacing import replaced
from lastchunk.doctor.report.findings import CouldNotRun
from lastchunk.patches.support.stainless import RAW_RESPONSE, wants_raw_response

Kwargs = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """One call of one SDK."""

    package: str
    """After the application has imported it …"""
    module: str
    """… this module of it may be imported, too: openai imports its resources when they are first used."""
    owner: str
    """The class in `module` …"""
    method: str
    """… and its method, whose coroutine gives an answer, or with `stream=True` a stream."""
    only_streaming: frozenset[str] = frozenset({"stream"})
    """Arguments that make no sense for an answer in one piece."""
    only_whole: Kwargs = field(default_factory=dict[str, Any])
    """Arguments that an answer in one piece needs on top."""
    text: Callable[[Any], str]
    """The text in an item of a stream; empty if it has none."""
    answer: Callable[[Any], tuple[str, str, bool]]
    """Text, raw finish reason, and whether it calls a tool, of an answer in one piece."""
    address: Callable[[Any], Any]
    """Takes the SDK's object, and gives the URL to which the SDK appends its own path …"""
    path: str
    """… which is this one."""


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it was made. It can be repeated on the same object of the SDK."""

    sdk: Sdk
    resource: Any
    args: Sequence[Any]
    kwargs: Kwargs

    @property
    def address(self) -> str:
        """The URL that the SDK appends its own path to; empty if it cannot be found."""
        try:
            return str(self.sdk.address(self.resource))
        except AttributeError:
            return ""

    @property
    def model(self) -> str:
        """The requested model; empty if the request names none."""
        return _str_in(self.kwargs, "model")

    def whole(self) -> Any:
        """The same request without streaming; an awaitable."""
        kept = {name: value for name, value in self.kwargs.items() if name not in self.sdk.only_streaming}
        return getattr(self.resource, self.sdk.method)(*self.args, **{**kept, **self.sdk.only_whole})

    def stream(self) -> Any:
        """The same request, streamed; an awaitable."""
        return getattr(self.resource, self.sdk.method)(*self.args, **{**self.kwargs, "stream": True})


@contextmanager
def captured() -> Generator[list[Request]]:
    """Note every request that goes through an SDK in use, in order. The requests are made as usual."""
    requests: list[Request] = []
    with ExitStack() as stack:
        for sdk in SDKS:
            if sdk.package in sys.modules:
                owner = _owner(sdk)
                stack.enter_context(replaced(owner, sdk.method, partial(_noting, sdk, requests)))
        yield requests


def _owner(sdk: Sdk) -> Any:
    """The class whose calls are noted. Raises `CouldNotRun` for a version that has none."""
    try:
        return getattr(import_module(sdk.module), sdk.owner)
    except (ModuleNotFoundError, AttributeError) as error:
        name = sdk.package.partition(".")[0]
        raise CouldNotRun(
            f"The installed {name} has no {sdk.module}.{sdk.owner}, so Lastchunk cannot see its streams. Install a version "
            f"of {name} that Lastchunk supports (`lastchunk doctor` names them)."
        ) from error


def _noting(sdk: Sdk, requests: list[Request], original: Any) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        requests.append(Request(sdk, self, args, _parsed(kwargs)))
        return original.__get__(self, type(self))(*args, **kwargs)

    return call


def _parsed(kwargs: Kwargs) -> Kwargs:
    """The arguments of the same call without `with_raw_response`: what is sent again is read as the SDK's own stream."""
    if not wants_raw_response(kwargs):
        return kwargs
    headers = {name: value for name, value in kwargs["extra_headers"].items() if name.lower() != RAW_RESPONSE}
    return {**kwargs, "extra_headers": headers}


def _choice_text(chunk: Any) -> str:
    choices = getattr(chunk, "choices", None) or ()
    return "".join(_str(getattr(choice, "delta", None), "content") for choice in choices)


def _choice_answer(answer: Any) -> tuple[str, str, bool]:
    choices = getattr(answer, "choices", None) or ()
    if not choices:
        return "", "", False
    message = getattr(choices[0], "message", None)
    text = _str(message, "content") or _str(message, "refusal")
    return text, _str(choices[0], "finish_reason"), bool(getattr(message, "tool_calls", None))


def _responses_text(event: Any) -> str:
    return _str(event, "delta") if _str(event, "type") == "response.output_text.delta" else ""


def _responses_answer(answer: Any) -> tuple[str, str, bool]:
    items = getattr(answer, "output", None) or ()
    finish = _str(getattr(answer, "incomplete_details", None), "reason") or _str(answer, "status")
    return _str(answer, "output_text"), finish, any(_str(item, "type") == "function_call" for item in items)


def _anthropic_text(event: Any) -> str:
    return _str(getattr(event, "delta", None), "text")


def _anthropic_answer(answer: Any) -> tuple[str, str, bool]:
    blocks = getattr(answer, "content", None) or ()
    if isinstance(blocks, str):
        return "", "", False
    text = "".join(_str(block, "text") for block in blocks)
    return text, _str(answer, "stop_reason"), any(_str(block, "type") == "tool_use" for block in blocks)


def _ollama_text(chunk: Any) -> str:
    return _str(getattr(chunk, "message", None), "content")


def _ollama_answer(answer: Any) -> tuple[str, str, bool]:
    message = getattr(answer, "message", None)
    return _str(message, "content"), _str(answer, "done_reason"), bool(getattr(message, "tool_calls", None))


def _str(owner: Any, name: str) -> str:
    value = getattr(owner, name, None)
    return str(value) if isinstance(value, str) else ""


def _base_url(resource: Any) -> Any:
    return resource._client.base_url


def _str_in(kwargs: Kwargs, name: str) -> str:
    value = kwargs.get(name)
    return value if isinstance(value, str) else ""


OPENAI = Sdk(
    package="openai",
    module="openai.resources.chat.completions.completions",
    owner="AsyncCompletions",
    method="create",
    only_streaming=frozenset({"stream", "stream_options"}),
    text=_choice_text,
    answer=_choice_answer,
    address=_base_url,
    path="/chat/completions",
)
RESPONSES = Sdk(
    package="openai",
    module="openai.resources.responses.responses",
    owner="AsyncResponses",
    method="create",
    text=_responses_text,
    answer=_responses_answer,
    address=_base_url,
    path="/responses",
)
ANTHROPIC = Sdk(
    package="anthropic",
    module="anthropic.resources.messages.messages",
    owner="AsyncMessages",
    method="create",
    # Without a timeout of its own the SDK refuses an answer in one piece that it thinks could take too long.
    only_whole={"timeout": 600.0},
    text=_anthropic_text,
    answer=_anthropic_answer,
    address=_base_url,
    path="/v1/messages",
)
OLLAMA = Sdk(
    package="ollama",
    module="ollama._client",
    owner="AsyncClient",
    method="chat",
    text=_ollama_text,
    answer=_ollama_answer,
    address=_base_url,
    path="/api/chat",
)
AZURE_INFERENCE = Sdk(
    package="azure.ai.inference.aio",
    module="azure.ai.inference.aio._patch",
    owner="ChatCompletionsClient",
    method="complete",
    text=_choice_text,
    answer=_choice_answer,
    address=lambda resource: resource._config.endpoint,
    path="/chat/completions",
)

SDKS = (OPENAI, RESPONSES, ANTHROPIC, OLLAMA, AZURE_INFERENCE)
