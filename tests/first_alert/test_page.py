# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""docs/first-alert.md, performed word for word but for `pip install`, until the alert fires that it promises.

`make first-alert` runs it, with the Prometheus of the machine. It waits for minutes and needs hardly any processor time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "first-alert.md").read_text("utf-8")
ALERTS = "http://localhost:9090/api/v1/alerts"
PATIENCE = 600
"""Seconds: ten minutes, as the page says."""


def commands() -> list[str]:
    """The commands of the page in their order, continued lines joined."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [block.removeprefix("$ ").replace("\\\n", " ").strip() for block in blocks]


def files() -> dict[str, str]:
    """What the page tells the reader to save, by the file's name."""
    return dict(re.findall(r'^```\w+ title="(.+?)"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL))


@contextmanager
def running(command: str, folder: Path, environment: dict[str, str]) -> Iterator[Path]:
    """The command in the background, in a group of its own; the file with what it says."""
    log = folder / f"{command.split()[-1]}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            ["bash", "-c", command], cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield log
        assert process.poll() is None, f"{command} has ended:\n{log.read_text()}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(20)


def firing() -> list[dict[str, Any]]:
    """The alerts that fire now; none before Prometheus serves."""
    with suppress(OSError), urllib.request.urlopen(ALERTS, timeout=5) as answer:
        return [alert for alert in json.load(answer)["data"]["alerts"] if alert["state"] == "firing"]
    return []


@pytest.mark.timeout(PATIENCE + 60)
def test_the_alert_that_the_page_promises_fires(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install, application, init, prometheus = commands()
    assert install.startswith("pip install ")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LASTCHUNK_"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    assert shutil.which("prometheus", path=environment["PATH"]), "Prometheus is missing: apt-get install prometheus"
    for name, text in files().items():
        (tmp_path / name).write_text(text)
    assert {path.name for path in tmp_path.iterdir()} == {"chat.py", "prometheus.yml"}

    began = time.monotonic()
    with ExitStack() as stack:
        said = stack.enter_context(running(application, tmp_path, environment))
        subprocess.run(["bash", "-c", init], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60)
        log = stack.enter_context(running(prometheus, tmp_path, environment))
        started = time.monotonic() - began
        while not (alerts := firing()):
            assert time.monotonic() - began < PATIENCE, (
                f"nothing fires:\n{said.read_text()[-2000:]}\n{log.read_text()[-2000:]}"
            )
            time.sleep(2)
        seconds = time.monotonic() - began
    names = {alert["labels"]["alertname"] for alert in alerts}
    with capsys.disabled():
        print(
            f"\nfirst alert: {', '.join(sorted(names))} fires {seconds:.0f} s after the application's start: "
            f"{started:.0f} s until Prometheus starts, {seconds - started:.0f} s from there (pip install: `make newcomer`)"
        )

    (promised,) = re.findall(r"After a few minutes `(\w+)` fires", PAGE)
    (summary,) = re.findall(r"Its summary is:\n\n```text\n(.+)\n```", PAGE)
    assert promised in names
    assert summary in {alert["annotations"]["summary"] for alert in alerts}
    assert re.search(r"! invoke_agent guide .* truncated: unknown", said.read_text())
