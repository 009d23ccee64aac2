# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What all dashboards have in common: links to each other, tags, time, annotations, and rows of panels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, Panel

from lastchunk.monitoring.dashboards import variables
from lastchunk.monitoring.dashboards.colours import BAD, HUES, Family
from lastchunk.monitoring.dashboards.drawing import GRAFANA, PROMETHEUS
from lastchunk.monitoring.dashboards.foreign import ALERT_NAME, ALERT_STATE, ALERTS, JOB, TARGET_INFO, VERSION
from lastchunk.monitoring.dashboards.links import TAG, to_each_other

FIRING = f'{ALERTS}{{{ALERT_STATE}="firing", {ALERT_NAME}=~"Lastchunk.+"}}'
Panels = Sequence[Builder[Panel]]


def frame(uid: str, title: str, description: str, chosen: Sequence[variables.Variable]) -> dashboard.Dashboard:
    """A dashboard without panels."""
    made = dashboard.Dashboard(title).uid(uid).description(description).tags([TAG, "llm", "opentelemetry"]).editable()
    made = made.time("now-6h", "now").refresh("1m").tooltip(DashboardCursorSync.CROSSHAIR).timezone("browser")
    made = made.link(to_each_other())
    for variable in chosen:
        made = made.with_variable(variable)
    for annotation in (_alerts(), _versions(), _deployments()):
        made = made.annotation(annotation)
    return made


def open_row(made: dashboard.Dashboard, id_: int, title: str, panels: Panels) -> None:
    """A row that is open at first."""
    made.with_row(dashboard.Row(title).id(id_))
    for panel in panels:
        made.with_panel(panel)


def closed_row(made: dashboard.Dashboard, id_: int, title: str, panels: Panels) -> None:
    """A row that is closed at first, and queries nothing until it is opened."""
    row = dashboard.Row(title).id(id_).collapsed(True)
    for panel in panels:
        row = row.with_panel(panel)
    made.with_row(row)


def encode(made: dashboard.Dashboard) -> str:
    """The JSON of a dashboard, always the same for the same dashboard."""
    document = _where_they_belong(json.loads(JSONEncoder(sort_keys=True).encode(made.build())))
    _close_gaps(document["panels"])
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _where_they_belong(part: Any) -> Any:
    """Links and annotations at their usual place: the SDK's models hide them in a menu unless they are told otherwise."""
    if isinstance(part, dict):
        hidden = ("placement", "inControlsMenu")
        return {key: _where_they_belong(value) for key, value in part.items() if (key, value) != hidden}
    return [_where_they_belong(one) for one in part] if isinstance(part, list) else part


def _close_gaps(panels: list[dict[str, Any]]) -> None:
    """What follows a closed row stands right below it: the SDK leaves room for what is inside."""
    room = 0
    for panel in panels:
        inside = panel.get("panels", [])
        for moved in (panel, *inside):
            moved["gridPos"]["y"] -= room
        room += max(
            (one["gridPos"]["y"] + one["gridPos"]["h"] - panel["gridPos"]["y"] - 1 for one in inside), default=0
        )


def _alerts() -> dashboard.AnnotationQuery:
    """When an alert fired for what is shown."""
    found = dashboard.AnnotationQuery().name("Alerts").datasource(PROMETHEUS).enable(True).icon_color(BAD)
    found = found.expr(f'max by ({ALERT_NAME}, {JOB}) ({FIRING[:-1]}, {JOB}=~"$job|"}})').step("60s")
    return found.title_format(f"{{{{{ALERT_NAME}}}}}").text_format(f"{{{{{JOB}}}}}").tag_keys(ALERT_NAME)


def _versions() -> dashboard.AnnotationQuery:
    """When a version of a service was first seen; needs `service.version` among its resource attributes."""
    seen = f'{TARGET_INFO}{{{JOB}=~"$job", {VERSION}!=""}}'
    by = f"count by ({JOB}, {VERSION})"
    found = dashboard.AnnotationQuery().name("New versions").datasource(PROMETHEUS).enable(True)
    found = found.icon_color(HUES[Family.NOT_STARTED]).step("60s")
    found = found.expr(f"{by} ({seen}) unless {by} (last_over_time({seen}[1h] offset 2m))")
    return found.title_format(f"{{{{{JOB}}}}}").text_format(f"version {{{{{VERSION}}}}}").tag_keys(JOB)


def _deployments() -> dashboard.AnnotationQuery:
    """What a deployment tool wrote into Grafana with the tag `deployment`."""
    found = dashboard.AnnotationQuery().name("Deployments").datasource(GRAFANA)
    target: dict[str, object] = {"limit": 100, "matchAny": False, "tags": ["deployment"], "type": "tags"}
    found = found.enable(True).icon_color(HUES[Family.LEFT])
    return found.target(_Plain(target))


class _Plain(Builder[Any]):
    """A target that is not a query of a data source."""

    def __init__(self, value: dict[str, object]) -> None:
        self._value = value

    def build(self) -> dict[str, object]:
        return self._value
