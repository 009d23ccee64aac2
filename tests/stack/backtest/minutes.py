# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How many minutes pass from a fault to the page: promtool evaluates the rules once a minute, over a sample every 15 s.

Streams end at even distances, and each fault begins at four places between two evaluations. What counts is the latest.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from tests.stack.rules.promtool import Rule
from tests.stack.rules.scenario import INNER, RUN, Scenario, Series, cut, ended

TRAFFIC = (2, 10, 60, 600)
"""Streams a minute."""
LIMITS: Mapping[float, int] = {1: 4, 0.5: 7, 0.3: 12, 0.15: 45}
"""A share of streams that a fault hits, and the minutes after which it must page at the latest."""
Kind = Literal["cut", "rejected"]
PAGES: Mapping[Kind, str] = {"cut": "LastchunkCutoffsFast", "rejected": "LastchunkRejectedFast"}
_EVERY = 15
_BEFORE, _AFTER = 65, 60
"""Minutes of health before the fault, and of the fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a service of its own."""

    kind: Kind
    share: float
    traffic: int
    late: int
    """Seconds by which it begins after an evaluation."""

    @property
    def job(self) -> str:
        return f"{self.kind}-{self.share:g}-{self.traffic}-{self.late}"

    def series(self) -> Iterator[Series]:
        """Runs, and in each of them one chat stream."""
        begin = self.traffic * (_BEFORE + self.late / 60)
        good: list[int] = []
        bad: list[int] = []
        for at in range(0, (_BEFORE + _AFTER) * 60 + 1, _EVERY):
            streams = self.traffic * at // 60
            hit = int(self.share * max(0.0, streams - begin) + 1e-9)
            good.append(streams - hit)
            bad.append(hit)
        for level in (RUN, INNER):
            yield ended(level, "completed", _words(good))
            if self.kind == "cut":
                yield from cut(level, "truncated", _words(bad))
            else:
                yield ended(level, "rejected", _words(bad), cause="provider_error")


def _words(values: list[int]) -> str:
    return " ".join(map(str, values))


def faults(traffic: tuple[int, ...] = TRAFFIC) -> list[Fault]:
    """Every fault of the table."""
    return [
        Fault(kind, share, streams, late)
        for kind in PAGES
        for share in LIMITS
        for streams in traffic
        for late in range(0, 60, _EVERY)
    ]


def minutes(promtool: Path, rules: list[Rule], folder: Path, some: list[Fault]) -> dict[Fault, float | None]:
    """The minutes from each fault to its page; None if it did not page within an hour."""
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "rules", "interval": "1m", "rules": rules}]}))
    (folder / "test.yml").write_text(yaml.safe_dump(_unit_test(some)))
    done = subprocess.run([promtool, "test", "rules", folder / "test.yml"], capture_output=True, text=True)
    said = done.stdout + done.stderr
    firing: dict[str, list[float]] = defaultdict(list)
    for time, got in re.findall(r"time: (\w+),\s+exp:.*?\n?\s+got:(.*)", said):
        for labels in re.findall(r"\{([^}]*)\}", got):
            named = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            firing[named["job"] + " " + named["alertname"]].append(_minutes(time))
    if not firing:
        raise RuntimeError(f"promtool found no page at all: {said[:2000]}")
    made: dict[Fault, float | None] = {}
    for fault in some:
        begin = _BEFORE + fault.late / 60
        pages = [at - begin for at in firing[f"{fault.job} {PAGES[fault.kind]}"]]
        made[fault] = min(pages, default=None)
    return made


def _minutes(time: str) -> float:
    units = {"h": 60.0, "m": 1.0, "s": 1 / 60}
    return sum(float(value) * units[unit] for value, unit in re.findall(r"(\d+)([hms])", time))


def _unit_test(some: list[Fault]) -> dict[str, Any]:
    series: list[dict[str, str]] = []
    for fault in some:
        series += Scenario("", list(fault.series()), {}, fault.job).input_series()
    return {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": f"{_EVERY}s",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": 'count by (job, alertname) (ALERTS{alertstate="firing", severity="page"})',
                        "eval_time": f"{at}m",
                        "exp_samples": [{"labels": "none", "value": 0}],
                    }
                    for at in range(_BEFORE + _AFTER + 1)
                ],
            }
        ],
    }


def table(found: Mapping[Fault, float | None]) -> str:
    """The latest page for each share and traffic, as Markdown."""
    traffic = sorted({fault.traffic for fault in found})
    head = ["", *(f"{streams} a minute" for streams in traffic), "at most"]
    lines = [head, ["---"] * len(head)]
    for kind in PAGES:
        for share, limit in LIMITS.items():
            row = [f"{share:.0%} {kind}".replace("%", " %")]
            row += [_latest([found[one] for one in found if (one.kind, one.share, one.traffic) == (kind, share, streams)])
                    for streams in traffic]  # fmt: skip
            lines.append([*row, str(limit)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _latest(times: list[float | None]) -> str:
    known = [time for time in times if time is not None]
    return f"{max(known):.1f}" if len(known) == len(times) else "never"


def too_late(found: Mapping[Fault, float | None]) -> list[str]:
    """The faults that page later than they must."""
    return [fault.job for fault, time in found.items() if time is None or time > LIMITS[fault.share]]
