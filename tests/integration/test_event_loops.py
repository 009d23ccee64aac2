# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams on uvloop, and under anyio: what holds on asyncio's own loop holds there."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import pytest
import uvloop
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient

from lastchunk.model_server.server import ModelServer
from tests.conftest import MODEL_INFO, Exported

Run = Callable[[Callable[[], Awaitable[None]]], None]
Use = Callable[[AssistantAgent], Awaitable[None]]


def _on(run: Callable[[Any], None], use: Callable[[], Awaitable[None]]) -> None:
    run(use())


@pytest.fixture(
    name="run",
    params=[
        partial(_on, asyncio.run),
        partial(_on, uvloop.run),
        anyio.run,
        partial(anyio.run, backend_options={"use_uvloop": True}),
    ],
    ids=["asyncio", "uvloop", "anyio", "anyio-uvloop"],
)
def _run(request: pytest.FixtureRequest) -> Run:
    return request.param


def main(server: ModelServer, script: str, use: Use, **speech: Any) -> Callable[[], Awaitable[None]]:
    """An application that uses an agent, closes its client, and ends."""

    async def application() -> None:
        client = OpenAIChatCompletionClient(
            model="m",
            base_url=server.url(script, **speech),
            api_key="none",
            model_info=MODEL_INFO,
            max_retries=0,
            timeout=10,
        )
        try:
            await use(AssistantAgent("writer", client, model_client_stream=True))
        finally:
            await client.close()
            gc.collect()

    return application


def said(exported: Exported) -> set[tuple[Any, Any]]:
    """Reason and cause of our spans."""
    names = ("lastchunk.stream.termination.reason", "lastchunk.stream.termination.cause")
    return {tuple(span.attributes.get(name) for name in names) for span in exported.ours}


def test_a_healthy_stream(run: Run, server: ModelServer, exported: Exported) -> None:
    async def read(agent: AssistantAgent) -> None:
        async for _ in agent.run_stream(task="Go."):
            pass

    run(main(server, "clean", read))
    assert said(exported) == {("completed", None)}
    assert len(exported.ours) == 2


def test_a_break(run: Run, server: ModelServer, exported: Exported) -> None:
    async def leave(agent: AssistantAgent) -> None:
        count = 0
        async for _ in agent.run_stream(task="Go."):
            count += 1
            if count == 3:
                break
        await anyio.sleep(0.1)

    run(main(server, "clean", leave, gap=0.05))
    assert said(exported) == {("abandoned", "partial_consumption")}
    assert len(exported.ours) == 2


def test_a_deadline(run: Run, server: ModelServer, exported: Exported) -> None:
    async def give_up(agent: AssistantAgent) -> None:
        with anyio.move_on_after(0.3):
            async for _ in agent.run_stream(task="Go."):
                pass

    run(main(server, "stall", give_up))
    assert said(exported) == {("cancelled", "cancelled_by_application")}
    assert len(exported.ours) == 2


def test_the_loop_ends_with_a_stream_that_is_kept(
    run: Run, server: ModelServer, exported: Exported, reported: Callable[[], list[str]]
) -> None:
    """The loop closes every generator at once, ours, AutoGen's and the HTTP client's, which then complain of each other."""
    kept: list[Any] = []

    async def keep(agent: AssistantAgent) -> None:
        kept.append(stream := agent.run_stream(task="Go."))
        for _ in range(3):
            await anext(stream)

    run(main(server, "clean", keep, gap=0.05))
    assert exported.reason("invoke_agent") == "process_exit"
    assert {cause for _, cause in said(exported)} == {"process_exit"}
    assert len(exported.ours) == 2
    assert reported() == []


def test_the_loop_ends_with_a_task_that_reads(run: Run, server: ModelServer, exported: Exported) -> None:
    kept: list[Any] = []

    async def start(agent: AssistantAgent) -> None:
        async def read() -> None:
            async for _ in agent.run_stream(task="Go."):
                pass

        kept.append(asyncio.get_running_loop().create_task(read()))
        await anyio.sleep(0.3)

    run(main(server, "stall", start))
    assert said(exported) == {("process_exit", "process_exit")}
    assert len(exported.ours) == 2
