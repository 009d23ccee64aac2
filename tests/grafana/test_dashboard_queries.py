# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The queries of the dashboards: they parse, name only what exists, and never add levels up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import promql_parser
import pytest
import yaml

from lastchunk import semconv
from lastchunk.monitoring.dashboards import foreign
from lastchunk.monitoring.dashboards.ids import CONTEXT
from lastchunk.monitoring.names import label, series
from lastchunk.semconv import Metric
from tests.grafana.dashboards import GRAFANA, Query, queries

SUFFIXES = ("_bucket", "_sum", "_count")
METRICS = {
    name: metric
    for metric in semconv.METRICS
    for name in (
        [series(metric) + suffix for suffix in SUFFIXES] if metric.instrument == "histogram" else [series(metric)]
    )
}
ATTRIBUTES = {attribute.name for attribute in (*semconv.CUTOFF_EVENT_ATTRIBUTES, *semconv.STALLED_EVENT_ATTRIBUTES)} | {
    name for metric in semconv.METRICS for name in metric.attributes
}
VALUES = {label(attribute.name): attribute.values for attribute in semconv.SPAN_ATTRIBUTES if attribute.values}
FOREIGN_LABELS = set(foreign.LABELS)
OUTERMOST, OPERATION = label(semconv.OUTERMOST), label(semconv.OPERATION_NAME)
ONE_LEVEL = {series(metric) + "_bucket" for metric in (semconv.AGENT_DURATION, semconv.WORKFLOW_DURATION)}
"""Runs of agents, and runs of teams: each is one level by itself, and has no label that says so."""
OF_ANY_MODEL = {("lastchunk-context", CONTEXT[name]) for name in ("inner_cutoffs", "tool_failures")}
"""About teams above all, whose runs have no model: a choice of models would hide them."""
PROMQL = queries("prometheus")


@dataclass
class Selected:
    """One selector of a query: its metric, and what it asks of labels, as operator and value."""

    metric: str
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)


def selectors(query: Query) -> Iterator[Selected]:
    """Every selector of a PromQL query."""
    return _selectors(promql_parser.parse(query.filled()))


def _selectors(whole: promql_parser.Expr) -> Iterator[Selected]:
    found: list[Selected] = []

    def visit(expression: promql_parser.Expr) -> None:
        if isinstance(expression, promql_parser.VectorSelector):
            asked = {one.name: (str(one.op), one.value) for one in expression.matchers.matchers}
            found.append(Selected(expression.name or asked.pop("__name__")[1], asked))

    promql_parser.walk(whole, visit)
    yield from found


def alternatives(expression: Any) -> list[promql_parser.Expr]:
    """Selections that replace or exclude each other: their values are never added up."""
    if isinstance(expression, promql_parser.ParenExpr):
        return alternatives(expression.expr)
    if isinstance(expression, promql_parser.AggregateExpr) and str(expression.op) == "max":
        return alternatives(expression.expr)
    if isinstance(expression, promql_parser.BinaryExpr) and str(expression.op) in ("or", "unless"):
        return alternatives(expression.lhs) + alternatives(expression.rhs)
    return [expression]


def grouped(query: Query) -> set[str]:
    """Every label by which a query groups or joins."""
    return {
        name.strip() for names in re.findall(r"\b(?:by|on) \(([^)]*)\)", query.text) for name in names.split(",")
    } - {""}


def ours(metric: str) -> list[Metric]:
    """The metrics of the table that match a name or a pattern of names."""
    return [METRICS[name] for name in METRICS if re.fullmatch(metric, name)]


def test_there_are_queries_in_each_language() -> None:
    assert len(PROMQL) > 80
    assert len(queries("loki")) >= 3
    assert len(queries("tempo")) == 2


@pytest.mark.parametrize("query", PROMQL, ids=str)
def test_every_metric_and_label_exists(query: Query) -> None:
    found = list(selectors(query))
    assert found or "vector(1)" in query.text  # which asks for no series
    known: set[str] = set()
    for selected in found:
        metrics = ours(selected.metric)
        if not metrics:
            assert selected.metric in foreign.METRICS
            known |= {label(semconv.REQUEST_MODEL)}  # an alert on a model carries it
            assert set(selected.asked) <= FOREIGN_LABELS | known
            continue
        for metric in metrics:
            labels = {label(name) for name in metric.attributes}
            assert set(selected.asked) <= labels | FOREIGN_LABELS, f"{metric.name} has no such label"
            known |= labels
    assert grouped(query) <= known | FOREIGN_LABELS


@pytest.mark.parametrize("query", PROMQL, ids=str)
def test_every_value_is_one_that_the_label_has(query: Query) -> None:
    for selected in selectors(query):
        for name, (_, value) in selected.asked.items():
            if name in VALUES and value != ".*":
                assert set(value.split("|")) <= set(VALUES[name])


