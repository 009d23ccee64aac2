# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A test that fails in CI runs once more, is named, and few may need it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.another_chance import FEW

ROOT = Path(__file__).parents[1]
FLAKY = """
import pathlib, pytest

@pytest.mark.parametrize("number", range({tests}))
def test_flaky(number):
    ran = pathlib.Path(__file__).with_name(f"ran-{{number}}")
    first = not ran.exists()
    ran.touch()
    assert not first, "only at first"
"""


def run(folder: Path, tests: int, ci: str, *arguments: str) -> tuple[int, str]:
    """The exit code and the output of a run with so many tests that each fail at first."""
    (folder / "test_flaky.py").write_text(FLAKY.format(tests=tests))
    plugins = [
        argument
        for name in ("tests.another_chance", "pytest_rerunfailures", "xdist.plugin")
        for argument in ("-p", name)
    ]
    command = [sys.executable, "-m", "pytest", *plugins, "-c", os.devnull, *arguments, str(folder)]
    environment = os.environ | {"CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # The others' imports take seconds.
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    return ran.returncode, ran.stdout


ALONE_AND_SHARED = pytest.mark.parametrize("shared", [(), ("-n", "2")], ids=["alone", "shared"])


@ALONE_AND_SHARED
def test_few_pass_and_are_named(tmp_path: Path, shared: tuple[str, ...]) -> None:
    """With what was wrong at first, also where several processes share the tests."""
    code, printed = run(tmp_path, FEW, "true", *shared)
    assert code == pytest.ExitCode.OK
    assert printed.count("another chance for") == FEW
    assert "only at first" in printed


@ALONE_AND_SHARED
def test_too_many_fail_the_run(tmp_path: Path, shared: tuple[str, ...]) -> None:
    """Although each of them passed in the end."""
    code, printed = run(tmp_path, FEW + 1, "true", *shared)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert f"{FEW + 1} passed" in printed
    assert "the run fails" in printed


def test_nothing_runs_again_outside_ci(tmp_path: Path) -> None:
    """Whoever changes the code sees the race at once."""
    code, printed = run(tmp_path, 1, "")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "another chance" not in printed
