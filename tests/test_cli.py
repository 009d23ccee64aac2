# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command: what it prints, and with which status it exits."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from lastchunk import cli
from lastchunk.version import __version__


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


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A usage error names what was wrong, on stderr, with status 2."""
    assert invoke("dmeo") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "dmeo" in captured.err


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
        ("llmock", ["demo"], "lastchunk demo needs llmock, which is not installed: pip install '{}[demo]'"),
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
    installed = cli._installed
    monkeypatch.setattr(cli, "_installed", lambda module: module != missing and installed(module))
    assert invoke(*args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == said.format("lastchunk-instrumentation-autogen") + "\n"


def test_missing_parent_package_is_missing() -> None:
    """``find_spec`` raises for a module of a package that is not there."""
    assert not cli._installed("no_such_package.module")