@pytest.mark.parametrize("query", [query for query in PROMQL if query.panel], ids=str)
def test_no_query_adds_levels_up(query: Query) -> None:
    """Each selects what users saw or what providers did, and whatever is added up the same of the two."""
    for part in alternatives(promql_parser.parse(query.filled())):
        levels = set()
        for selected in _selectors(part):
            if ours(selected.metric) and selected.metric not in ONE_LEVEL and foreign.OVERFLOW not in selected.asked:
                levels.add((selected.asked.get(OUTERMOST, ("", ""))[1], selected.asked.get(OPERATION, ("", ""))[1]))
        assert levels <= {("true", ""), ("", "chat")}
        assert len(levels) <= 1


@pytest.mark.parametrize("query", [query for query in PROMQL if query.panel], ids=str)
def test_every_query_of_streams_is_narrowed_by_the_variables(query: Query) -> None:
    for selected in selectors(query):
        if ours(selected.metric) and foreign.OVERFLOW not in selected.asked:
            assert {foreign.JOB, foreign.ENVIRONMENT} <= selected.asked.keys()
            if selected.metric not in ONE_LEVEL and (query.dashboard, query.panel) not in OF_ANY_MODEL:
                assert label(semconv.REQUEST_MODEL) in selected.asked


@pytest.mark.parametrize("query", [query for query in PROMQL if " / " in query.text and query.panel], ids=str)
def test_an_empty_denominator_is_absent(query: Query) -> None:
    """The right side of every division is filtered by `> 0`, else there would be NaN."""

    def visit(expression: promql_parser.Expr) -> None:
        if isinstance(expression, promql_parser.BinaryExpr) and str(expression.op) == "/":
            right = expression.rhs
            while isinstance(right, promql_parser.ParenExpr):
                right = right.expr
            number = isinstance(right, promql_parser.NumberLiteral)
            assert number or (isinstance(right, promql_parser.BinaryExpr) and str(right.op) == ">")

    promql_parser.walk(promql_parser.parse(query.filled()), visit)


@pytest.mark.parametrize("query", queries("tempo"), ids=str)
def test_every_attribute_of_a_traceql_query_exists(query: Query) -> None:
    on_spans = set(re.findall(r"\bspan\.([\w.]+)", query.text))
    assert on_spans
    assert on_spans <= {attribute.name for attribute in semconv.SPAN_ATTRIBUTES}
    assert set(re.findall(r"\bresource\.([\w.]+)", query.text)) == {foreign.SERVICE_NAME}


@pytest.mark.parametrize("query", queries("loki"), ids=str)
def test_every_label_of_a_logql_query_exists(query: Query) -> None:
    named = set(re.findall(r'(\w+) ?(?:=~|=|!=)[ ]?"', query.text)) | set(re.findall(r"\{\{\.(\w+)\}\}", query.text))
    known = {label(attribute.name) for attribute in semconv.CUTOFF_EVENT_ATTRIBUTES}
    resource = {label(foreign.SERVICE_NAME), label(foreign.SERVICE_NAMESPACE), foreign.ENVIRONMENT}
    assert named - known == {*resource, "of_service"}
    assert f'{label(semconv.REQUEST_MODEL)}=~"$model"' in query.text
    assert "event_name" not in query.text, "Loki stores it from 3.8 on only"
    assert f'{label(semconv.CUTOFF)}="true"' in query.text
    assert '{service_name=~".+"' in query.text, "Loki refuses a selector that may be empty"


def test_the_query_of_the_tempo_data_source_names_what_exists() -> None:
    text = (GRAFANA / "provisioning/datasources/lastchunk.yaml").read_text("utf-8")
    (tempo,) = (source for source in yaml.safe_load(text)["datasources"] if source["type"] == "tempo")
    metrics = tempo["jsonData"]["tracesToMetrics"]
    (asked,) = metrics["queries"]
    (tag,) = metrics["tags"]
    assert tag == {"key": semconv.REQUEST_MODEL, "value": label(semconv.REQUEST_MODEL)}
    query = Query("provisioning", "tempo", "prometheus", asked["query"].replace("$$__tags", f'{tag["value"]}="any"'))
    (selected,) = selectors(query)
    assert METRICS[selected.metric] is semconv.CUTOFFS
    assert {*selected.asked, *grouped(query)} <= {label(name) for name in semconv.CUTOFFS.attributes} | {foreign.JOB}


def test_renaming_a_metric_or_an_attribute_would_be_noticed() -> None:
    """Each name that is checked comes from the committed JSON, so nothing is checked against itself."""
    asked = {selected.metric for query in PROMQL for selected in selectors(query)}
    used = {metric.name for name in asked for metric in ours(name)}
    off_by_default = {semconv.TIME_PER_OUTPUT_CHUNK.name}
    assert used == {metric.name for metric in semconv.METRICS} - off_by_default
