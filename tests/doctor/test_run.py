# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How a command of the doctor shows what it finds, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from lastchunk.doctor.options import Options
from lastchunk.doctor.report import render
from lastchunk.doctor.report.findings import Check, CouldNotRun, Detail, Doing, Findings, Status
from lastchunk.doctor.run import run

Capture = pytest.CaptureFixture[str]
WARNING = Check(
    "a.b", Status.WARNING, "Key sk-abcdefgh12345678 at http://gateway.corp:1/x.", "Turn it.", "#cause-unknown"
)


def found() -> Findings:
    yield Doing("Looking")
    yield Check("a.a", Status.OK, "Fine.")
    yield WARNING
    yield Detail("rungs", [{"key": "sk-abcdefgh12345678"}], ("rung", "said"), (("create", "sk-abcdefgh12345678"),))


def status_of(findings: Findings, options: Options | None = None) -> int:
    with pytest.raises(SystemExit) as exited:
        run("lastchunk doctor", findings, options or Options())
    return int(exited.value.code or 0)


def test_people_read_one_line_for_each_finding(capsys: Capture):
    assert status_of(found()) == 0
    shown = capsys.readouterr()

    assert shown.err == ""
    assert shown.out.splitlines()[0].startswith("lastchunk ")
    assert sys.prefix in shown.out.splitlines()[0]
    assert [line.rstrip() for line in shown.out.splitlines()[1:]] == [
        "ok       a.a  Fine.",
        "warning  a.b  Key *** at http://gateway.corp:1/x.",
        "         -> Turn it.",
        "            lastchunk explain unknown",
        "rung    said",
        "create  ***",
        "",
        "1 ok, 1 warning",
    ]


def test_strict(capsys: Capture):
    assert status_of(found(), Options(strict=True)) == 1


@pytest.mark.parametrize(("show", "host"), [(False, "HOST"), (True, "gateway.corp")])
def test_json_stands_alone_on_stdout(show: bool, host: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(render, "PATIENCE", 0.001)

    def slow() -> Findings:
        yield Doing("Looking")
        time.sleep(0.5)
        yield from found()

    assert status_of(slow(), Options(json=True, show_hosts=show)) == 0
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["checks"][1]["evidence"] == f"Key *** at http://{host}:1/x."
    assert document["details"] == {"rungs": [{"key": "***"}]}
    assert "Looking" in shown.err


def test_what_is_quick_is_not_announced(capsys: Capture):
    status_of(found())
    assert "Looking" not in capsys.readouterr().err


def test_what_could_not_run_is_one_sentence(capsys: Capture):
    def fails() -> Findings:
        yield Doing("Looking")
        raise CouldNotRun("--target names no factory: write package.module:factory.")

    assert status_of(fails()) == 2
    assert capsys.readouterr().err == "lastchunk doctor: --target names no factory: write package.module:factory.\n"


def test_a_defect_of_ours_is_no_traceback(capsys: Capture):
    def fails() -> Findings:
        yield WARNING
        raise ValueError("a secret")

    assert status_of(fails()) == 2
    said = capsys.readouterr().err
    assert said.startswith("lastchunk doctor: ValueError in test_run.py, line ")
    assert "secret" not in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("options", [Options(), Options(json=True)])
def test_interrupted(options: Options, capsys: Capture):
    closed: list[bool] = []

    def interrupted() -> Findings:
        try:
            yield WARNING
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    assert status_of(interrupted(), options) == 130
    said = capsys.readouterr().out
    assert closed
    if options.json:
        assert json.loads(said)["interrupted"] is True
    else:
        assert said.splitlines()[-1] == "Interrupted. Found so far: 1 warning."


def test_what_a_command_holds_is_let_go_before_it_reports(monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    happened: list[str] = []

    def interrupted(self: render.ForPeople, found: object) -> None:
        raise KeyboardInterrupt

    def holds() -> Findings:
        try:
            yield WARNING
        finally:
            happened.append("let go")

    monkeypatch.setattr(render.ForPeople, "show", interrupted)
    monkeypatch.setattr(render.ForPeople, "end", lambda self, report: happened.append("reported"))

    assert status_of(holds()) == 130
    assert happened == ["let go", "reported"]


SCRIPT = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from lastchunk.doctor.options import Options
from lastchunk.doctor.report.findings import Check, Doing, Status
from lastchunk.doctor.run import run
def findings():
    yield Check("a.a", Status.OK, "Fine.")
    yield Doing("Waiting for Godot")
    time.sleep(30)
run("lastchunk doctor", findings(), Options())
"""


def on_a_terminal(interrupt_at: str, environ: dict[str, str]) -> tuple[int, str]:
    """The exit status, and everything that was written to the terminal from which the process gets Ctrl-C."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", SCRIPT]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True)
    os.close(theirs)
    seen = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # as Linux says that the other end is closed
            break
        seen += more
        if interrupt_at.encode() in seen and process.poll() is None:
            process.send_signal(signal.SIGINT)
            interrupt_at = "\0"
    os.close(ours)
    return process.wait(20), seen.decode()


def test_ctrl_c_leaves_the_terminal_clean():
    status, seen = on_a_terminal("Waiting for Godot", dict(os.environ) | {"TERM": "xterm"})

    assert status == 130
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") >= 1
    assert "Interrupted. Found so far: 1 ok." in seen
    assert "Traceback" not in seen
    assert "\x1b[32m" in seen


def test_without_colours():
    _, seen = on_a_terminal("Waiting for Godot", dict(os.environ) | {"TERM": "xterm", "NO_COLOR": "1"})

    assert "\x1b[32m" not in seen


@pytest.fixture(autouse=True)
def _no_colours_of_this_machine(monkeypatch: pytest.MonkeyPatch):
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


LADDER = Detail(
    "runs",
    [],
    ("rung", "completed", "ended", "last event", "finish reason", "chars", "first", "took", "delivery"),
    (
        ("1 SDK create", "3/3", "completed", "finish", "stop", "1259", "-", "0.07s", "-"),
        (
            "3 create_stream",
            "0/3",
            "connection_lost: idle_timeout",
            "text",
            "none -> unknown",
            "1",
            "0.2s",
            "3s",
            "burst",
        ),
    ),
)


@pytest.mark.parametrize("columns", [40, 60])
def test_a_narrow_terminal(capsys: Capture, monkeypatch: pytest.MonkeyPatch, columns: int):
    """A table becomes a list, no line is longer than the terminal, and a long word is broken, not cut off."""
    command = "/opt/applications/chat/environments/production/bin/opentelemetry-instrument"
    for name, value in (
        ("FORCE_COLOR", "1"),
        ("NO_COLOR", "1"),
        ("TERM", "dumb"),
        ("LINES", "25"),
        ("COLUMNS", str(columns)),
    ):
        monkeypatch.setenv(name, value)

    def everything() -> Findings:
        yield from found()
        yield Check("otel.command", Status.OK, command)
        yield LADDER

    assert status_of(everything()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert command in "".join(line.strip() for line in lines)
    shown = [line.rstrip() for line in lines]
    assert shown[shown.index("3 create_stream") + 1 :][:2] == [
        "  completed: 0/3",
        "  ended: connection_lost: idle_timeout",
    ]
