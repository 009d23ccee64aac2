# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the application of the tests, as its users would: several workers under `opentelemetry-instrument`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stack.servers import Collector

APPLICATION = Path(__file__).with_name("application.py")
SERVICE = "checkout-agents"
Plan = list[dict[str, Any]]

BOUNDED = {
    # Seconds for each export, so that a Collector that refuses cannot hold up the end of a process.
    "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
    "OTEL_METRIC_EXPORT_INTERVAL": "5000",
}
"""What the README tells an application to set."""


@dataclass
class Ran:
    """What one worker left."""

    spans: list[dict[str, Any]]
    slowest: float
    exit_took: float
    stderr: str


def workers(
    plans: Sequence[Plan],
    agent: Collector,
    folder: Path,
    *arguments: str,
    launcher: Sequence[str] = (),
    seconds: float = 120.0,
    **settings: str,
) -> list[Ran]:
    """Run one worker per plan, all at once, to their ends."""
    running = []
    for index, plan in enumerate(plans):
        files = [folder / f"worker-{index}.{name}" for name in ("plan", "report", "stdout", "stderr")]
        files[0].write_text(json.dumps(plan))
        first = launcher or [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable]
        command = [*first, str(APPLICATION), str(files[0]), str(files[1]), *arguments]
        with files[2].open("w") as stdout, files[3].open("w") as stderr:
            environment = variables(agent, settings)
            running.append((subprocess.Popen(command, env=environment, stdout=stdout, stderr=stderr), files))
    with ThreadPoolExecutor() as pool:  # each is waited for by itself: the moment of its end is asked for
        return list(pool.map(lambda worker: _ended(*worker, seconds), running))


def _ended(process: subprocess.Popen[bytes], files: list[Path], seconds: float) -> Ran:
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    ended = time.time()
    stderr = files[3].read_text(errors="replace")
    assert code == 0, stderr[-3000:]
    report = json.loads(files[1].read_text())
    return Ran(list(_spans(files[2].read_text())), max(report["took"]), ended - report["ended"], stderr)


def _spans(text: str) -> Iterator[dict[str, Any]]:
    """What the console exporter printed: one JSON document after the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        document, at = decoder.raw_decode(text, at)
        yield document


def variables(agent: Collector, settings: Mapping[str, str]) -> dict[str, str]:
    """The variables of a process whose telemetry goes to this Collector, with a test's own settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LASTCHUNK_"))}
    return (
        inherited
        | {
            "NO_PROXY": "127.0.0.1",
            "OTEL_SERVICE_NAME": SERVICE,
            "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=shop,deployment.environment.name=staging",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": agent.otlp,
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_LOGS_EXPORTER": "otlp",
            # Other GenAI instrumentations that are installed beside us stay out, unless a test wants one.
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "openai,autogen_agentchat",
        }
        | BOUNDED
        | settings
    )
