# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor stream` as it is typed: options, output, exit status, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lastchunk import cli
from lastchunk.model_server.server import ModelServer
from tests.doctor import applications
from tests.doctor.ladders import ENVIRONMENT, KEY, LONG

COMMAND = [sys.executable, "-m", "lastchunk", "doctor", "stream"]
OPENAI = ["--client", "openai", "--model", "test-model"]
SHOW, HIDE = b"\x1b[?25h", b"\x1b[?25l"


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def environment(server: ModelServer, script: str, **speech: Any) -> dict[str, str]:
    """The environment of a process whose application calls this server."""
    url = server.url(script, text=LONG, **speech)
    return {**os.environ, **ENVIRONMENT, applications.URL: url, "COLUMNS": "120"}


def said(server: ModelServer, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, and return its output."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(server, script, error=f"wrong key {KEY}"),
        capture_output=True,
        text=True,
    )


def test_for_people(server: ModelServer) -> None:
    done = said(server, "silent_cut", *OPENAI, "--base-url", server.url("silent_cut", text=LONG))
    assert done.returncode == 1
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[1] == "ok       stream.calls  This makes 3 model calls: rungs 1, 2, 3, once each."
    assert [line[:12] for line in lines if line[2:5] in ("SDK", "cre")] == [
        "1 SDK create",
        "2 SDK stream",
        "3 create_str",
    ]
    assert any(line.startswith("problem  stream.verdict  Rung 2 (SDK stream) is the first") for line in lines)
    assert "            lastchunk explain truncated" in lines


def test_json_stands_alone_on_stdout(server: ModelServer) -> None:
    """The key stays hidden, although the application prints and AutoGen logs the provider's text, which contains it."""
    done = said(server, "error_object", "--target", "tests.doctor.applications:team", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["exit"], document["schema"]) == (1, 1, 1)
    assert [check["id"] for check in document["checks"]] == ["stream.calls", "stream.verdict"]
    assert {(run["rung"], run["reason"]) for run in document["details"]["runs"] if run["rung"] > 1} == {
        (rung, "provider_error") for rung in (2, 3, 4, 5)
    }
    assert "a client is made" in done.stderr
    for key in (KEY, applications.KEY):
        assert key not in done.stdout + done.stderr


def test_what_an_address_may_hold_is_not_shown(server: ModelServer) -> None:
    done = said(server, "clean", *OPENAI, "--base-url", "http://user:s3cret@127.0.0.1:1/v1?key=s3cret")
    assert done.returncode == 1
    assert "nothing listens there" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


def _wait(until: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(name="started")
def _started() -> Iterator[Callable[..., subprocess.Popen[Any]]]:
    """Start the command, and end it with the test at the latest."""
    processes: list[subprocess.Popen[Any]] = []

    def start(*arguments: str, **how: Any) -> subprocess.Popen[Any]:
        processes.append(subprocess.Popen([*COMMAND, *arguments], preexec_fn=_hears_ctrl_c, **how))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def _hears_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a process in the background may have been told to ignore it


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c(
    sent: signal.Signals, status: int, server: ModelServer, started: Callable[..., subprocess.Popen[str]]
) -> None:
    """The command reports what it has found until then, also in JSON."""
    before = server.requests("idle_then_close")
    process = started(
        *(*OPENAI, "--json", "--base-url", server.url("idle_then_close", text=LONG, wait=1), "--repeat", "50"),
        env=environment(server, "clean"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The first round is over: rung 3, 1 and 2.
    _wait(lambda: server.requests("idle_then_close") >= before + 5)
    process.send_signal(sent)
    out, err = process.communicate(timeout=30)
    document = json.loads(out)
    assert (process.returncode, document["interrupted"], document["exit"]) == (status, True, status)
    assert {run["rung"] for run in document["details"]["runs"] if run["round"] == 1} == {1, 2, 3}
    by_id = {check["id"]: check for check in document["checks"]}
    assert "was interrupted after" in by_id["stream.interrupted"]["evidence"]
    assert by_id["stream.verdict"]["evidence"].startswith("Rung 2")
    assert "Traceback" not in err


@pytest.mark.timeout(120)
def test_ctrl_c_leaves_a_clean_terminal(server: ModelServer, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    """Ctrl-C also ends a team that hangs. The team itself would wait for its agents before it is cancelled."""
    before = server.requests("stall")
    terminal, theirs = pty.openpty()
    process = started(
        *("--target", "tests.doctor.applications:hanging_team"),
        env={**environment(server, "clean"), applications.SILENT_URL: server.url("stall"), "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    _wait(lambda: server.requests("stall") > before)
    time.sleep(1.5)  # the spinner turns
    process.send_signal(signal.SIGINT)
    shown = b""
    try:
        while data := os.read(terminal, 4096):
            shown += data
    except OSError:  # how a terminal says that nobody writes any more
        pass
    os.close(terminal)
    assert process.wait(30) == 130
    assert HIDE in shown
    assert shown.rindex(SHOW) > shown.rindex(HIDE)
    assert b"Rung 5 (team.run_stream) was interrupted after" in b" ".join(shown.split())
    assert b"Interrupted. Found so far" in shown
    assert b"Traceback" not in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--client or --target"),
        (["--client", "openai", "--target", "a:b"], "--client or --target"),
        (["--client", "openai"], "needs --model"),
        (["--client", "nobody"], "'nobody' is not one of"),
        (["--target", "a:b", "--model", "m"], "go with --client"),
        (["--target", "a:b", "--base-url", "http://h"], "go with --client"),
        (["--target", "nonsense"], "package.module:factory"),
        (["--target", "no_such_module:x"], "no module no_such_module"),
        ([*OPENAI], "set OPENAI_API_KEY"),
        ([*OPENAI, "--repeat", "0"], "--repeat"),
        (["--idle", "60"], "--idle needs --base-url"),
        (["--idle", "1", "--base-url", "http://h"], "--idle"),
        (["--modle", "m"], "--modle"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SystemExit) as exited:
        cli.main(["doctor", "stream", *arguments])
    told = capsys.readouterr()
    assert exited.value.code == 2
    assert says in told.err
    assert "Traceback" not in told.err
