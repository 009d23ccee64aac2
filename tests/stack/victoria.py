# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`make victoria`: alerts and dashboards asked of VictoriaMetrics and of Prometheus, with the samples of every scenario."""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import yaml

from tests.grafana.dashboards import queries
from tests.stack.backtest.server import BEGIN, Labels, Past
from tests.stack.rules.scenario import Family, seconds
from tests.stack.servers import LOOPBACK, Missing, Server, binary, free_port
from tests.stack.test_alert_forms import MANAGED, TOGETHER, instants, openmetrics

LONGEST = 2**16
"""Bytes of the longest expression: the Grafana-managed form is written out. VictoriaMetrics takes 2**14 unless it is told."""
_NEAR = 0.05
"""The share of instants that may differ: counts differ by a part of one where Prometheus extrapolates."""


class Victoria(Server):
    """A VictoriaMetrics that only knows a past. A sample counts for `lookback` seconds, as in Prometheus."""

    def __init__(self, folder: Path, lookback: int) -> None:
        self.url = f"http://{LOOPBACK}:{free_port()}"
        command: list[str | Path] = [
            binary("victoria-metrics"),
            f"-storageDataPath={folder / 'data'}",
            f"-httpListenAddr={self.url.removeprefix('http://')}",
            "-retentionPeriod=100y",
            "-search.latencyOffset=0s",
            f"-search.maxStalenessInterval={lookback}s",
            f"-search.maxQueryLen={LONGEST}",
        ]
        super().__init__(command, folder, f"{self.url}/health", {})

    def learn(self, lines: Iterable[str]) -> None:
        """Take lines of OpenMetrics; here their times are milliseconds."""
        self._post("/api/v1/import/prometheus", "\n".join(f"{line}000" for line in lines).encode())
        self._post("/internal/force_flush", b"")

    def asked(self, expression: str, begin: int, end: int, step: str) -> dict[Labels, dict[int, str]]:
        """Each series of an expression: its value at each instant. `urllib.error.HTTPError` if it is refused."""
        query = {"query": expression, "start": begin, "end": end, "step": step, "nocache": "1"}
        answer = json.loads(self._post("/api/v1/query_range", urllib.parse.urlencode(query).encode()))
        return {
            frozenset((name, value) for name, value in series["metric"].items() if name != "__name__"): {
                int(float(at)): value for at, value in series["values"]
            }
            for series in answer["data"]["result"]
        }

    def _post(self, path: str, body: bytes) -> bytes:
        with urllib.request.urlopen(f"{self.url}{path}", body) as answer:
            return bytes(answer.read())


def say(text: str) -> None:
    """A line of the table, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def expressions(families: list[Family]) -> dict[str, str]:
    """Every alert of these families, in the form without recordings, and every query of a dashboard."""
    groups = yaml.safe_load(MANAGED.read_text())["groups"]
    managed = {rule["title"]: rule["data"][0]["model"]["expr"] for group in groups for rule in group["rules"]}
    made = {alert: managed[alert] for family in families for alert in family.alerts}
    step = max(300, 4 * seconds(families[0].step))
    times = {
        "__interval": f"{step}s",
        "__rate_interval": f"{step}s",
        "__rate_interval_ms": f"{step}000",
        "__range": "6h",
    }
    return made | {str(query): query.filled(**times) for query in queries("prometheus")}


def compared(families: list[Family], folder: Path) -> list[str]:
    """What differs, after a line for each alert."""
    step = families[0].step
    end = BEGIN + seconds(step) * (125 if step == "1m" else 325)
    lines = openmetrics(families)
    prometheus, victoria = (
        Past(folder / "prometheus", seconds(step) - 1),
        Victoria(folder / "victoria", seconds(step) - 1),
    )
    wrong: list[str] = []
    try:
        prometheus.learn(folder / "past.txt", lines)
        victoria.start().learn(lines)
        asked = expressions(families)
        shown = 0
        for name, expression in asked.items():
            due = instants(prometheus.asked(expression, BEGIN, end, step))
            try:
                got = instants(victoria.asked(expression, BEGIN, end, step))
            except urllib.error.HTTPError as refused:
                wrong.append(f"{name} is refused: {refused.read()[-200:]!r}")
                continue
            counts = sum(map(len, due.values())), sum(map(len, got.values()))
            both = sum(len(due[labels] & got.get(labels, set())) for labels in due)
            shown += bool(due)
            if name.startswith("Lastchunk"):
                say(f"{name:32} {counts[0]:6} {counts[1]:6} {both:6}")
                if due.keys() != got.keys() or max(counts) - both > max(3, _NEAR * max(counts)):
                    wrong.append(f"{name} fires otherwise")
            elif bool(due) != bool(got):
                wrong.append(f"{name} shows something on one of them only")
        say(f"{len(lines):,} samples; {shown} of {len(asked)} expressions have something to show\n")
    finally:
        prometheus.kill()
        victoria.kill()
    return wrong


def main() -> int:
    """Print the table. Returns 1 if VictoriaMetrics says otherwise, 2 if it cannot be asked."""
    try:
        for name in ("prometheus", "promtool", "victoria-metrics"):
            binary(name)
    except Missing as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    say(f"{'instants at which it is due':32} {'Prom.':>6} {'Vict.':>6} {'both':>6}")
    wrong: list[str] = []
    for families in TOGETHER.values():
        with tempfile.TemporaryDirectory() as folder:
            wrong += compared(families, Path(folder))
    say(
        "\n".join(wrong)
        or "Every alert fires for the same services, and every panel that shows something shows something."
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
