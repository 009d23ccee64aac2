# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Clients of autogen-ext whose finish reason proves nothing, or that do not stream; their packages are too large to install."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import pytest
from autogen_core.models import CreateResult, RequestUsage, UserMessage
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry.trace import StatusCode

from lastchunk.streams.lifecycle import Streams
from tests.conftest import Exported

HELLO = [UserMessage(content="hello", source="user")]


class SKChatCompletionAdapter(ReplayChatCompletionClient):
    """Says `stop` whatever happened, as the one of autogen_ext.models.semantic_kernel does."""

    def __init__(self, below: OpenAIChatCompletionClient | None = None) -> None:
        super().__init__([])
        self._sk_client = SimpleNamespace(ai_model_id="kernel-model", below=below)

    async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """What a wire below gives, if there is one."""
        below = self._sk_client.below
        if below is not None:
            async for _ in await below._client.chat.completions.create(model="m", messages=[], stream=True):
                yield "word "
        else:
            yield "word "
        yield await self.create()

    async def create(self, *args: Any, **kwargs: Any) -> CreateResult:
        """Return an answer that always ends with `stop`."""
        usage = RequestUsage(prompt_tokens=1, completion_tokens=1)
        return CreateResult(finish_reason="stop", content="word ", usage=usage, cached=False)


class LlamaCppChatCompletionClient(ReplayChatCompletionClient):
    """Does not stream, as the one of autogen_ext.models.llama_cpp does not."""

    async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """Raises at its first step."""
        raise NotImplementedError("Stream not yet implemented for LlamaCppChatCompletionClient")
        yield ""


@pytest.mark.parametrize("wrap", [lambda client: client, ChatCompletionCache])
async def test_always_stop_without_a_wire(exported: Exported, wrap: Any) -> None:
    """The stream is completed as far as the evidence shows, also through a cache."""
    last = [item async for item in wrap(SKChatCompletionAdapter()).create_stream(HELLO)][-1]
    assert last.finish_reason == "stop"
    given = exported.one().attributes
    assert given is not None
    assert exported.names == ["chat kernel-model"]
    assert given["gen_ai.provider.name"] == "semantic_kernel"
    assert given["lastchunk.stream.evidence"] == "none"
    assert "gen_ai.response.finish_reasons" not in given
    assert exported.reason() == "completed"


@pytest.mark.parametrize(("script", "reason"), [("length", "length"), ("silent_cut", "truncated")])
async def test_always_stop_with_a_wire(exported: Exported, model: Any, script: str, reason: str) -> None:
    """The wire below decides."""
    async for _ in SKChatCompletionAdapter(model(script)).create_stream(HELLO):
        pass
    assert exported.reason() == reason
    assert (exported.one().attributes or {})["lastchunk.stream.evidence"] == "wire"


async def test_always_stop_from_create(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is told no finish reason either."""
    told: list[str] = []
    monkeypatch.setattr(Streams, "model_answered", lambda self, finish, *args, **kwargs: told.append(finish))
    await SKChatCompletionAdapter().create(HELLO)
    assert told == [""]


async def test_a_client_that_does_not_stream(exported: Exported) -> None:
    """Nothing began: it is rejected."""
    with pytest.raises(NotImplementedError):
        await anext(LlamaCppChatCompletionClient([]).create_stream(HELLO))
    span = exported.one()
    assert exported.reason() == "rejected"
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "NotImplementedError"
