# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Tries the installed package the way a user does: no code, one command.

``make dist`` runs this with the interpreter of a clean environment that holds the wheel and AutoGen, and nothing of
this tree. If something does not work, it exits with 1 and the whole output.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import metadata, version
from pathlib import Path

BIN = Path(sys.executable).parent
APP = Path(__file__).with_name("smoke_app.py")


def run(*command: str | Path) -> str:
    """The command's output, both streams as one, if it succeeds."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LASTCHUNK_"))}
    done = subprocess.run(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nsmoke: {command[0]} ended with {done.returncode}")
    return done.stdout


def main() -> None:
    installed = version("lastchunk-instrumentation-autogen")
    told = run(BIN / "lastchunk", "--version").split()
    if told != ["lastchunk", installed]:
        sys.exit(f"smoke: 'lastchunk --version' says {told}, the distribution is {installed}")

    relative = re.findall(
        r"\]\((?!https?:|#)([^)]*)\)", str(metadata("lastchunk-instrumentation-autogen").get_payload())
    )
    if relative:
        sys.exit(f"smoke: the description links to {relative[0]}, which is not there on a package index")

    if "idle_at_end" not in run(BIN / "lastchunk", "explain", "idle_timeout"):
        sys.exit("smoke: 'lastchunk explain idle_timeout' does not say what the runbook says")
    said = run(BIN / "lastchunk", "doctor", "--offline")
    if "problem" in said or "patches.autogen-agentchat" not in said:
        sys.exit(f"{said}\nsmoke: 'lastchunk doctor' finds a problem in an environment that has none")

    with tempfile.TemporaryDirectory() as folder:
        if "files are in" not in run(BIN / "lastchunk", "init", folder):
            sys.exit("smoke: 'lastchunk init' does not say what it wrote")
        rules = Path(folder, "grafana/alerts/prometheus/lastchunk-streams.yml")
        if "alert: Lastchunk" not in rules.read_text("utf-8"):
            sys.exit("smoke: 'lastchunk init' wrote no alerts")

    output = run(
        *(BIN / "opentelemetry-instrument", "--traces_exporter", "lastchunk_console"),
        *("--metrics_exporter", "none", "--logs_exporter", "none"),
        *(BIN / "python", APP),
    )
    lines = [line for line in output.splitlines() if "smoke_agent" in line and "completed" in line]
    if not lines or "application: received 2 messages" not in output:
        sys.exit(f"{output}\nsmoke: no line says that smoke_agent's stream completed")
    for noise in ("Traceback", "Failed to detach context"):
        if noise in output:
            sys.exit(f"{output}\nsmoke: the output holds '{noise}'")
    print(output, end="")
    print(f"smoke: lastchunk {installed} works under opentelemetry-instrument")


if __name__ == "__main__":
    main()
