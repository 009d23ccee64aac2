# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped example for Alertmanager is valid, and routes each severity to its receiver."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack.rules.promtool import said
from tests.stack.servers import ROOT, binary

EXAMPLE = ROOT / "grafana" / "alerts" / "alertmanager-example.yml"


def versions() -> set[Path]:
    """Every amtool that is installed."""
    return {path for path in (binary("amtool"), Path("/usr/bin/amtool")) if path.exists()}


def test_alertmanager_takes_it(needs: Callable[[str], None]) -> None:
    needs("amtool")
    for amtool in versions():
        assert not said(amtool, "check-config", EXAMPLE)


@pytest.mark.parametrize(("severity", "receiver"), [("page", "pager"), ("ticket", "tickets")])
def test_severities_lead_to_their_receivers(severity: str, receiver: str, needs: Callable[[str], None]) -> None:
    needs("amtool")
    command = ["config", "routes", "test", f"--config.file={EXAMPLE}", f"severity={severity}", "job=shop/web:1"]
    for amtool in versions():
        done = subprocess.run([amtool, *command], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == receiver
