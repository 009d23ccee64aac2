# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The two forms of a group of alerts, with the same labels and the same texts."""

from __future__ import annotations

import re
from typing import Any

import yaml

from lastchunk.monitoring.alerts.table import Alert, Group, written_out
from lastchunk.monitoring.panels import OF_MODELS, PANELS, PATH
from lastchunk.monitoring.settings import Settings, milliseconds

_HEAD = (
    "# Made by `lastchunk init` (in the project: `make grafana`) from settings.yaml: change that, and make it anew.\n"
)
_VARIABLES = {"job": "job", "model": "gen_ai_request_model", "agent": "gen_ai_agent_name"}
"""Variables of the dashboards, and the labels that fill them. Names hold `/` and `:`."""


class _Dumper(yaml.SafeDumper):
    """Lines as they are, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _yaml(document: dict[str, Any]) -> str:
    return _HEAD + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def labels(alert: Alert, settings: Settings) -> dict[str, str]:
    """What an alert carries beside the labels of its expression."""
    own = {name: str(value) for name, value in alert.labels.items()}
    return {**settings.labels, **own, "severity": settings.severities[alert.severity]}


def _annotations(alert: Alert, settings: Settings) -> dict[str, str]:
    """Texts and links of an alert, as Prometheus reads them."""
    uid, panel = PANELS[alert.panel]
    filled = "".join(
        f"{{{{ with $labels.{label} }}}}&var-{variable}={{{{ . | urlquery }}}}{{{{ end }}}}"
        for variable, label in _VARIABLES.items()
        if uid != PATH and (variable != "model" or alert.panel in OF_MODELS)
    )
    runbook = f"{settings.runbook_url}/runbook.md" if settings.runbook_url else "runbook.md"
    return {
        "summary": alert.summary,
        "description": alert.description,
        "leaves_out": alert.leaves_out,
        "runbook_url": f"{runbook}{alert.anchor}",
        "dashboard_url": f"{settings.grafana_url}/d/{uid}?viewPanel={panel}{filled}",
    }


def prometheus(group: Group, settings: Settings) -> str:
    """A rule file."""
    rules: list[dict[str, Any]] = [{"record": rule.name, "expr": rule.expression} for rule in group.recordings]
    for alert in group.alerts:
        rule: dict[str, Any] = {"alert": alert.name, "expr": alert.expression}
        if alert.wait != "0s":
            rule["for"] = settings.time(alert.wait)
        rule["keep_firing_for"] = settings.time(alert.keep)
        rules.append(rule | {"labels": labels(alert, settings), "annotations": _annotations(alert, settings)})
    return _yaml({"groups": [{"name": group.name, "interval": group.interval, "rules": rules}]})


def _uid(name: str) -> str:
    """At most 40 characters: `lastchunk-cutoffs-fast`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def grafana_managed(group: Group, settings: Settings) -> str:
    """A file for Grafana's alert provisioning. Without recording rules: each expression is written out."""
    recordings = {rule.name: rule for rule in group.recordings}
    rules: list[dict[str, Any]] = []
    for alert in group.alerts:
        uid, panel = PANELS[alert.panel]
        expression = written_out(alert.expression, recordings)
        # Filtered, healthy is no data; and a sample of value 0 must fire too, so what is compared is never the value.
        asked = {"refId": "A", "expr": expression, "instant": True, "range": False, "editorMode": "code"}
        fires = {"refId": "B", "type": "math", "expression": "$A * 0 + 1"}
        rules.append(
            {
                "uid": _uid(alert.name),
                "title": alert.name,
                "condition": "B",
                "data": [
                    _query("A", settings.datasource, asked),
                    _query("B", "__expr__", fires),
                ],
                "dashboardUid": uid,
                "panelId": panel,
                "noDataState": "OK",
                "execErrState": alert.on_error,
                "for": settings.time(alert.wait) if alert.wait != "0s" else "0s",
                "keepFiringFor": settings.time(alert.keep),
                # A series that is filtered out is missing, and is kept as long as `keepFiringFor` says.
                "missing_series_evals_to_resolve": max(
                    1, milliseconds(settings.time(alert.keep)) // milliseconds(_whole(group.interval))
                ),
                "labels": labels(alert, settings),
                "annotations": {
                    name: text.replace("$value", "$values.A.Value")
                    for name, text in _annotations(alert, settings).items()
                },
                "isPaused": False,
            }
        )
    interval = _whole(group.interval)
    return _yaml(
        {
            "apiVersion": 1,
            "groups": [
                {
                    "orgId": settings.org,
                    "name": group.name,
                    "folder": settings.folder,
                    "interval": interval,
                    "rules": rules,
                }
            ],
        }
    )


def _whole(interval: str) -> str:
    """Grafana evaluates at most every ten seconds, at multiples of them."""
    return interval if milliseconds(interval) % 10_000 == 0 else "10s"


def _query(name: str, datasource: str, model: dict[str, Any]) -> dict[str, Any]:
    span = {"from": 600, "to": 0}
    return {"refId": name, "relativeTimeRange": span, "datasourceUid": datasource, "model": model}
