# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agents of Agent Framework over real sockets, and what their spans say."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient
from openai import AsyncOpenAI
from opentelemetry.sdk.trace import ReadableSpan

from lastchunk import semconv
from tests.conftest import Exported
from tests.examples.running import Receiver

Make = Callable[..., Agent]


@pytest.fixture(name="agent")
def _agent(sdk: Callable[..., AsyncOpenAI]) -> Make:
    """`agent(script, name=…, tools=…)`: an agent of a script."""

    def make(script: str, *, name: str = "guide", timeout: float = 10.0, wait: float = 0.2, **options: Any) -> Agent:
        client = OpenAIChatClient(model="m", async_client=sdk(script, timeout=timeout, wait=wait))
        return Agent(client=client, name=name, **options)

    return make


@pytest.fixture(name="receiver")
def _receiver() -> Iterator[Receiver]:
    """Takes what applications in processes of their own send."""
    with Receiver() as receiver:
        yield receiver


def streams(exported: Exported) -> list[ReadableSpan]:
    """Every span that says how a stream ended, in the order in which they began."""
    spans = [span for span in exported.all if semconv.TERMINATION_REASON in (span.attributes or {})]
    return sorted(spans, key=lambda span: span.start_time or 0)


def endings(exported: Exported) -> list[str]:
    """Of each: operation, reason, cause, and a `+` if it is inherited."""
    return [_ending(dict(span.attributes or {})) for span in streams(exported)]


def _ending(given: dict[str, Any]) -> str:
    cause = given.get(semconv.TERMINATION_CAUSE)
    inherited = "+" if given.get(semconv.TERMINATION_INHERITED) else ""
    return (
        f"{given[semconv.OPERATION_NAME]} {given[semconv.TERMINATION_REASON]}{f'/{cause}' if cause else ''}{inherited}"
    )


async def drain(stream: Any) -> list[Any]:
    """Every item."""
    return [item async for item in stream]


def soon(until: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until it is true, for so many seconds at most."""
    last = time.monotonic() + seconds
    while not until() and time.monotonic() < last:
        time.sleep(0.02)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address of a web application, behind a real server in a thread."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", loop="asyncio"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            soon(lambda: server.started)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
