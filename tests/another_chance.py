# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""In CI, a test that fails runs once more. Each one that needed this is named, and more than a few of them fail the run.

Some tests depend on time: of a real server, or of what closes a socket first. Thousands of them run in CI, and one in many runs
fails because the machine was busy. On a developer's machine nothing runs again, so that a race is seen where it is mended.
"""

from __future__ import annotations

import os

import pytest

FEW = 2
"""Tests of one run that may need another chance."""


def pytest_configure(config: pytest.Config) -> None:
    """Set the default of pytest-rerunfailures' `--reruns`."""
    if os.environ.get("CI") == "true" and not config.option.reruns:
        config.option.reruns = 1


def _needed(config: pytest.Config) -> list[pytest.TestReport]:
    """Return why each test ran again. Empty in a process that only runs tests for another one."""
    terminal = config.pluginmanager.getplugin("terminalreporter")
    return list(terminal.stats.get("rerun", ())) if isinstance(terminal, pytest.TerminalReporter) else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Too many: the run fails, although each test passed in the end."""
    if len(_needed(session.config)) > FEW and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Each of them, and what was wrong at first."""
    needed = _needed(terminalreporter.config)
    for report in needed:
        terminalreporter.write_line(f"another chance for {report.nodeid}:")
        terminalreporter.write_line(report.longreprtext)
    if len(needed) > FEW:
        terminalreporter.write_line(
            f"{len(needed)} tests needed another chance, and {FEW} may: the run fails.", red=True
        )
