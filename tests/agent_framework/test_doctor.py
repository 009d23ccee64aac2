# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor stream --target` with a chat client, an agent and a workflow of Agent Framework."""

from __future__ import annotations

import pytest
from agent_framework.observability import OBSERVABILITY_SETTINGS

from lastchunk.doctor.ladder.examine import Chosen, findings
from lastchunk.doctor.report.findings import Status
from lastchunk.model_server.server import ModelServer
from tests.agent_framework import targets
from tests.doctor.ladders import ENVIRONMENT, LONG, Climbed


def climb(server: ModelServer, monkeypatch: pytest.MonkeyPatch, name: str, script: str, **chosen: object) -> Climbed:
    """Climb with one of `targets`, whose model is of a script."""
    monkeypatch.setenv(targets.URL, server.url(script, text=LONG, gap=0.005))
    targets.ran.clear()
    return Climbed.of(findings(Chosen(target=f"tests.agent_framework.targets:{name}", **chosen), ENVIRONMENT))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "rungs"),
    [("client", 3), ("completions", 3), ("agent", 4), ("agent_of_completions", 4), ("newsroom", 5)],
)
def test_how_far_each_goes(server: ModelServer, monkeypatch: pytest.MonkeyPatch, name: str, rungs: int) -> None:
    """Every rung completes, with the same answer, and Agent Framework's telemetry is as it was."""
    climbed = climb(server, monkeypatch, name, "clean")
    assert climbed.verdict.status is Status.OK, climbed.verdict
    assert [rung for rung in range(1, 6) if climbed.runs(rung)] == list(range(1, rungs + 1))
    characters = [climbed.runs(rung)[0]["characters"] for rung in range(1, rungs + 1)]
    assert characters[:4] == [len(LONG)] * min(rungs, 4)
    assert OBSERVABILITY_SETTINGS.enable_instrumentation


@pytest.mark.parametrize("name", ["client", "completions", "agent", "newsroom"])
def test_a_backend_that_cuts(server: ModelServer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The SDK's stream is the first rung that does worse."""
    climbed = climb(server, monkeypatch, name, "silent_cut")
    assert climbed.verdict.status is Status.PROBLEM
    assert climbed.verdict.evidence.startswith("Rung 2 (SDK stream) is the first rung that does worse")
    assert "it ended `truncated`" in climbed.verdict.evidence
    for rung in (3, 4, 5):
        assert all(run["reason"] == "truncated" for run in climbed.runs(rung))


def test_code_that_breaks_above_the_model(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict names the agent."""
    climbed = climb(server, monkeypatch, "faulty", "clean")
    assert climbed.verdict.status is Status.PROBLEM
    assert climbed.verdict.evidence.startswith("Rung 4 (agent.run)")


@pytest.mark.parametrize("name", ["agent", "agent_of_completions"])
def test_tools_are_not_run(server: ModelServer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Unless that is allowed; the rungs below the agent are compared by the text that follows the call."""
    climbed = climb(server, monkeypatch, name, "tool_call")
    assert targets.ran == []
    assert climbed.verdict.status is Status.OK, climbed.verdict
    assert climbed.runs(4)[0]["tools"] == ["lookup"]
    assert climbed.runs(2)[0]["characters"] == len(LONG)
    climb(server, monkeypatch, name, "tool_call", allow_tools=True)
    assert targets.ran == ["Lisbon", "Lisbon"]


def test_the_model_is_asked_what_the_agent_asks(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its instructions and its tools, on every rung; finding them out costs no call."""
    before = len(server.exchanges)
    climb(server, monkeypatch, "agent_of_completions", "clean", prompt="Say it.")
    exchanges = server.exchanges[before:]
    assert len(exchanges) == 4
    for exchange in exchanges:
        assert [message["role"] for message in exchange.messages] == ["system", "user"]
        assert "lookup" in str(exchange.body["tools"])


def test_runs_do_not_see_each_other(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workflow is made to forget what it said."""
    before = len(server.exchanges)
    climb(server, monkeypatch, "newsroom", "clean", repeat=2)
    asked = [len(exchange.body["input"]) for exchange in server.exchanges[before:]]  # type: ignore[arg-type]
    first, second = asked[:6], asked[6:]
    assert sorted(first) == sorted(second)


def test_a_workflow_that_is_a_function(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its agents cannot be found: the rung of the workflow is the only one."""
    climbed = climb(server, monkeypatch, "steps", "clean")
    assert [rung for rung in range(1, 6) if climbed.runs(rung)] == [5]
    assert climbed.verdict.status is Status.OK
