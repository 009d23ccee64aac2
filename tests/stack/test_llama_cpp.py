# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's own server with a tiny model, cut in each way in which people cut it, and what Lastchunk says."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import APIConnectionError, BadRequestError

from tests.conftest import MODEL_INFO, Exported, _close
from tests.stack.servers import LOOPBACK, Server, free_port
from tests.stack.tiny_model import SPECIAL, write_model

CONTEXT = 2048
SERVER = Path(__file__).with_name("llama_server.py")
SHORT, LONG = 24, 2 * CONTEXT
"""Tokens of an answer: a few milliseconds, and more than there is room for, which takes seconds."""

NEVER_DONE = {str(SPECIAL["eos"]): -100}
"""A random model stops at random; this one does not."""

pytestmark = pytest.mark.timeout(120)


class Llama(Server):
    """The server, with its model in its folder."""

    def __init__(self, folder: Path, context: int = CONTEXT) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        model, self.port = folder / "tiny.gguf", free_port()
        write_model(model, context)
        command = (sys.executable, SERVER, model, str(context), str(self.port))
        super().__init__(command, folder, f"http://{LOOPBACK}:{self.port}/health", {})


@pytest.fixture(name="llama")
def _llama(tmp_path: Path) -> Iterator[Llama]:
    server = Llama(tmp_path / "llama").start()
    yield server
    server.kill()


@pytest.fixture(name="client")
async def _client(llama: Llama) -> AsyncIterator[Callable[..., OpenAIChatCompletionClient]]:
    """`client(tokens)`: AutoGen's client, which asks for an answer of so many tokens."""
    clients: list[OpenAIChatCompletionClient] = []

    def make(tokens: int, *, timeout: float = 60.0) -> OpenAIChatCompletionClient:
        made = OpenAIChatCompletionClient(
            model="tiny",
            base_url=f"http://{LOOPBACK}:{llama.port}/v1",
            api_key="none",
            model_info=MODEL_INFO,
            max_tokens=tokens,
            logit_bias=NEVER_DONE,
            max_retries=0,
            timeout=timeout,
        )
        clients.append(made)
        return made

    yield make
    await _close(clients)


async def read(client: OpenAIChatCompletionClient, text: str = "Go on.", until: int = 10**9) -> AsyncIterator[int]:
    """The stream, by the number of each chunk."""
    count = 0
    async for item in client.create_stream([UserMessage(content=text, source="user")]):
        if isinstance(item, str):
            count += 1
            yield count


async def broken(client: OpenAIChatCompletionClient, at_tenth: Callable[[], object]) -> None:
    """Read a stream that breaks after `at_tenth` was called at its tenth chunk."""
    with pytest.raises(APIConnectionError):
        await _all(read(client), at_tenth)


def said(exported: Exported) -> list[tuple[Any, ...]]:
    """Reason, cause and raw finish reason of each stream, in the order of their ends."""
    names = ("termination.reason", "termination.cause", "finish_reason.raw")
    return [tuple((span.attributes or {}).get(f"lastchunk.stream.{name}") for name in names) for span in exported.ours]


async def test_an_answer_that_reaches_its_limit(exported: Exported, client: Callable[..., Any]) -> None:
    await _all(read(client(SHORT)))
    assert said(exported) == [("length", "context_limit", "length")]


async def test_a_full_context(exported: Exported, client: Callable[..., Any]) -> None:
    """The answer ends where the context does; the agent above inherits it."""
    agent = AssistantAgent("writer", client(LONG), model_client_stream=True)
    async for _ in agent.run_stream(task="Go on."):
        pass
    assert said(exported) == [("length", "context_limit", "length")] * 2


async def test_a_prompt_that_is_too_long(exported: Exported, client: Callable[..., Any]) -> None:
    with pytest.raises(BadRequestError, match="context"):
        await _all(read(client(SHORT), "word " * CONTEXT))
    assert said(exported) == [("rejected", "context_limit", None)]


async def test_a_server_that_is_killed(exported: Exported, client: Callable[..., Any], llama: Llama) -> None:
    await broken(client(LONG), llama.kill)
    assert said(exported) == [("connection_lost", "connection_lost", None)]


async def test_a_server_that_stands_still(exported: Exported, client: Callable[..., Any], llama: Llama) -> None:
    """As in a debugger, or in a machine that swaps: the client's own timeout fires."""
    try:
        await broken(client(LONG, timeout=1.0), lambda: os.kill(llama.pid, signal.SIGSTOP))
    finally:
        os.kill(llama.pid, signal.SIGCONT)
    assert said(exported) == [("timeout", "idle_timeout", None)]


async def test_two_requests_at_once(exported: Exported, client: Callable[..., Any]) -> None:
    """The server has one place: the second waits, and is streamed then. That is no backend that does not stream."""
    first = read(client(LONG))
    assert await anext(first) == 1
    waiting = asyncio.create_task(_all(read(client(SHORT))))
    await _all(first)
    assert await waiting > 1
    assert said(exported) == [("length", "context_limit", "length")] * 2


async def _all(counts: AsyncIterator[int], at_tenth: Callable[[], object] = lambda: None) -> int:
    last = 0
    async for count in counts:
        last = count
        if count == 10:
            at_tenth()
    return last
