# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Real servers for a test: each is stopped after it, and one that is missing skips the test (in CI: fails it)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stack.otlp import Backend
from tests.stack.servers import Collector, Missing, Server, binary

Needs = Callable[..., None]
Figure = Callable[[str], None]
_FIGURE = "figure"


@pytest.fixture(name="figure")
def _figure(request: pytest.FixtureRequest) -> Figure:
    """`figure("...")`: what was measured, to be read at the end of the run."""

    def figure(text: str) -> None:
        request.node.user_properties.append((_FIGURE, text))

    return figure


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured, in whichever process."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    figures = [
        f"{report.nodeid.rpartition('::')[2]}: {text}"
        for report in reports
        for name, text in getattr(report, "user_properties", ())
        if name == _FIGURE
    ]
    if figures:
        terminalreporter.section("figures")
        for figure in dict.fromkeys(figures):
            terminalreporter.line(figure)


@pytest.fixture(scope="session", name="needs")
def _needs() -> Needs:
    """`needs("nginx", ...)`: skip unless these servers can be had; in CI, fail."""

    def needs(*names: str) -> None:
        try:
            for name in names:
                binary(name)
        except Missing as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing), pytrace=False)
            pytest.skip(str(missing))

    return needs


@pytest.fixture(name="started")
def _started() -> Iterator[list[Server]]:
    """What was started, to be stopped after the test, the last first."""
    servers: list[Server] = []
    yield servers
    for server in reversed(servers):
        server.kill()


@pytest.fixture(name="collector")
def _collector(needs: Needs, started: list[Server], tmp_path: Path) -> Callable[..., Collector]:
    """`collector("agent.yaml", ..., NAME="value")`: a Collector with these files, not yet started."""
    needs("otelcol")

    def make(*files: str, name: str = "", **settings: object) -> Collector:
        folder = tmp_path / (name or f"collector-{len(started)}")
        started.append(made := Collector(folder, *files, **settings))  # type: ignore[arg-type]
        return made

    return make


@pytest.fixture(name="backend")
def _backend(needs: Needs, started: list[Server], tmp_path: Path) -> Backend:
    """A trace and log backend that serves."""
    needs("otelcol")
    started.append(made := Backend(tmp_path / "backend"))
    made.start()
    return made
