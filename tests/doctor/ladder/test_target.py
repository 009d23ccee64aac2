# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`--target`: a user's own client, agent and team, and what must not be done to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lastchunk.doctor.ladder.provider_sdks import OPENAI
from lastchunk.doctor.report.findings import CouldNotRun, Status
from lastchunk.model_server.scripts import SCRIPTS
from lastchunk.model_server.server import ModelServer
from tests.doctor import applications
from tests.doctor.ladders import LONG, climb_target


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_tool_ran() -> None:
    applications.ran.clear()


@pytest.fixture(name="against")
def _against(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application's model server answers as it should."""
    monkeypatch.setenv(applications.URL, server.url("clean", text=LONG, gap=0.005))


def _script(server: ModelServer, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setenv(applications.URL, server.url(script, text=LONG))


@pytest.mark.usefixtures("against")
@pytest.mark.parametrize(("name", "rungs"), [("client", 3), ("agent", 4), ("team", 5), ("client.__call__", 3)])
def test_how_far_each_goes(name: str, rungs: int) -> None:
    climbed = climb_target(name)
    assert climbed.verdict.status is Status.OK
    assert [rung for rung in range(1, 6) if climbed.runs(rung)] == list(range(1, rungs + 1))
    for rung in range(rungs + 1, 6):
        assert "name one with --target" in climbed.checks[f"stream.rung{rung}"].evidence


@pytest.mark.usefixtures("against")
def test_an_agent_that_does_not_stream() -> None:
    verdict = climb_target("unstreamed").verdict
    assert verdict.evidence.startswith("Rung 4 (agent.run_stream)")
    assert "Cause: no_streaming_support." in verdict.evidence
    assert "model_client_stream=True" in verdict.remedy


@pytest.mark.usefixtures("against")
def test_packages_that_do_not_fit() -> None:
    climbed = climb_target("mismatched")
    assert climbed.verdict.evidence.startswith("Rung 1 (SDK create) already fails")
    assert "with TypeError" in climbed.verdict.evidence
    assert "Cause: package_mismatch." in climbed.verdict.evidence
    assert "compare the versions" in climbed.verdict.remedy


@pytest.mark.usefixtures("against")
@pytest.mark.parametrize(("name", "rung"), [("faulty", 4), ("faulty_team", 5)])
def test_code_that_breaks_above_the_model(name: str, rung: int) -> None:
    climbed = climb_target(name)
    assert climbed.verdict.status is Status.PROBLEM
    assert climbed.verdict.evidence.startswith(f"Rung {rung} (")
    assert "KeyError" in climbed.runs(rung)[0]["error"] or rung == 5


def test_tools_are_not_run(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(server, monkeypatch, "tool_call")
    climbed = climb_target("agent")
    assert applications.ran == []
    assert climbed.verdict.status is Status.OK
    assert climbed.runs(4)[0]["tools"] == ["lookup"]
    assert "called lookup, which the doctor did not run (--allow-tools runs tools)" in climbed.verdict.evidence
    assert "Tools are not run." in climbed.checks["stream.calls"].evidence


def test_an_answer_that_is_cut_after_the_tool(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rungs below the agent answer the call too, and continue. So the agent is not blamed for what comes after it."""
    _script(server, monkeypatch, "tool_call_then_silent_cut")
    climbed = climb_target("reflecting")
    assert climbed.verdict.status is Status.PROBLEM
    assert climbed.verdict.evidence.startswith("Rung 2 (SDK stream)")
    assert "truncated" in climbed.verdict.evidence
    assert applications.ran == []


def test_an_agent_that_does_not_stream_after_the_tool(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(applications.URL, server.url("tool_call", text=LONG, gap=0.02))
    climbed = climb_target("reflecting_unstreamed")
    assert climbed.verdict.status is Status.PROBLEM
    assert climbed.verdict.evidence.startswith("Rung 4 (agent.run_stream)")
    assert "model_client_stream=True" in climbed.verdict.remedy


def test_tools_that_are_allowed(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(server, monkeypatch, "tool_call")
    climbed = climb_target("agent", allow_tools=True)
    assert applications.ran == ["Lisbon"]
    assert climbed.verdict.evidence.startswith("Rung 4 (agent.run_stream)")
    assert "Cause: tool_failure." in climbed.verdict.evidence
    assert applications.KEY not in repr(climbed)
    # and afterwards tools are what they were
    climb_target("agent", allow_tools=True)
    assert applications.ran == ["Lisbon", "Lisbon"]


def test_the_client_s_own_timeout(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(server, monkeypatch, "stall")
    climbed = climb_target("impatient")
    assert climbed.verdict.evidence.startswith("Rung 2 (SDK stream)")
    assert "`timeout`" in climbed.verdict.evidence
    assert "Cause: idle_timeout." in climbed.verdict.evidence
    assert climbed.verdict.runbook == "#cause-idle_timeout"


def test_the_model_is_asked_what_the_agent_asks(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rung sends the agent's system message and tools. No call is needed to find them."""
    _script(server, monkeypatch, "clean")
    before = len(server.exchanges)
    climbed = climb_target("agent", prompt="Say it.")
    exchanges = server.exchanges[before:]
    assert "at least 4 model calls" in climbed.checks["stream.calls"].evidence
    assert len(exchanges) == 4
    for exchange in exchanges:
        assert [message["role"] for message in exchange.messages] == ["system", "user"]
        assert exchange.messages[1]["content"] == "Say it."
        assert "lookup" in str(exchange.body["tools"])


def test_runs_do_not_see_each_other(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(server, monkeypatch, "clean")
    before = len(server.exchanges)
    climb_target("team", repeat=2)
    first, later = server.exchanges[before], server.exchanges[-3:]
    assert all(message["content"] == first.messages[-1]["content"] for message in later[0].messages[1:])
    assert len(later[0].messages) == len(first.messages) == 2


def test_a_client_without_an_sdk() -> None:
    climbed = climb_target("replay")
    assert "no request through an SDK" in climbed.checks["stream.rung2"].evidence
    assert [run["reason"] for rung in (1, 3) for run in climbed.runs(rung)] == ["completed", "completed"]


def test_an_own_client_that_breaks() -> None:
    climbed = climb_target("own")
    assert climbed.verdict.evidence.startswith("Rung 3 (create_stream)")
    assert "Cause: connection_lost." in climbed.verdict.evidence


def test_what_the_application_prints_goes_to_stderr(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _script(server, monkeypatch, "clean")
    climb_target("client")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "a client is made\n"


@pytest.mark.parametrize("script", ["error_object", "http_500", "rst"])
def test_what_autogen_logs_of_a_team_is_not_shown(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], script: str
) -> None:
    monkeypatch.setenv(applications.URL, server.url(script, text=LONG, error=f"wrong key {applications.KEY}"))
    found = repr(climb_target("team"))
    said = capsys.readouterr()
    assert applications.KEY not in found + said.out + said.err


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("failing", "raised RuntimeError"),
        ("number", "gives an int"),
        ("nothing_like_it", "the module has no nothing_like_it"),
        ("URL", "gives a str"),
    ],
)
def test_targets_that_are_none(target: str, says: str) -> None:
    with pytest.raises(CouldNotRun) as caught:
        climb_target(target)
    assert says in str(caught.value)
    assert "--target" in str(caught.value)
    assert applications.KEY not in str(caught.value)


@pytest.mark.parametrize("script", sorted(SCRIPTS.keys() - {"keep_alive_comments"}))  # that one never ends
def test_every_script_ends_in_a_verdict(server: ModelServer, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setenv(applications.URL, server.url(script, text=LONG, wait=0.1))
    assert climb_target("impatient").verdict.status in (Status.OK, Status.PROBLEM)


@pytest.mark.usefixtures("against")
def test_a_version_of_an_sdk_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """openai before 1.66 keeps its completions in another module. The doctor does not call that a defect of its own."""
    elsewhere = replace(OPENAI, module="openai.resources.chat.completions_of_1_59")
    monkeypatch.setattr("lastchunk.doctor.ladder.provider_sdks.SDKS", (elsewhere,))
    with pytest.raises(CouldNotRun, match=r"The installed openai has no .* Install a version of openai"):
        climb_target("client")
