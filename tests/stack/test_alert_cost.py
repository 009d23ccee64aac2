# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the rules cost a real Prometheus at 50 services with 20 models each: measured, and far from their interval."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from lastchunk.semconv import COUNTED_BY_ALERTS
from tests.stack.backtest.server import BEGIN, Past
from tests.stack.rules.promtool import rules
from tests.stack.servers import Server, get
from tests.stack.test_alert_forms import MANAGED

SERVICES, MODELS, MINUTES = 50, 20, 62
END = BEGIN + MINUTES * 60
INTERVAL = 60.0
"""Seconds between two evaluations."""
pytestmark = pytest.mark.timeout(600)


def series() -> Iterator[str]:
    """Every chat of every model, in one process of each service: endings, cutoffs at 0, and their silences."""
    bounds = ("25", "35", "55", "65", "85", "95", "115", "125", "175", "185", "235", "245", "290", "310", "590", "610")
    for service in range(SERVICES):
        for model in range(MODELS):
            of = (
                f'job="shop/service-{service}",instance="a",gen_ai_operation_name="chat",gen_ai_provider_name="openai",'
                f'gen_ai_request_model="model-{model}",lastchunk_stream_outermost="true"'
            )
            for reason in ("completed", "truncated", "timeout", "rejected", "abandoned", "length"):
                yield f'lastchunk_stream_ended_total{{{of},lastchunk_stream_termination_reason="{reason}"}}'
            for reason, cause in COUNTED_BY_ALERTS:
                yield (
                    f'lastchunk_stream_cutoffs_total{{{of},lastchunk_stream_termination_reason="{reason}",'
                    f'lastchunk_stream_termination_cause="{cause}"}}'
                )
            for reason in ("timeout", "abandoned"):
                name, ended = (
                    "lastchunk_stream_idle_at_end_seconds",
                    f'{of},lastchunk_stream_termination_reason="{reason}"',
                )
                yield f"{name}_count{{{ended}}}"
                for bound in bounds:
                    yield f'{name}_bucket{{{ended},le="{bound}"}}'
            yield f"lastchunk_stream_open{{{of}}}"


def timed(prometheus: Past, expression: str) -> float:
    query = urllib.parse.urlencode({"query": expression, "time": END, "timeout": "120s"})
    begin = time.perf_counter()
    assert get(f"{prometheus.url}/api/v1/query?{query}", seconds=120), expression
    return time.perf_counter() - begin


def test_an_evaluation_takes_a_fraction_of_its_interval(
    needs: Callable[..., None], started: list[Server], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    needs("prometheus", "promtool")
    names = list(series())
    started.append(prometheus := Past(tmp_path / "prometheus", 299))
    prometheus.learn(
        tmp_path / "past.txt", [f"{name} {3 * at} {BEGIN + 60 * at}" for name in names for at in range(MINUTES + 1)]
    )
    every = [rule for rule in rules() if not rule.get("alert", "").startswith("LastchunkPath")]
    before = prometheus.cost()[0]
    costs = {rule.get("record") or rule["alert"]: timed(prometheus, rule["expr"]) for rule in every}
    total = prometheus.cost()[0] - before
    dearest = max(costs, key=lambda name: costs[name])
    figure(
        f"{len(names):,} series, a sample a minute: one evaluation of {len(every)} rules takes {total:.1f} s of processor time, "
        f"{sum(costs.values()):.1f} s in all; the dearest: {dearest}, {costs[dearest]:.2f} s"
    )
    managed = {rule["title"]: rule for rule in yaml.safe_load(MANAGED.read_text())["groups"][0]["rules"]}
    for name in ("LastchunkCutoffsFast", "LastchunkCutoffsSlow"):
        before = prometheus.cost()[0]
        timed(prometheus, managed[name]["data"][0]["model"]["expr"])
        figure(f"Grafana-managed, {name}: {prometheus.cost()[0] - before:.1f} s of processor time")
    assert total < INTERVAL
