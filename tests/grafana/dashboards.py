# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the committed dashboards: their panels, and every query of panels, variables and annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GRAFANA = Path(__file__).parents[2] / "grafana"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))
}

VALUES = {
    "__rate_interval_ms": "60000",
    "__rate_interval": "1m",
    "__range": "1h",
    "__interval": "1m",
    "job": ".*",
    "environment": ".*",
    "model": ".*",
    "agent": ".*",
    "service": r"\.\*",
}
"""What Grafana puts in place of its variables, with All selected."""


@dataclass(frozen=True)
class Query:
    """One query, and its place."""

    dashboard: str
    place: str
    language: str
    text: str
    panel: int = 0
    instant: bool = False

    def __str__(self) -> str:
        return f"{self.dashboard}/{self.place}"

    def filled(self, **values: str) -> str:
        """The query as a data source gets it."""
        return re.sub(
            r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))", lambda found: (VALUES | values)[found[1] or found[2]], self.text
        )


def panels(dashboard: dict[str, Any], *, rows: bool = False) -> Iterator[dict[str, Any]]:
    """Every panel, those in closed rows too; rows themselves only if asked for."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row" or rows:
            yield panel
        yield from panel.get("panels", [])


def queries(language: str) -> list[Query]:
    """Every query in that language: `prometheus`, `loki` or `tempo`."""
    return [
        query
        for uid, dashboard in DASHBOARDS.items()
        for query in _queries(uid, dashboard)
        if query.language == language
    ]


def _queries(uid: str, dashboard: dict[str, Any]) -> Iterator[Query]:
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            text = target.get("expr") or target["query"]
            place = f"{panel['title']}/{target['refId']}"
            language = target["datasource"]["type"]
            yield Query(uid, place, language, text, panel["id"], bool(target.get("instant")))
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield Query(uid, annotation["name"], annotation["datasource"]["type"], annotation["expr"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            # label_values(selector, label) asks for the selector, query_result(expression) for the expression.
            asked = variable["query"]["query"]
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", asked)
            text = f"count by ({found[2]}) ({found[1]})" if found else asked.removeprefix("query_result(")[:-1]
            yield Query(uid, variable["name"], variable["datasource"]["type"], text, instant=True)


def strings(part: Any) -> Iterator[str]:
    """Every text anywhere in a part of the JSON."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from strings(value)
    elif isinstance(part, list):
        for value in part:
            yield from strings(value)
