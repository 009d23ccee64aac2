# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A few seconds of `make soak`: nothing is lost, nothing is kept, nothing hangs. In a process of its own, for its memory."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from packaging.version import Version


def test_nothing_is_lost_or_kept_or_hangs() -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--short"]
    ran = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=55)
    assert ran.returncode == 0, ran.stderr
    assert "no object alive" in ran.stdout
    assert "changed nothing" in ran.stdout
    assert "none hung" in ran.stdout
    if Version(version("opentelemetry-api")) >= Version("1.39"):  # what Agent Framework needs
        assert "Agent Framework, its own spans: 110 for 110 streams" in ran.stdout
        assert "Agent Framework, our spans: 110 for 110 streams" in ran.stdout
