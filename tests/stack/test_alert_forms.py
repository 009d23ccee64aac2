# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Both forms of each alert ask one real Prometheus the same, at every instant of healthy and faulty hours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.stack.backtest.server import BEGIN, Labels, Past
from tests.stack.rules import budget, days, hangs, jumps, starts, users
from tests.stack.rules.promtool import RECORDED, Rule, needed
from tests.stack.rules.scenario import Family, seconds
from tests.stack.servers import ROOT, Server

MANAGED = ROOT / "grafana" / "alerts" / "provisioning" / "lastchunk-streams.yaml"
TOGETHER = {"minutes": [budget.FAMILY, starts.FAMILY, hangs.FAMILY], "hours": [jumps.FAMILY, users.FAMILY, days.FAMILY]}
pytestmark = pytest.mark.timeout(300)


def samples(words: str) -> Iterator[tuple[int, float]]:
    """promtool's words for a series: the step and the value of each sample. A stale one is left out."""
    step = 0
    for word in words.split():
        found = re.fullmatch(r"(_|stale|-?[\d.]+)([+-][\d.]+)?(?:x(\d+))?", word)
        assert found is not None, word
        begin, more, times = found[1], float(found[2] or 0), int(found[3] or 0)
        if begin in ("_", "stale"):
            step += max(times, 1)
            continue
        for at in range(times + 1):
            yield step, float(begin) + more * at
            step += 1


def openmetrics(families: list[Family]) -> list[str]:
    """Everything that the scenarios send."""
    return [
        f"{series['series']} {value:g} {BEGIN + step * seconds(family.step)}"
        for family in families
        for one in family.scenarios
        for series in one.input_series()
        for step, value in samples(series["values"])
    ]


def instants(answer: dict[Labels, dict[int, str]]) -> dict[Labels, set[int]]:
    """When each series is there, whatever its value: when it fires."""
    return {labels: set(values) for labels, values in answer.items()}


def recorded(prometheus: Past, rules: list[Rule], end: int, step: str) -> list[str]:
    """What these recordings would have kept."""
    return [
        f"{rule['record']}{{{','.join(f'{name}={json.dumps(value)}' for name, value in labels)}}} {value} {at}"
        for rule in rules
        for labels, values in prometheus.asked(rule["expr"], BEGIN, end, step).items()
        for at, value in values.items()
    ]


@pytest.mark.parametrize("name", TOGETHER)
def test_both_forms_fire_at_the_same_instants(
    name: str, needs: Callable[..., None], started: list[Server], tmp_path: Path
) -> None:
    needs("prometheus", "promtool")
    families = TOGETHER[name]
    step = families[0].step
    end = BEGIN + seconds(step) * (125 if step == "1m" else 325)
    alerts = [alert for family in families for alert in family.alerts]
    rules = needed(alerts)
    recordings = [rule for rule in rules if "record" in rule]
    first = [rule for rule in recordings if not RECORDED.search(rule["expr"])]
    started.append(prometheus := Past(tmp_path / "prometheus", seconds(step) - 1))
    prometheus.learn(tmp_path / "past.txt", openmetrics(families))
    for layer in (first, [rule for rule in recordings if rule not in first]):
        if layer:
            prometheus.learn(tmp_path / "recorded.txt", recorded(prometheus, layer, end, step))
    managed = {
        rule["title"]: rule["data"][0]["model"]["expr"]
        for group in yaml.safe_load(MANAGED.read_text())["groups"]
        for rule in group["rules"]
    }
    for rule in rules:
        if "alert" in rule:
            due = instants(prometheus.asked(rule["expr"], BEGIN, end, step))
            assert due, f"{rule['alert']} is never due: nothing is compared"
            assert instants(prometheus.asked(managed[rule["alert"]], BEGIN, end, step)) == due, rule["alert"]
