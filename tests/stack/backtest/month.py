# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Weeks of invented services in a real Prometheus, the rules backfilled, and every page that they would have raised."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from lastchunk.monitoring.settings import milliseconds
from tests.stack.backtest.life import EVERY, Service, live
from tests.stack.backtest.server import Past
from tests.stack.rules.promtool import RECORDED, Rule

_BLOCK = 54
"""Hours in a block: promtool reads a file once for each block that it makes."""
_ASKED = 7 * 86400
"""Seconds that one query asks for: Prometheus answers with at most 11,000 values."""
_DAY = 86400


@dataclass(frozen=True, slots=True)
class Page:
    """One page: from when to when its condition held, in seconds."""

    alert: str
    labels: Mapping[str, str]
    begin: int
    end: int


def paging(rules: Iterable[Rule], severity: str) -> list[Rule]:
    """The alerts that page on streams."""
    return [rule for rule in rules if "alert" in rule and rule["labels"]["severity"] == severity]


class Month:
    """So many days of these services, and what the rules say of them."""

    def __init__(self, folder: Path, services: Iterable[Service], rules: list[Rule], *, days: int, seed: int) -> None:
        self.rules = rules
        # A Monday at the beginning of a block.
        self.begin = next(at for at in range(4 * _DAY, 10**9, 7 * _DAY) if at % (_BLOCK * 3600) == 0)
        self.end = self.begin + days * _DAY
        self.prometheus = Past(folder / "prometheus", lookback=300)
        files = self._write(folder, services, seed)
        try:
            self.prometheus.learn_files(files, _BLOCK)
            for file in files:
                file.unlink()
            self._record(folder)
        except BaseException:
            self.prometheus.stop()
            raise

    def _write(self, folder: Path, services: Iterable[Service], seed: int) -> list[Path]:
        seconds = _BLOCK * 3600
        with contextlib.ExitStack() as stack:
            count = -(-(self.end - self.begin) // seconds)
            files = [folder / f"block-{number}.txt" for number in range(count)]
            opened = [stack.enter_context(file.open("w")) for file in files]
            for service in services:
                for step, text in live(service, seed, self.begin // EVERY, (self.end - self.begin) // EVERY):
                    opened[(step * EVERY - self.begin) // seconds].write(text)
            for file in opened:
                file.write("# EOF\n")
        return files

    def _record(self, folder: Path) -> None:
        """What rests on other recordings comes after them."""
        left = [rule for rule in self.rules if "record" in rule]
        known: set[str] = set()
        while left:
            names = {rule["record"] for rule in left}
            ready = [rule for rule in left if not names & set(RECORDED.findall(rule["expr"]))]
            file = folder / "recordings.yml"
            file.write_text(yaml.safe_dump({"groups": [{"name": "backtest", "interval": "1m", "rules": ready}]}))
            self.prometheus.record(file, self.begin, self.end, _BLOCK)
            known |= {rule["record"] for rule in ready}
            left = [rule for rule in left if rule["record"] not in known]

    def pages(self, alert: Rule) -> list[Page]:
        """Every time at which the alert's condition held for as long as it must, minute by minute."""
        wait = milliseconds(alert["for"]) // 1000 if "for" in alert else 0
        keep = milliseconds(alert.get("keep_firing_for", "1m")) // 1000
        held: dict[frozenset[tuple[str, str]], list[int]] = {}
        for begin in range(self.begin, self.end, _ASKED):
            end = min(begin + _ASKED, self.end) - 60
            for labels, values in self.prometheus.asked(alert["expr"], begin, end, "1m").items():
                held.setdefault(labels, []).extend(values)
        made: list[Page] = []
        for labels, instants in held.items():
            for begin, end in _spans(instants, 60):
                if end - begin < wait:
                    continue
                firing = begin + wait
                if made and made[-1].labels == dict(labels) and firing - made[-1].end <= keep:
                    made[-1] = Page(alert["alert"], dict(labels), made[-1].begin, end)
                else:
                    made.append(Page(alert["alert"], dict(labels), firing, end))
        return made

    def close(self) -> None:
        """Stop the server."""
        self.prometheus.stop()


def _spans(instants: list[int], step: int) -> list[tuple[int, int]]:
    """Instants that follow each other without a gap, as their first and last."""
    gaps = [place for place, (one, other) in enumerate(pairwise(instants), 1) if other - one > step]
    edges = [0, *gaps, len(instants)]
    return [(instants[first], instants[last - 1]) for first, last in pairwise(edges)]


def groups(file: str) -> list[Rule]:
    """The rules of a rule file, given as text."""
    found: list[dict[str, Any]] = yaml.safe_load(file)["groups"]
    return [rule for group in found for rule in group["rules"]]
