# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agent Framework's DevUI under `opentelemetry-instrument`: agents and workflows behind `/v1/responses`, in its own process."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lastchunk.model_server.server import ModelServer
from tests.agent_framework.conftest import soon
from tests.examples.running import Receiver, Span, environment

ANSWER = "Take the tram up to the castle and stay."
SCRIPTS = ("clean", "silent_cut", "rst", "stall")
OPERATIONS = {"agent": ["chat", "invoke_agent"], "workflow": ["chat", "invoke_agent", "workflow.run"]}
"""How the spans of a stream begin that each kind of entity makes."""


@pytest.fixture(scope="module", name="receiver")
def _receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module", name="devui")
def _devui(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of DevUI."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("devui") / "log"
    with ModelServer() as models, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        urls = {script: models.url(script, text=ANSWER) for script in SCRIPTS}
        told = {"MODELS": json.dumps(urls), "PORT": str(port), "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["opentelemetry-instrument", "python", Path(__file__).with_name("devui_app.py")],
                env=environment(receiver, **told),
                stdout=out,
                stderr=subprocess.STDOUT,
            )

        def serves() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return client.get("/health").is_success
            except httpx.TransportError:
                return False

        try:
            soon(serves, 60)
            yield client
        finally:
            process.terminate()
            process.wait(30)


def asked(kind: str, script: str, devui: httpx.Client) -> dict[str, Any]:
    """The request of a person who asks the agent or the workflow of that script."""
    known = devui.get("/v1/entities").json()["entities"]
    (found,) = (
        entity["id"] for entity in known if entity["name"] in (script, f"workflow_{script}") and entity["type"] == kind
    )
    return {"metadata": {"entity_id": found}, "input": "hello", "stream": True}


def ended(receiver: Receiver, before: int, kind: str) -> dict[str, tuple[str, str]]:
    """How the streams of a request ended, once all have; the first word of each span, and its ending."""

    def spans() -> list[Span]:
        return [span for span in receiver.spans[before:] if span.ending[0]]

    soon(lambda: len(spans()) >= len(OPERATIONS[kind]), 30)
    return {span.name.partition(" ")[0]: span.ending for span in spans()}


@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize(
    ("script", "says", "ending"),
    [
        ("clean", "response.completed", ("completed", "")),
        ("silent_cut", "response.completed", ("truncated", "unknown")),
        ("rst", "response.failed", ("connection_lost", "connection_lost")),
    ],
)
def test_what_a_person_sees(
    devui: httpx.Client, receiver: Receiver, kind: str, script: str, says: str, ending: tuple[str, str]
) -> None:
    """DevUI shows a cut answer as complete."""
    before = len(receiver.spans)
    answer = devui.post("/v1/responses", json=asked(kind, script, devui))
    assert says in answer.text
    assert ended(receiver, before, kind) == dict.fromkeys(OPERATIONS[kind], ending)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_person_who_leaves(devui: httpx.Client, receiver: Receiver, kind: str) -> None:
    """The page is closed while the model is silent: all that it has said has arrived."""
    before = len(receiver.spans)
    with devui.stream("POST", "/v1/responses", json=asked(kind, "stall", devui)) as answer:
        said = ""
        for line in answer.iter_lines():
            if "output_text.delta" in line:
                said += json.loads(line.removeprefix("data: "))["delta"]
            if said == HALF:
                break
    assert ended(receiver, before, kind) == dict.fromkeys(OPERATIONS[kind], ("cancelled", "client_disconnected"))


HALF = "Take the tram up to "
"""What the model says before it is silent."""
