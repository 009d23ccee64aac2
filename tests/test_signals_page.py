# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""docs/signals.md says what the code does: its tables, and its numbers of series."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from lastchunk import semconv
from tests.telemetry.signals import Signals, agent, begin, chat, complete, team
from tests.telemetry.test_metrics import on_the_wire

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "signals.py"


def script() -> Any:
    """Load the script as a module."""
    spec = importlib.util.spec_from_file_location("signals_page", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def test_every_table_of_the_script_stands_on_the_page() -> None:
    page = (ROOT / "docs" / "signals.md").read_text()
    for block in script().BLOCKS:
        assert page.count(f"<!-- made by scripts/signals.py: {block} -->") == 1


def test_a_service_has_as_many_series_as_the_page_computes() -> None:
    signals = Signals()
    streams = signals.streams()
    for finish in ("stop", "length", "content_filter"):
        run = begin(streams, team())
        for name in ("one", "two", "three"):
            turn = begin(streams, agent(name), run)
            model = begin(streams, chat(), turn)
            on_the_wire(model, finish)
            complete(streams, model, finish)
            complete(streams, turn)
        run.last_source = "three"
        complete(streams, run)
    found = Counter(point.name for point in signals.collect())
    page = script()
    service = page.Service("a team", teams=1, agents=3, models=1, endings=3, cutoffs=2, reasons=3, errors=0)
    # Nothing says how much was sent, and from how many cutoffs a run recovers is not a matter of its size.
    unknown = {semconv.MESSAGES_SENT, semconv.BYTES_SENT, semconv.RECOVERED}
    for metric in semconv.METRICS:
        if metric not in unknown:
            assert found[metric.name] == page.sets(metric, service), metric.name
