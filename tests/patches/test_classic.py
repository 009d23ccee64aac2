# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The classic API, with a stand-in that streams as it does; `make compat` runs tests/classic with the real ones."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion import Choice
from openai.types.chat.chat_completion_message import ChatCompletionMessage
from opentelemetry.sdk.trace import ReadableSpan

from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.patches.classic import PATCHES
from tests.conftest import Exported, Instrument

ASK = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}

ENDINGS = [
    ("clean", "completed", None),
    ("length", "length", "context_limit"),
    ("content_filter", "content_filter", "content_filter"),
    ("silent_cut", "truncated", "unknown"),
    ("rst", "connection_lost", "connection_lost"),
    ("error_object", "provider_error", "provider_error"),
    ("http_429", "rejected", "rate_limited"),
    ("json_body", "empty", "no_streaming_support"),
    ("finish_only", "empty", "unknown"),
    ("tool_call", "completed", None),
]


class OpenAIClient:
    """As the classic one: it consumes the SDK's stream, and gives a `ChatCompletion`, which wants a finish reason."""

    def __init__(self, client: OpenAI) -> None:
        self._oai_client = client

    def create(self, params: dict[str, Any]) -> ChatCompletion:
        """A whole answer, streamed or not."""
        if not params.get("stream"):
            return self._oai_client.chat.completions.create(**params)
        text, called, finish = "", False, None
        for chunk in self._oai_client.chat.completions.create(**params):
            for choice in chunk.choices:
                text += choice.delta.content or ""
                called = called or bool(choice.delta.tool_calls)
                finish = choice.finish_reason or finish
        calls: Any = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}] if called else None
        message = ChatCompletionMessage(role="assistant", content=text, tool_calls=calls)
        answer = Choice(index=0, finish_reason=finish, message=message)  # type: ignore[arg-type]
        return ChatCompletion(id="1", created=0, model="m", object="chat.completion", choices=[answer])


@pytest.fixture(name="classic")
def _classic(exported: Exported, sync_sdk: Callable[..., OpenAI]) -> Callable[..., OpenAIClient]:
    """`classic(script)`: a client of a package that looks like the classic one."""
    module = ModuleType("autogen.oai.client")
    owner = type("OpenAIClient", (OpenAIClient,), {"create": OpenAIClient.create})
    module.OpenAIClient = owner  # type: ignore[attr-defined]
    installation = AutoGenStreamsInstrumentor().installation
    assert installation is not None
    patcher = installation.patcher
    assert patcher is not None
    PATCHES[0].apply(module, patcher)
    return lambda script: owner(sync_sdk(script))


def ended(span: ReadableSpan) -> tuple[Any, Any]:
    given = span.attributes or {}
    assert given["lastchunk.stream.evidence"] == "wire"
    return given["lastchunk.stream.termination.reason"], given.get("lastchunk.stream.termination.cause")


@pytest.mark.parametrize(("script", "reason", "cause"), ENDINGS)
def test_endings(
    exported: Exported, classic: Callable[..., OpenAIClient], script: str, reason: str, cause: str | None
) -> None:
    """One span for the call, with the SDK's stream as its wire."""
    with contextlib.suppress(Exception):
        classic(script).create({**ASK, "stream": True})
    span = exported.one()
    assert ended(span) == (reason, cause)
    given = span.attributes or {}
    assert span.name == "chat m"
    assert given["server.address"] == "127.0.0.1"
    assert given["lastchunk.stream.history.messages"] == 1


def test_without_a_stream(exported: Exported, classic: Callable[..., OpenAIClient]) -> None:
    """No span; and odd parameters are handed on."""
    assert classic("clean").create(ASK).choices[0].finish_reason == "stop"
    with pytest.raises(AttributeError):
        classic("clean").create(None)  # type: ignore[arg-type]
    assert exported.ours == []


def test_a_package_that_is_another(exported: Exported) -> None:
    """Some other `autogen`: the patch is skipped, with the one warning of `instrument()`."""
    installation = AutoGenStreamsInstrumentor().installation
    assert installation is not None
    patcher = installation.patcher
    assert patcher is not None
    with pytest.raises(AttributeError):
        PATCHES[0].apply(ModuleType("autogen.oai.client"), patcher)


def test_a_package_that_is_half_imported(instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    """AG2's imports the openai SDK while it is being imported itself: it is patched when it is whole."""
    module = ModuleType("autogen.oai.client")
    module.__spec__ = spec = ModuleSpec("autogen.oai.client", None)
    spec._initializing = True  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "autogen.oai.client", module)
    monkeypatch.setitem(sys.modules, "autogen", ModuleType("autogen"))
    instrument()
    module.OpenAIClient = owner = type("OpenAIClient", (), {"create": OpenAIClient.create})  # type: ignore[attr-defined]
    assert vars(owner)["create"] is OpenAIClient.create
    spec._initializing = False  # type: ignore[attr-defined]
    assert type(spec) is ModuleSpec
    assert vars(owner)["create"] is not OpenAIClient.create
    AutoGenStreamsInstrumentor().uninstrument()
    assert vars(owner)["create"] is OpenAIClient.create
