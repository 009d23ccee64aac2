# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Both versions of promtool, the newest and Debian's, which is the oldest that the rules are for; and what they read."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.stack.servers import ROOT, binary

RULES = ROOT / "grafana" / "alerts" / "prometheus"
RECORDED = re.compile(r"\blastchunk:\w+:\w+")
_DEBIAN = Path("/usr/bin/promtool")
Rule = dict[str, Any]


def versions() -> list[Path]:
    """Every promtool that is installed."""
    return list(dict.fromkeys([binary("promtool"), *([_DEBIAN] if _DEBIAN.exists() else [])]))


def said(promtool: Path, *arguments: str | Path) -> str:
    """What a command has to complain about; empty if nothing."""
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def rules() -> list[Rule]:
    """Every committed rule, in the order in which they are evaluated."""
    files = [yaml.safe_load(file.read_text()) for file in sorted(RULES.glob("*.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def needed(alerts: Iterable[str], some: list[Rule] | None = None) -> list[Rule]:
    """These alerts and what they rest on, in order: of the committed rules, or of others."""
    names, every = set(alerts), rules() if some is None else some
    for rule in reversed(every):
        if rule.get("alert") in names or rule.get("record") in names:
            names |= set(RECORDED.findall(rule["expr"]))
    return [rule for rule in every if rule.get("alert") in names or rule.get("record") in names]


def write(file: Path, some: list[Rule]) -> str:
    """A rule file with these rules, and its path."""
    file.write_text(yaml.safe_dump({"groups": [{"name": "rules", "rules": some}]}, width=10_000))
    return str(file)
