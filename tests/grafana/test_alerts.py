# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The table of alerts: both forms say the same, every name is one that Lastchunk emits, every link leads somewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import promql_parser
import pytest
import yaml

from lastchunk import semconv
from lastchunk.monitoring.alerts import files, groups
from lastchunk.monitoring.alerts.table import Alert
from lastchunk.monitoring.names import label, series
from lastchunk.monitoring.panels import PANELS
from lastchunk.monitoring.settings import load

GRAFANA = Path(__file__).parents[2] / "grafana"
RUNBOOK = (GRAFANA / "runbook.md").read_text("utf-8")
SETTINGS = load()
ALERTS: list[Alert] = [alert for group in groups(SETTINGS) for alert in group.alerts]
METRICS = {series(metric): metric for metric in semconv.METRICS}
NAMES = [alert.name for alert in ALERTS]


def rules(form: str) -> list[dict[str, Any]]:
    found = [yaml.safe_load(text) for path, text in files(SETTINGS).items() if form in path]
    return [rule for file in found for group in file["groups"] for rule in group["rules"]]


PROMETHEUS = [rule for rule in rules("prometheus/") if "alert" in rule]
MANAGED = rules("provisioning/")
EXPRESSIONS = [rule["expr"] for rule in rules("prometheus/")] + [rule["data"][0]["model"]["expr"] for rule in MANAGED]


def test_the_committed_files_are_those_that_are_made():
    for path, text in files(SETTINGS).items():
        assert (GRAFANA / path).read_text("utf-8") == text, f"{path} is not current: run `make grafana`"


def test_both_forms_carry_the_same():
    def said(rule: dict[str, Any], value: str) -> dict[str, Any]:
        texts = {name: text.replace(value, "VALUE") for name, text in rule["annotations"].items()}
        return {"labels": rule["labels"], "annotations": texts, "for": rule.get("for", "0s")}

    prometheus = {rule["alert"]: said(rule, "$value") | {"keep": rule["keep_firing_for"]} for rule in PROMETHEUS}
    managed = {rule["title"]: said(rule, "$values.A.Value") | {"keep": rule["keepFiringFor"]} for rule in MANAGED}
    assert prometheus == managed
    assert list(prometheus) == NAMES


def test_in_grafana_every_sample_fires_and_none_is_healthy():
    for rule in MANAGED:
        asked, fires = (query["model"] for query in rule["data"])
        assert rule["condition"] == fires["refId"]
        assert fires["expression"] == f"${asked['refId']} * 0 + 1"
        assert asked["instant"]
        assert rule["noDataState"] == "OK"
        assert len(rule["uid"]) <= 40
        assert rule["missing_series_evals_to_resolve"] >= 1
        assert "lastchunk:" not in asked["expr"]
    assert [rule["title"] for rule in MANAGED if rule["execErrState"] == "Alerting"] == ["LastchunkPathUnseen"]
    assert {rule["execErrState"] for rule in MANAGED} == {"Alerting", "KeepLast"}
    assert len({rule["uid"] for rule in MANAGED}) == len(MANAGED)


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        for name in ("expr", "lhs", "rhs", "param"):
            if (below := getattr(node, name, None)) is not None:
                visit(below)
        for below in getattr(node, "args", None) or []:
            visit(below)

    visit(promql_parser.parse(expression))
    return found


def of_ours(name: str) -> semconv.Metric | None:
    return METRICS.get(name) or METRICS.get(re.sub(r"_(bucket|sum|count)$", "", name))


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=range(len(EXPRESSIONS)))
def test_every_name_is_one_that_is_emitted(expression: str):
    recorded = {rule.name for group in groups(SETTINGS) for rule in group.recordings}
    values = {label(one.name): one.values for one in semconv.STALLED_EVENT_ATTRIBUTES + semconv.SPAN_ATTRIBUTES}
    assert selectors(expression)
    for selected in selectors(expression):
        name = selected.name
        if name is None:
            (named,) = [matcher.value for matcher in selected.matchers.matchers if matcher.name == "__name__"]
            assert named.startswith("otelcol_")
            continue
        if name.startswith("otelcol_") or name == "up" or name in recorded:
            continue
        metric = of_ours(name)
        assert metric is not None, name
        for matcher in selected.matchers.matchers:
            if matcher.name == "le":
                assert re.fullmatch(r"(\d+)\(\[\.\]0\)\?", matcher.value), matcher.value
                assert float(matcher.value.split("(")[0]) in metric.buckets
                continue
            assert matcher.name in {label(attribute) for attribute in metric.attributes}, f"{name}: {matcher.name}"
            assert set(matcher.value.split("|")) <= set(values[matcher.name] or ("true",)), matcher.value


