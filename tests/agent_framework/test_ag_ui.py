# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agent Framework behind its AG-UI endpoint, with a real web server and a real browser's connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from agent_framework import Agent
from agent_framework.ag_ui import add_agent_framework_fastapi_endpoint
from agent_framework.openai import OpenAIChatClient
from fastapi import FastAPI
from openai import AsyncOpenAI

from lastchunk.model_server.server import ModelServer
from tests.agent_framework.conftest import endings, serving, soon
from tests.conftest import Exported
from tests.examples.running import Receiver
from tests.examples.test_chat import serving as serving_example

ASK = {
    "threadId": "t",
    "runId": "r",
    "state": {},
    "tools": [],
    "context": [],
    "forwardedProps": {},
    "messages": [{"id": "1", "role": "user", "content": "hello"}],
}


@contextmanager
def served(url: str) -> Iterator[str]:
    """The endpoint of an agent whose model is at `url`."""
    app = FastAPI()
    client = OpenAIChatClient(model="m", async_client=AsyncOpenAI(base_url=url, api_key="none", max_retries=0))
    add_agent_framework_fastapi_endpoint(app, Agent(client=client, name="guide"), "/agent", single_user=True)
    with serving(app) as address:
        yield f"{address}/agent"


def ended(exported: Exported) -> list[str]:
    """The endings, once both streams have one."""
    soon(lambda: len(endings(exported)) == 2)
    return endings(exported)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("clean", ["invoke_agent completed", "chat completed"]),
        ("silent_cut", ["invoke_agent truncated/unknown+", "chat truncated/unknown"]),
    ],
)
def test_what_the_browser_takes_for_whole(
    exported: Exported, server: ModelServer, script: str, expected: list[str]
) -> None:
    """The browser gets `RUN_FINISHED` for a whole answer and for a cut one."""
    with served(server.url(script)) as url:
        answer = httpx.post(url, json=ASK, timeout=10)
        assert "RUN_FINISHED" in answer.text
        assert ended(exported) == expected


def test_a_browser_that_leaves(exported: Exported, server: ModelServer, caplog: pytest.LogCaptureFixture) -> None:
    """It closes its connection while the model is silent; asyncio complains of what the server writes after that."""
    with served(server.url("stall")) as url:
        with httpx.stream("POST", url, json=ASK, timeout=10) as answer:
            _read_until(answer.iter_lines(), lambda line: "TEXT_MESSAGE_CONTENT" in line)
        agent, chat = ended(exported)
    assert agent == "invoke_agent cancelled/client_disconnected"
    assert chat == "chat cancelled/client_disconnected+"
    caplog.clear()


def test_the_example(receiver: Receiver) -> None:
    """The example does what its docstring says."""
    with serving_example(receiver, "--ending", "silent_cut", name="agent_over_ag_ui") as (host, port):
        answer = httpx.post(f"http://{host}:{port}/agent", json=ASK, timeout=30)
        assert "RUN_FINISHED" in answer.text
    ended = {span.name: span.ending for span in receiver.spans if span.ending[0]}
    assert ended == dict.fromkeys(("chat gpt-4o-mini", "invoke_agent travel_guide"), ("truncated", "unknown"))


def _read_until(lines: Iterator[str], seen: Callable[[str], bool]) -> None:
    assert any(seen(line) for line in lines)
