# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""AutoGen Studio under `opentelemetry-instrument`, as examples/README.md says: what it shows, and what is exported."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from lastchunk.model_server.server import ModelServer
from tests.examples.running import ROOT, Receiver, Span, environment

ANSWER = "Take the tram up to the castle and stay."
USER = "guestuser@gmail.com"
"""Whom Studio takes everybody for, as long as it asks for no login."""
HOST = "127.0.0.1"
SECONDS = 60.0
"""Within these Studio has started, or a span has arrived: far more than it takes."""
NAMES = ["chat gpt-4o-mini", "invoke_agent assistant_agent", "invoke_workflow RoundRobinGroupChat"]


def command() -> list[str]:
    """What the page says, without the model server before it, which is this test's."""
    (found,) = re.findall(r"^\$ lastchunk demo run .*(opentelemetry-instrument autogenstudio .*)$", PAGE, re.MULTILINE)
    return shlex.split(found)


PAGE = (ROOT / "examples" / "README.md").read_text()


def free_port() -> int:
    """A port that nobody listens on: Studio does not say which one it took, if it may choose."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def soon(what: Callable[[], Any], said: str) -> Any:
    """What the function returns once that is true of it."""
    until = time.monotonic() + SECONDS
    while not (value := what()):
        assert time.monotonic() < until, said
        time.sleep(0.05)
    return value


@pytest.fixture(scope="module", name="receiver")
def _receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class Studio:
    """Studio as a process, and a person in front of it."""

    def __init__(self, folder: Path, receiver: Receiver, models: ModelServer) -> None:
        self.log = folder / "log"
        self._receiver = receiver
        self._models = models
        settings = {"HOME": str(folder), "OTEL_BSP_SCHEDULE_DELAY": "100", "NO_PROXY": HOST, "no_proxy": HOST}
        self.address = f"{HOST}:{free_port()}"
        self._api = httpx.Client(base_url=f"http://{self.address}/api", timeout=SECONDS, trust_env=False)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command(), "--port", self.address.rpartition(":")[2]],
                cwd=folder,
                env=environment(receiver, **settings),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            soon(self._serves, "Studio serves")
        except BaseException:
            self.stop()
            raise
        self._team = self._get("/teams/", user_id=USER)[0]
        self._session = self._post("/sessions/", user_id=USER, team_id=self._team["id"], name="walks")["id"]

    def _serves(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self._api.get("/health").is_success
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End it, as Ctrl-C does."""
        self._api.close()
        self._process.terminate()
        self._process.wait(SECONDS)

    def run(
        self, script: str, *, streams: bool = True, at_first_chunk: str = ""
    ) -> tuple[list[dict[str, Any]], list[Span]]:
        """What the browser was told of a run of the team that Studio begins with, and the spans of that run.

        `streams` is the switch *Stream Model Client*. At the first piece of the answer the person may "leave" or press "stop".
        """
        before = len(self._receiver.ours)
        team = json.loads(json.dumps(self._team["component"]))
        agent = team["config"]["participants"][0]["config"]
        agent["model_client_stream"] = streams
        agent["model_client"]["config"] |= {
            "base_url": self._models.url(script, text=ANSWER, gap=0.01),
            "api_key": "none",
            "max_retries": 0,
        }
        team["config"]["termination_condition"] = {
            "provider": "autogen_agentchat.conditions.MaxMessageTermination",
            "config": {"max_messages": 2},
        }
        told: list[dict[str, Any]] = []
        run = self._post("/runs/", session_id=self._session, user_id=USER)["run_id"]
        with connect(f"ws://{self.address}/api/ws/runs/{run}", proxy=None, open_timeout=SECONDS) as browser:
            browser.send(json.dumps({"type": "start", "task": "Where to?", "files": [], "team_config": team}))
            while not told or told[-1]["type"] not in ("result", "completion"):
                told.append(json.loads(browser.recv(SECONDS)))
                if told[-1]["type"] == "message_chunk" and at_first_chunk == "leave":
                    break
                if told[-1]["type"] == "message_chunk" and at_first_chunk == "stop":
                    browser.send(json.dumps({"type": "stop"}))
        expected = len(NAMES) if streams else len(NAMES) - 1
        soon(lambda: len(self._receiver.ours) >= before + expected, "the spans of the run arrive")
        return told, self._receiver.ours[before:]

    def _get(self, path: str, **query: str) -> Any:
        return self._api.get(path, params=query).raise_for_status().json()["data"]

    def _post(self, path: str, **body: Any) -> Any:
        return self._api.post(path, json=body).raise_for_status().json()["data"]


@pytest.fixture(scope="module", name="studio")
def _studio(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Studio]:
    with ModelServer() as models:
        studio = Studio(tmp_path_factory.mktemp("studio"), receiver, models)
        try:
            yield studio
        finally:
            studio.stop()


@pytest.mark.parametrize(
    ("script", "shown", "ending"),
    [
        ("clean", "complete", ("completed", "")),
        ("silent_cut", "complete", ("truncated", "unknown")),
        ("length", "complete", ("length", "context_limit")),
        ("content_filter", "complete", ("content_filter", "content_filter")),
        ("rst", "error", ("connection_lost", "connection_lost")),
        ("error_object", "error", ("provider_error", "provider_error")),
        ("http_429", "error", ("rejected", "rate_limited")),
    ],
)
def test_a_run(studio: Studio, script: str, shown: str, ending: tuple[str, str]) -> None:
    """Model stream, turn and run say how it ended, where Studio shows half an answer as complete."""
    told, spans = studio.run(script)
    assert told[-1]["status"] == shown
    assert (ANSWER in str(told)) == (script == "clean")
    assert sorted(span.name for span in spans) == NAMES
    assert {span.ending for span in spans} == {ending}


@pytest.mark.parametrize(
    ("at_first_chunk", "cause"), [("leave", "client_disconnected"), ("stop", "cancelled_by_application")]
)
def test_a_person_who_has_enough(studio: Studio, at_first_chunk: str, cause: str) -> None:
    """Studio cancels the run of whoever leaves the page, or presses Stop there; the two are told apart."""
    told, spans = studio.run("stall", at_first_chunk=at_first_chunk)
    assert any(message["type"] == "message_chunk" for message in told)
    assert sorted(span.name for span in spans) == NAMES
    assert {span.ending for span in spans} == {("cancelled", cause)}


def test_a_team_as_studio_makes_it(studio: Studio) -> None:
    """Its agents do not stream: runs and turns are seen, and no model stream is."""
    told, spans = studio.run("length", streams=False)
    assert told[-1]["status"] == "complete"
    assert sorted(span.name for span in spans) == NAMES[1:]
    assert {span.ending for span in spans} == {("length", "context_limit")}


def test_nothing_else_is_said(studio: Studio, receiver: Receiver) -> None:
    """No content leaves, and no warning of Lastchunk stands among Studio's lines."""
    studio.run("clean")
    assert receiver.ours
    assert "tram" not in str([span.attributes for span in receiver.spans])
    assert "Lastchunk" not in studio.log.read_text()