GROUPED = re.compile(r"\b(?:by|on|group_left|group_right) \(([^)]*)\)")


def test_every_label_that_is_grouped_by_is_one_that_is_emitted():
    known = {label(attribute) for metric in semconv.METRICS for attribute in metric.attributes}
    known |= {"job", "instance", "silence"}
    own = {"receiver", "exporter", "data_type"}
    for expression in EXPRESSIONS:
        used = {name.strip() for names in GROUPED.findall(expression) for name in names.split(",") if name.strip()}
        assert used <= known | (own if "otelcol_" in expression else set()), expression


def test_every_label_in_a_text_is_one_that_the_alert_can_have():
    for alert in ALERTS:
        used = set(re.findall(r"\$labels\.(\w+)", alert.summary + alert.description))
        by = {name.strip() for names in GROUPED.findall(written(alert)) for name in names.split(",")}
        assert used <= by | {"job", "instance", "silence"}, alert.name


def written(alert: Alert) -> str:
    (rule,) = [rule for rule in MANAGED if rule["title"] == alert.name]
    return str(rule["data"][0]["model"]["expr"])


def test_only_what_the_service_did_to_users_pages():
    counted = {str(reason) for reason, _ in semconv.COUNTED_BY_ALERTS}
    for alert in ALERTS:
        if alert.severity == "page" and "Cutoffs" in alert.name:
            (reasons,) = set(re.findall(r'cutoffs_total\{[^}]*reason=~"([^"]+)"', written(alert)))
            assert set(reasons.split("|")) == counted


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_each_alert_selects_one_level(alert: Alert):
    """Outermost streams or chats: a selector of our metrics with both, or with neither, adds levels up."""
    for selected in selectors(written(alert)):
        if selected.name is not None and of_ours(selected.name):
            levels = {
                matcher.name: matcher.value
                for matcher in selected.matchers.matchers
                if matcher.name in ("lastchunk_stream_outermost", "gen_ai_operation_name")
            }
            assert levels in ({"lastchunk_stream_outermost": "true"}, {"gen_ai_operation_name": "chat"})


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_each_alert_has_its_panel_and_its_entry_in_the_runbook(alert: Alert):
    assert alert.panel in PANELS
    assert f"### {alert.anchor[1:]}\n" in RUNBOOK.lower()
    assert alert.leaves_out


def test_the_runbook_has_no_entry_of_another_alert():
    assert set(re.findall(r"^### alert-(\S+)$", RUNBOOK, re.MULTILINE)) == {alert.name for alert in ALERTS}


def test_panels_never_change():
    """People's alerts and bookmarks contain their ids, so an id never changes. A new one may be added."""
    assert len(set(PANELS.values())) == len(PANELS)
    assert PANELS["cutoff_rate"] == ("lastchunk-overview", 1)
    assert PANELS["collectors_up"] == ("lastchunk-path", 5)


def test_links_begin_with_the_urls_of_the_settings_and_escape_labels():
    settings = replace(SETTINGS, grafana_url="https://grafana.example.org", runbook_url="https://git.example.org/x")
    rule = next(
        rule
        for file in map(yaml.safe_load, files(settings).values())
        for group in file["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "LastchunkModelCutoffsFast"
    )
    assert rule["annotations"]["runbook_url"] == "https://git.example.org/x/runbook.md#alert-lastchunkmodelcutoffsfast"
    link = rule["annotations"]["dashboard_url"]
    assert link.startswith("https://grafana.example.org/d/lastchunk-overview?viewPanel=31")
    filled = re.sub(r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ \. \| urlquery \}\}\{\{ end \}\}", r"\2<\1>", link)
    assert parse_qs(urlsplit(filled).query) == {
        "viewPanel": ["31"],
        "var-job": ["<job>"],
        "var-model": ["<gen_ai_request_model>"],
        "var-agent": ["<gen_ai_agent_name>"],
    }


def test_no_host_is_committed():
    for path in files(SETTINGS):
        assert "://" not in (GRAFANA / path).read_text("utf-8")


def test_routing_labels_and_severities_are_the_users():
    settings = replace(SETTINGS, labels={"team": "chat"}, severities={"page": "critical", "ticket": "warning"})
    severities = set()
    for path, text in files(settings).items():
        for rule in (rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]):
            if "record" not in rule:
                assert rule["labels"]["team"] == "chat", path
                severities.add(rule["labels"]["severity"])
    assert severities == {"critical", "warning"}
