# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What an alert says, in every scenario: its texts are whole, and its link opens a panel that shows what fired."""

from __future__ import annotations

import math
import re
import subprocess
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.grafana.dashboards import GRAFANA, queries
from tests.stack.backtest.server import BEGIN, Past
from tests.stack.rules.promtool import binary, needed, rules, write
from tests.stack.rules.scenario import Family, seconds
from tests.stack.servers import Server
from tests.stack.test_alert_forms import openmetrics
from tests.stack.test_alert_rules import FAMILIES

pytestmark = pytest.mark.timeout(300)
SHOWN = 6 * 3600
"""Seconds that a dashboard shows when it is opened."""
WINDOW = 300
TIMES = {"__interval": "s", "__rate_interval": "s", "__rate_interval_ms": "000"}
"""What Grafana says of the distance between two points, and in which unit."""
NOTHING_TO_SHOW = {"LastchunkPathUnseen"}
"""What it fires for is that there is no sample."""
ZERO_IS_SHOWN = {"LastchunkPathDown"}
"""What fires here is `up`, which is 0 all the time."""
WRITTEN = {rule["alert"]: rule["annotations"] for rule in rules() if "alert" in rule}
RUNBOOK = set(re.findall(r"^#+ (\S+)$", (GRAFANA / "runbook.md").read_text("utf-8"), re.MULTILINE))


@dataclass(frozen=True)
class Said:
    """An alert that fires, as Prometheus hands it on."""

    at: int
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def name(self) -> str:
        return self.labels["alertname"]


def _pairs(text: str) -> dict[str, str]:
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', text)}


def said(family: Family, folder: Path) -> list[Said]:
    """Every alert of every scenario at each of its times: promtool is told to expect none, and prints what it found."""
    test = family.unit_test(write(folder / "rules.yml", needed(family.alerts)))
    test["tests"][0]["promql_expr_test"] = []
    times = {time for one in family.scenarios for time, due in one.fires.items() if due}
    test["tests"][0]["alert_rule_test"] = [
        {"alertname": alert, "eval_time": time, "exp_alerts": []} for alert in family.alerts for time in sorted(times)
    ]
    (folder / "test.yml").write_text(yaml.safe_dump(test))
    done = subprocess.run([binary("promtool"), "test", "rules", folder / "test.yml"], capture_output=True, text=True)
    found: list[Said] = []
    for part in re.split(r"^ +alertname: ", done.stdout + done.stderr, flags=re.MULTILINE)[1:]:
        time = re.match(r"\w+, time: (\w+),", part)
        assert time is not None, part[:200]
        for labels, texts in re.findall(r"Labels:\{(.*)\}\n +Annotations:\{(.*)\}", part):
            found.append(Said(seconds(time[1]), _pairs(labels), _pairs(texts)))
    return found


def whole(one: Said) -> None:
    """Every label that is named is there, nothing is left of a template, and there is no gap where something was empty."""
    for name, text in one.annotations.items():
        unconditional = re.sub(r"\{\{ with .*?\{\{ end \}\}", "", WRITTEN[one.name][name])
        assert all(one.labels.get(label) for label in re.findall(r"\{\{ \$labels\.(\w+) \}\}", unconditional)), one
        assert text
        assert text == text.strip(), text
        assert not re.search(r"\{\{|\}\}|<no value>|<error|%!|\bNaN\b|\bInf\b|,,|,\.|  | [,.;:]|\(\)|:$", text), text
    assert one.annotations["runbook_url"] == f"runbook.md#alert-{one.name.lower()}"
    assert f"alert-{one.name}" in RUNBOOK


def link(one: Said) -> tuple[str, int, dict[str, str]]:
    """The dashboard and the panel that its link opens, and the variables that it sets: those labels, and no others."""
    url = urllib.parse.urlsplit(one.annotations["dashboard_url"])
    values = {name: value for name, (value,) in urllib.parse.parse_qs(url.query).items()}
    panel = int(values.pop("viewPanel"))
    assert set(values) <= {"var-job", "var-model", "var-agent"}
    of = {"var-job": "job", "var-model": "gen_ai_request_model", "var-agent": "gen_ai_agent_name"}
    assert all(one.labels[of[name]] == value for name, value in values.items()), (one, values)
    return url.path.removeprefix("/d/"), panel, {name.removeprefix("var-"): value for name, value in values.items()}


def shown(one: Said, prometheus: Past, step: int) -> list[float]:
    """Every value that its panel draws, as Grafana asks for it; a chosen value is escaped in a regular expression."""
    dashboard, panel, chosen = link(one)
    escaped = {name: re.sub(r"([.+*?^$()\[\]{}|\\])", r"\\\\\1", value) for name, value in chosen.items()}
    end = BEGIN + one.at
    window = max(WINDOW, 4 * step)
    asked = [query for query in queries("prometheus") if query.dashboard == dashboard and query.panel == panel]
    assert asked, f"{dashboard} has no panel {panel}"
    values: list[float] = []
    for query in asked:
        times = {name: f"{window}{unit}" for name, unit in TIMES.items()}
        text = query.filled(**times, __range=f"{SHOWN}s", **escaped)
        answer = prometheus.asked(text, end if query.instant else max(BEGIN, end - SHOWN), end, f"{step}s")
        values += [float(value) for series in answer.values() for value in series.values()]
    return values


def sent(family: Family) -> list[str]:
    """Everything that the scenarios send; and with each ending its silence, which a process sends with it."""
    lines = openmetrics([family])
    told = {job(line) for line in lines if "lastchunk_stream_idle_at_end" in line}
    ended = [line for line in lines if line.startswith("lastchunk_stream_ended_total{") and job(line) not in told]
    for bound in ("95.0", "+Inf"):
        bucket = f'lastchunk_stream_idle_at_end_seconds_bucket{{le="{bound}",'
        lines += [line.replace("lastchunk_stream_ended_total{", bucket) for line in ended]
    return lines


def job(line: str) -> str:
    """The service whose sample it is."""
    found = re.search(r'job="([^"]*)"', line)
    assert found is not None, line
    return found[1]


@pytest.mark.parametrize("name", FAMILIES)
def test_texts_are_whole_and_links_show_what_fired(
    name: str, needs: Callable[..., None], started: list[Server], tmp_path: Path
) -> None:
    needs("prometheus", "promtool")
    family = FAMILIES[name]
    found = said(family, tmp_path)
    assert {one.name for one in found} == set(family.alerts)
    step = seconds(family.step)
    started.append(prometheus := Past(tmp_path / "prometheus", step - 1))
    prometheus.learn(tmp_path / "past.txt", sent(family))
    empty = set()
    for one in found:
        whole(one)
        values = [value for value in shown(one, prometheus, step) if not math.isnan(value)]
        if not (values if one.name in ZERO_IS_SHOWN else any(value > 0 for value in values)):
            empty.add((one.name, one.labels["job"], one.annotations["dashboard_url"]))
    assert {one for one in empty if one[0] not in NOTHING_TO_SHOW} == set()
