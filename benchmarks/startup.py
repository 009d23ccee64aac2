# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What Lastchunk adds to the start of an application that has no AutoGen in it, under `opentelemetry-instrument`."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

from benchmarks.measure import Row

BUDGET_MS = 30.0
RUNS = 25
_APPLICATION = (
    "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules}"
    " & {'autogen_core', 'autogen_agentchat', 'autogen_ext', 'openai', 'anthropic', 'ollama', 'pydantic', 'lastchunk'})))"
)


def _start(*, lastchunk: bool) -> tuple[float, list[str]]:
    """CPU seconds of one run, children included, and what of the libraries it imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    for signal in ("TRACES", "METRICS", "LOGS"):
        environment[f"OTEL_{signal}_EXPORTER"] = "none"
    # Other instrumentations in this environment load libraries of their own.
    left_out = {found.name for found in entry_points(group="opentelemetry_instrumentor")}
    if lastchunk:
        left_out.remove("autogen_streams")
    environment["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] = ",".join(sorted(left_out))
    command = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, "-c", _APPLICATION]
    before = os.times()
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout
    after = os.times()
    took = after.children_user + after.children_system - before.children_user - before.children_system
    return took, json.loads(output)


def rows() -> list[Row]:
    """The table's line. Raises RuntimeError if Lastchunk was not there, or imported what the application does not."""
    imported: dict[bool, list[str]] = {}
    runs: dict[bool, list[float]] = {True: [], False: []}
    deadline = time.monotonic() + 90
    for _ in range(RUNS):
        for lastchunk in (False, True):
            took, imported[lastchunk] = _start(lastchunk=lastchunk)
            runs[lastchunk].append(took)
        if time.monotonic() > deadline:
            break
    if imported != {True: ["lastchunk"], False: []}:
        raise RuntimeError(f"imported with Lastchunk {imported[True]}, without {imported[False]}")
    # The children cannot be told when the machine is quiet: the faster half of the runs is taken.
    fast = {with_it: sorted(took)[: max(len(took) // 2, 1)] for with_it, took in runs.items()}
    added = (statistics.median(fast[True]) - statistics.median(fast[False])) * 1e3
    noise = (max(fast[False]) - min(fast[False])) * 1e3
    return [
        Row(
            "start under `opentelemetry-instrument` of an application without AutoGen",
            f"≤ {BUDGET_MS:.0f} ms",
            f"{added:.0f} ms on {statistics.median(fast[False]) * 1e3:.0f} ms; imports neither AutoGen nor an SDK",
            f"± {noise / 2:.0f} ms",
            "",
            added <= BUDGET_MS,
        )
    ]
