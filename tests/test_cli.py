# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command: what it prints, and with which status it exits."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

from lastchunk import cli, extras
from lastchunk.doctor.command import doctor
from lastchunk.version import __version__

OPENAI = ("--client", "openai", "--model", "test-model")
WRONG = (
    (Path(__file__).parents[1] / "grafana" / "settings.yaml").read_text().replace("objective: 0.99", "objective: lots")
)


def invoke(*args: str) -> int:
    """The exit status of ``lastchunk args``."""
    with pytest.raises(SystemExit) as exited:
        cli.main(args)
    assert isinstance(exited.value.code, int)
    return exited.value.code


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, easy to paste into a report."""
    assert invoke("--version") == 0
    assert capsys.readouterr().out == f"lastchunk {__version__}\n"


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_says_that_no_command_is_needed(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The newcomer's first question is how to use it, and the answer is another command."""
    assert invoke(flag) == 0
    output = capsys.readouterr().out
    assert "opentelemetry-instrument --traces_exporter lastchunk_console python app.py" in output
    assert "demo" in output


@pytest.mark.parametrize(
    ("args", "said", "meant"),
    [
        (["doctro"], "doctro", "doctor"),
        (["doctor", "--ofline"], "--ofline", "--offline"),
        (["explain", "--josn"], "--josn", "--json"),
        (["doctor", "--timeout", "soon"], "'--timeout': 'soon' is not a valid float", ""),
        (["doctor", "--timeout", "0"], "'--timeout': 0.0 is not in the range", ""),
    ],
)
def test_usage_error(args: list[str], said: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It names what was wrong, and what was probably meant, on stderr, with status 2."""
    assert invoke(*args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert meant in captured.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nosuch"], "No such command 'nosuch'"),
        (["explain", "nosuch"], "'nosuch' is not a reason, a cause or an alert"),
        (["init", "a-file/below"], "a-file/below cannot be written (Not a directory): name another folder."),
        (["init", "broken"], "settings.yaml is not valid YAML (line 1: "),
        (["init", "wrong"], "settings.yaml: objective is 'lots': give a share between 0 and 1."),
        (["init", "new", "--grafana-url", "grafana"], "'grafana' is not a URL: give one such as https://"),
        (["demo", "run", "no-such-program"], "no-such-program was not found"),
        (["demo", "run", "./a-file"], "./a-file cannot be run (Permission denied)"),
        (["doctor", "serve", "--host", "no-such-host.invalid"], "choose another --host or --port."),
        (["doctor", "stream", "--client", "openai"], "--client openai needs --model."),
        (["doctor", "stream", *OPENAI, "--base-url", "x:80"], "'x:80' is not a URL: give one such as http://"),
        (["doctor", "stream", *OPENAI], "OPENAI_API_KEY contains a character that no header can carry: copy the key"),
        (["doctor", "stream", "--target", "exits:client"], "--target exits:client raised SystemExit"),
    ],
)
def test_what_cannot_be_done_is_status_2_and_one_sentence(
    args: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rule of all commands: 1 is for a problem that was found, 2 for a command that could not do what it was asked to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "schl\u00fcssel")
    (tmp_path / "a-file").write_text("")
    (tmp_path / "exits.py").write_text("raise SystemExit(3)")
    for name, settings in (("broken", "objective: ["), ("wrong", WRONG)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.yaml").write_text(settings)
    assert invoke(*args) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("args", [["explain"], ["explain", "--json"], ["--help"]])
def test_output_that_cannot_be_written_is_status_2_and_one_sentence(args: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lastchunk", *args], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "lastchunk: the output cannot be written: No space left on device."
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        ["explain"],
        ["explain", "--json"],
        ["explain", "truncated"],
        ["doctor", "--offline"],
        ["doctor", "--offline", "--json"],
        ["init", "new"],
    ],
    ids=" ".join,
)
def test_a_reader_that_has_read_enough_is_no_failure(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As in `lastchunk explain | head`: nobody reads the other end of the pipe any more."""
    monkeypatch.chdir(tmp_path)
    read, write = os.pipe()
    os.close(read)
    with open(write, "w", encoding="utf-8") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert invoke(*args) == 0
    assert "Traceback" not in capfd.readouterr().err


def test_interrupted_anywhere(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C has the status that shells know, also where a command does not expect it."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    tour = ModuleType("lastchunk.demo.run")
    tour.main = interrupted  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lastchunk.demo.run", tour)
    assert invoke("demo") == 130
    assert capsys.readouterr().err.strip() == "Interrupted."


def test_doctor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of it, in this environment, but for the network."""
    for name in [name for name in os.environ if name.startswith(("OTEL_", "LASTCHUNK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:word@collector.corp:4317/?key=word")
    assert invoke("doctor", "--offline", "--json") == 0
    printed = capsys.readouterr().out
    said = {check["id"]: check["status"] for check in json.loads(printed)["checks"]}
    assert said.pop("otel.resource") == "warning"
    assert set(said.values()) == {"ok", "skipped"}
    assert "http://***@HOST:4317/?***" in printed
    assert not re.search("corp|word", printed)


def test_an_option_of_the_doctor_stands_behind_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """One that stands before it would be ignored, which is worse than being refused."""
    command = click.Command("below", callback=lambda: None)
    doctor.add_command(command)
    try:
        assert invoke("doctor", "below") == 0
        assert invoke("doctor", "--json", "below") == 2
    finally:
        del doctor.commands["below"]
    assert "--json must come after 'below'" in capsys.readouterr().err


def test_an_application_loads_none_of_it() -> None:
    """What is for people at a terminal does not make applications slower."""
    script = """
import sys
from lastchunk import AutoGenStreamsInstrumentor
AutoGenStreamsInstrumentor().instrument()
import autogen_agentchat.agents
ours = ("lastchunk.doctor", "lastchunk.explain", "lastchunk.runbook", "click")
print(sorted(name for name in sys.modules if name.startswith(ours)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_module_is_the_command() -> None:
    """``python -m lastchunk`` works where the script is not on the path."""
    done = subprocess.run(
        [sys.executable, "-m", "lastchunk", "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == f"lastchunk {__version__}\n"


def test_demo_hands_on_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tour's own exit status is the command's."""
    tour = ModuleType("lastchunk.demo.run")
    tour.main = lambda: 3  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lastchunk.demo.run", tour)
    assert invoke("demo") == 3


@pytest.mark.parametrize(
    ("missing", "args", "said"),
    [
        ("click", ["--version"], "lastchunk needs click, which is not installed: pip install '{}[cli]'"),
        ("rich", ["doctor"], "lastchunk needs rich, which is not installed: pip install '{}[cli]'"),
        ("llmock", ["demo"], "lastchunk demo needs llmock, which is not installed: pip install '{}[demo]'"),
        ("yaml", ["init", "x"], "lastchunk init needs yaml, which is not installed: pip install '{}[monitoring]'"),
    ],
)
def test_missing_extra_is_one_sentence(
    missing: str,
    args: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without its extra the command names what to install, and shows no traceback."""
    installed = extras._installed
    monkeypatch.setattr(extras, "_installed", lambda module: module != missing and installed(module))
    assert invoke(*args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == said.format("lastchunk-instrumentation-autogen") + "\n"
