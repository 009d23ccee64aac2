# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A few seconds of `make soak`: nothing is lost, nothing is kept, nothing hangs. In a process of its own, for its memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_nothing_is_lost_or_kept_or_hangs() -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--short"]
    ran = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=55)
    assert ran.returncode == 0, ran.stderr
    assert "no object alive" in ran.stdout
    assert "changed nothing" in ran.stdout
    assert "none hung" in ran.stdout
