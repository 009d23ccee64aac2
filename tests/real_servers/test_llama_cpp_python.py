# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""llama-cpp-python's server with a tiny model: by default it drops the answer under way when another request comes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import APIConnectionError

from lastchunk.streams import habits
from tests.conftest import MODEL_INFO, Exported, _close
from tests.real_servers.installed import SECONDS, RealServer
from tests.stack.tiny_model import TOKENS, write_model

CONTEXT = 2048
SHORT, LONG = 8, 1800
"""Tokens of an answer: a few milliseconds, and some seconds."""

LETTERS_ONLY = {str(token): -100 for token, said in enumerate(TOKENS) if said.startswith("<")}
"""A random model stops at random; and while its bytes are no character yet, the server waits for the next one."""

Client = Callable[[int], OpenAIChatCompletionClient]
pytestmark = pytest.mark.timeout(300)


@contextmanager
def _served(folder: Path, *arguments: str) -> Iterator[RealServer]:
    folder.mkdir(parents=True, exist_ok=True)
    write_model(folder / "tiny.gguf", CONTEXT)
    server = RealServer(
        *("llama-cpp-python", "python", "-m", "llama_cpp.server", "--model", "tiny.gguf", "--model_alias", "tiny"),
        *("--n_ctx", str(CONTEXT), "--n_threads", "1", *arguments),
        folder=folder,
        ready="/v1/models",
    )
    try:
        yield server.start(SECONDS)
    finally:
        server.kill()


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """The server with its defaults."""
    with _served(tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture(name="patient_server")
def _patient_server(tmp_path: Path) -> Iterator[RealServer]:
    """The server lets the next request wait."""
    with _served(tmp_path, "--interrupt_requests", "false") as server:
        yield server


@pytest.fixture(name="ask")
async def _ask() -> AsyncIterator[Callable[[RealServer, int], OpenAIChatCompletionClient]]:
    """`ask(server, tokens)`: AutoGen's client, which asks for an answer of so many tokens."""
    habits.forget()
    clients: list[OpenAIChatCompletionClient] = []

    def make(server: RealServer, tokens: int) -> OpenAIChatCompletionClient:
        clients.append(
            OpenAIChatCompletionClient(
                model="tiny",
                base_url=f"{server.url}/v1",
                api_key="none",
                model_info=MODEL_INFO,
                max_tokens=tokens,
                logit_bias=LETTERS_ONLY,
                max_retries=0,
                timeout=60,
            )
        )
        return clients[-1]

    yield make
    await _close(clients)
    habits.forget()


async def _read(client: OpenAIChatCompletionClient, text: str = "Go on.") -> None:
    async for _ in client.create_stream([UserMessage(content=text, source="user")]):
        pass


async def _at_tenth(stream: Any, do: Callable[[], Any]) -> None:
    """Read a stream to its end, and `do` something when ten items have come."""
    count = 0
    async for _ in stream:
        count += 1
        if count == 10 and (doing := do()) is not None:
            await doing


def said(exported: Exported, operation: str = "chat") -> list[tuple[Any, ...]]:
    """Reason, raw finish reason and evidence of each stream, in the order of their begins."""
    names = ("termination.reason", "finish_reason.raw", "evidence")
    spans = sorted(exported.ours, key=lambda span: span.start_time or 0)
    return [
        tuple((span.attributes or {}).get(f"lastchunk.stream.{name}") for name in names)
        for span in spans
        if span.name.startswith(operation)
    ]


WHOLE = ("length", "length", "wire")
"""A random model has no end of its own but the limit."""


async def test_another_request_cuts_a_running_answer(exported: Exported, server: RealServer, ask: Any) -> None:
    """Half an answer, `[DONE]` and no finish reason: it has sent one before, so that this is no habit of it."""
    await _read(ask(server, SHORT))
    long = ask(server, LONG).create_stream([UserMessage(content="Go on.", source="user")])
    await _at_tenth(long, lambda: _read(ask(server, SHORT)))
    assert said(exported) == [WHOLE, ("truncated", None, "habit"), WHOLE]


async def test_the_run_above_is_cut_too(exported: Exported, server: RealServer, ask: Any) -> None:
    await _read(ask(server, SHORT))
    agent = AssistantAgent("writer", ask(server, LONG), model_client_stream=True)
    await _at_tenth(agent.run_stream(task="Go on."), lambda: _read(ask(server, SHORT)))
    assert [reason for reason, *_ in said(exported, "invoke_agent")] == ["truncated"]


async def test_a_server_that_has_the_next_request_wait(
    exported: Exported, patient_server: RealServer, ask: Any
) -> None:
    """As the remedy says: with `interrupt_requests` false both answers are whole."""
    await _read(ask(patient_server, SHORT))
    client, other = ask(patient_server, LONG // 3), ask(patient_server, SHORT)
    waiting: list[asyncio.Task[None]] = []
    async for _ in client.create_stream([UserMessage(content="Go on.", source="user")]):
        if not waiting:
            waiting.append(asyncio.create_task(_read(other)))
    await waiting[0]
    assert said(exported) == [WHOLE] * 3


@pytest.mark.filterwarnings("ignore:No text content:UserWarning")  # AutoGen's
async def test_a_prompt_that_is_too_long(exported: Exported, server: RealServer, ask: Any) -> None:
    """The server keeps its error to itself, and sends an empty body: nobody can know more than that."""
    await _read(ask(server, SHORT), "word " * CONTEXT)
    assert said(exported) == [("empty", None, "wire")]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_server_that_ends(
    exported: Exported, patient_server: RealServer, ask: Any, how: signal.Signals
) -> None:
    long = ask(patient_server, LONG).create_stream([UserMessage(content="Go on.", source="user")])
    with pytest.raises(APIConnectionError):
        await _at_tenth(long, lambda: os.kill(patient_server.pid, how))
    assert said(exported) == [("connection_lost", None, "wire")]
