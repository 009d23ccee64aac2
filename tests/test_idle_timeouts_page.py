# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""docs/idle-timeouts.md says what the script measures, and the rule is as good as it is said to be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_is_what_the_script_writes() -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "idle_timeouts.py", "--check"], check=True)


def test_the_rule_is_right_in_99_of_100() -> None:
    page = (ROOT / "docs" / "idle-timeouts.md").read_text("utf-8")
    found = re.search(r"Of [\d,]+ streams ([\d.]+) % are called what they are", page)
    assert found is not None
    assert float(found[1]) >= 99
