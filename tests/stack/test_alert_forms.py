# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Both forms of each alert ask one real Prometheus the same, at every instant of healthy and faulty hours; and say it well."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.stack.backtest.server import BEGIN, Labels, Past
from tests.stack.rules import budget, days, hangs, jumps, starts, users
from tests.stack.rules.promtool import RECORDED, Rule, binary, needed, write
from tests.stack.rules.scenario import Family
from tests.stack.servers import ROOT, Server

MANAGED = ROOT / "grafana" / "alerts" / "provisioning" / "lastchunk-streams.yaml"
MINUTES = {"1m": 1, "5m": 5}
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
        f"{series['series']} {value:g} {BEGIN + step * MINUTES[family.step] * 60}"
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
    end = BEGIN + 60 * MINUTES[step] * (125 if step == "1m" else 325)
    alerts = [alert for family in families for alert in family.alerts]
    rules = needed(alerts)
    recordings = [rule for rule in rules if "record" in rule]
    first = [rule for rule in recordings if not RECORDED.search(rule["expr"])]
    started.append(prometheus := Past(tmp_path / "prometheus", MINUTES[step] * 60 - 1))
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


@pytest.mark.parametrize("family", [family for families in TOGETHER.values() for family in families])
def test_texts_are_filled_in(family: Family, needs: Callable[..., None], tmp_path: Path) -> None:
    """promtool is told to expect no alert, and prints those that it found."""
    needs("promtool")
    test = family.unit_test(write(tmp_path / "rules.yml", needed(family.alerts)))
    test["tests"][0]["promql_expr_test"] = []
    due = {firing.name: time for one in family.scenarios for time, fires in one.fires.items() for firing in fires}
    test["tests"][0]["alert_rule_test"] = [
        {"alertname": alert, "eval_time": due[alert], "exp_alerts": []} for alert in family.alerts
    ]
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))
    done = subprocess.run([binary("promtool"), "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True)
    text = done.stdout + done.stderr
    assert text.count('summary="') >= len(family.alerts)
    assert "<no value>" not in text
    assert "error" not in re.sub(r"\w+error|error\.type|error of|[Ee]rrors?\b", "", text)
    models = {labels["model"] for one in family.scenarios for _, labels, _ in one.series if "model" in labels}
    for link in re.findall(r'dashboard_url="([^"]*)"', text):
        values = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
        assert values["var-job"][0].startswith("shop/")
        assert values["var-job"][0].endswith(":1")
        assert set(values.get("var-model", [])) <= models
