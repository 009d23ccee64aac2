# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus with the shipped prometheus.yml, and what it knows."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.parse
from pathlib import Path
from typing import Any

import yaml

from tests.stack.servers import CONFIGURATIONS, LOOPBACK, ROOT, Server, binary, free_port, get

RULES = ROOT / "grafana" / "alerts" / "prometheus"


class Prometheus(Server):
    """Prometheus 3 with the shipped files; who is scraped, and how often, is the test's; rules may be others."""

    def __init__(
        self,
        folder: Path,
        scraped: dict[str, list[int]],
        *,
        interval: str = "1s",
        port: int | None = None,
        rules: Path | None = None,
        alertmanager: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self._settings = yaml.safe_load((CONFIGURATIONS / "prometheus.yml").read_text())
        self._settings["global"] |= {"scrape_interval": interval, "evaluation_interval": interval}
        self._settings.pop("alerting", None)
        if alertmanager is not None:
            targets = [{"targets": [f"{LOOPBACK}:{alertmanager}"]}]
            self._settings["alerting"] = {"alertmanagers": [{"static_configs": targets}]}
        self._settings["rule_files"] = [str(rules or RULES / "*.yml")]
        folder.mkdir(parents=True, exist_ok=True)
        self._write(folder, scraped)
        command: list[str | Path] = [
            binary("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
            "--web.enable-otlp-receiver",
            "--enable-feature=exemplar-storage",
        ]
        super().__init__(command, folder, f"http://{LOOPBACK}:{self.port}/-/ready", {})

    def _write(self, folder: Path, scraped: dict[str, list[int]]) -> None:
        for job in self._settings["scrape_configs"]:
            job["static_configs"] = [{"targets": [f"{LOOPBACK}:{port}" for port in scraped.get(job["job_name"], [])]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(self._settings))

    def scrape(self, scraped: dict[str, list[int]]) -> None:
        """Scrape these from now on."""
        self._write(self.folder, scraped)
        os.kill(self.pid, signal.SIGHUP)

    @property
    def otlp(self) -> str:
        """Where metrics are pushed to."""
        return f"http://{LOOPBACK}:{self.port}/api/v1/otlp/v1/metrics"

    def _ask(self, path: str, **parameters: str) -> Any:
        page = get(f"http://{LOOPBACK}:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        return json.loads(page)["data"] if page else None

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """An instant query: labels and value of each series."""
        found = self._ask("query", query=expression)
        return [(series["metric"], float(series["value"][1])) for series in (found or {}).get("result", [])]

    def value(self, expression: str) -> float:
        """The one value of a query; 0 if there is none."""
        return sum(value for _, value in self.query(expression))

    def over_time(
        self, expression: str, begin: float, end: float, step: float
    ) -> list[tuple[dict[str, str], list[float]]]:
        """A range query: labels and values of each series. `AssertionError` with what Prometheus says if it refuses."""
        asked = {"query": expression, "start": str(begin), "end": str(end), "step": str(step)}
        found = self._ask("query_range", **asked)
        assert found is not None, f"refused: {expression}"
        return [(series["metric"], [float(value) for _, value in series["values"]]) for series in found["result"]]

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        return {labels["alertname"] for labels in self.fires()}

    def fires(self) -> list[dict[str, str]]:
        """The labels of each alert that fires."""
        alerts = (self._ask("alerts") or {}).get("alerts", [])
        return [alert["labels"] for alert in alerts if alert["state"] == "firing"]

    def exemplars(self, expression: str) -> list[dict[str, str]]:
        """The labels of the exemplars of the last five minutes."""
        now = time.time()
        found = self._ask("query_exemplars", query=expression, start=str(now - 300), end=str(now + 10))
        return [exemplar["labels"] for series in found or [] for exemplar in series["exemplars"]]
