# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Services that run until they are stopped. Each is a real application, and a test can replace its plan while it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.stack.run import APPLICATION, Plan, variables
from tests.stack.servers import Collector

NAMESPACE = "shop"


class Service:
    """One process under `opentelemetry-instrument`; its job is `shop/<name>`, and so is its instance."""

    def __init__(self, name: str, agent: Collector, folder: Path, **settings: str) -> None:
        self.job = f"{NAMESPACE}/{name}"
        self._file = folder / f"{name}.plan"
        self._log = folder / f"{name}.log"
        resource = f"service.namespace={NAMESPACE},service.instance.id={self.job}"
        self._environment = variables(
            agent,
            {
                "OTEL_SERVICE_NAME": name,
                "OTEL_RESOURCE_ATTRIBUTES": resource,
                "OTEL_METRIC_EXPORT_INTERVAL": "2000",
                **settings,
            },
        )
        self._process: subprocess.Popen[bytes] | None = None

    def serve(self, plan: Plan, every: float) -> None:
        """From now on, start the next of these streams every so many seconds."""
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({"every": every, "streams": plan}))
        os.replace(new, self._file)

    def start(self) -> None:
        """Start the process, without waiting for it."""
        instrument = Path(sys.executable).with_name("opentelemetry-instrument")
        command = [str(part) for part in (instrument, sys.executable, APPLICATION, self._file, "no-report")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def lives(self) -> bool:
        """Whether the process is still running."""
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """What it printed."""
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """End it at once: kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
