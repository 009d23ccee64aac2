# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What docs/limits.md admits: if one of these fails because it got better, the page has to say so."""

from __future__ import annotations

import asyncio
import types
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from autogen_core import InMemoryStore
from autogen_core.models import CreateResult, RequestUsage, UserMessage
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.replay import ReplayChatCompletionClient
from openai import AsyncOpenAI

from tests.conftest import Exported

ASK: list[Any] = [{"role": "user", "content": "Go on."}]
HELLO = [UserMessage(content="Go on.", source="user")]


def endings(exported: Exported) -> list[tuple[Any, Any]]:
    """Reason and cause of each of our spans."""
    names = ("lastchunk.stream.termination.reason", "lastchunk.stream.termination.cause")
    return [tuple(span.attributes.get(name) for name in names) for span in exported.ours]  # type: ignore[misc]


class Fallback(ReplayChatCompletionClient):
    """A client that asks one server after the other, within one `create_stream`."""

    def __init__(self, *clients: AsyncOpenAI) -> None:
        super().__init__([])
        self._clients = clients

    async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str | CreateResult, None]:
        for client in self._clients:
            async for chunk in await client.chat.completions.create(model="m", messages=ASK, stream=True):
                for choice in chunk.choices:
                    yield choice.delta.content or ""
        usage = RequestUsage(prompt_tokens=0, completion_tokens=0)
        yield CreateResult(finish_reason="stop", content="text", usage=usage, cached=False)


@pytest.mark.parametrize(
    ("scripts", "ending"),
    [(("silent_cut", "clean"), ("completed", None)), (("clean", "silent_cut"), ("truncated", "unknown"))],
)
async def test_the_second_wire_replaces_the_first(
    exported: Exported, sdk: Callable[..., AsyncOpenAI], scripts: tuple[str, str], ending: tuple[str, str | None]
) -> None:
    async for _ in Fallback(*map(sdk, scripts)).create_stream(HELLO):
        pass
    assert endings(exported) == [ending]


async def test_a_stream_beside_the_answer_is_no_evidence(exported: Exported, sdk: Callable[..., AsyncOpenAI]) -> None:
    """The client has a title made in the background, which completes; its own answer is cut."""
    answers, titles = sdk("silent_cut"), sdk("clean")

    class Client(ReplayChatCompletionClient):
        async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str | CreateResult, None]:
            stream = await answers.chat.completions.create(model="m", messages=ASK, stream=True)
            task = asyncio.create_task(self.title())
            async for chunk in stream:
                for choice in chunk.choices:
                    yield choice.delta.content or ""
            await task
            usage = RequestUsage(prompt_tokens=0, completion_tokens=0)
            yield CreateResult(finish_reason="unknown", content="text", usage=usage, cached=False)

        async def title(self) -> None:
            async for _ in await titles.chat.completions.create(model="m", messages=ASK, stream=True):
                pass

    async for _ in Client([]).create_stream(HELLO):
        pass
    assert endings(exported) == [("truncated", "unknown")]


async def test_a_cached_answer_that_was_cut(exported: Exported, model: Callable[..., Any]) -> None:
    cache = ChatCompletionCache(model("silent_cut"), InMemoryStore())
    for _ in range(2):
        async for _ in cache.create_stream(HELLO):
            pass
    assert endings(exported) == [("truncated", "unknown"), ("completed", None)]


async def test_llama_cpp_is_a_mismatch(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in autogen_ext.models.llama_cpp, which is too large to install: what counts is where the exception is raised."""

    async def create_stream(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[str, None]:
        raise NotImplementedError("Stream not yet implemented for LlamaCppChatCompletionClient")
        yield ""

    there = types.FunctionType(
        create_stream.__code__, {"__name__": "autogen_ext.models.llama_cpp", "NotImplementedError": NotImplementedError}
    )
    client = type("LlamaCppChatCompletionClient", (ReplayChatCompletionClient,), {"create_stream": there})([])
    with pytest.raises(NotImplementedError):
        await anext(client.create_stream(HELLO))
    assert endings(exported) == [("rejected", "package_mismatch")]
