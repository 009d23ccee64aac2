# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""examples/collector.yaml, on a real Collector, takes what examples/otlp_to_collector.py sends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lastchunk import semconv
from tests.examples.running import EXAMPLES, ROOT, command
from tests.stack.servers import LOOPBACK, Server, binary, free_port, wait_for

pytestmark = pytest.mark.timeout(120)


class Collector(Server):
    """A Collector without a page for probes: it serves when it listens."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.port = free_port()
        settings = {
            "OTLP_HTTP_LISTEN": f"{LOOPBACK}:{self.port}",
            "OTLP_GRPC_LISTEN": f"{LOOPBACK}:{free_port()}",
            "STREAMS_FILE": str(file),
        }
        super().__init__([binary("otelcol"), "--config", EXAMPLES / "collector.yaml"], folder, "", settings)

    def _serves(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


def test_the_collector_writes_all_three_signals(
    needs: Callable[..., None], started: list[Server], tmp_path: Path
) -> None:
    needs("otelcol")
    file = tmp_path / "streams.jsonl"
    made = Collector(tmp_path / "collector", file)
    started.append(made)
    made.start()
    subprocess.run(command("otlp_to_collector"), check=True, timeout=60, cwd=ROOT, env=environment(made.port))
    wait_for(lambda: len(blocks(file)) >= 3, "traces, metrics and logs arrive", 30)
    text = file.read_text()
    assert {name for block in blocks(file) for name in block} == {"resourceSpans", "resourceMetrics", "resourceLogs"}
    for expected in ("invoke_agent travel_guide", semconv.CUTOFFS.name, semconv.CUTOFF_EVENT, "truncated"):
        assert expected in text


def blocks(file: Path) -> list[dict[str, Any]]:
    """What the Collector has written so far."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def environment(port: int) -> dict[str, str]:
    """The environment of a user, except for the Collector's port, without the other variables of this process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LASTCHUNK_"))}
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{port}",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "openai,autogen_agentchat",
    }
