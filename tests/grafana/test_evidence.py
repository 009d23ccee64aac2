# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Which log records and spans the rows on single cutoffs show: their queries, applied to what Loki and Tempo would hold.

Neither server can be had here. The few forms that the queries use are carried out as their documentation says.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.grafana.dashboards import Query, queries

LOGGED = queries("loki")
TRACED = queries("tempo")
RECORD = {
    "service_name": "checkout",
    "service_namespace": "shop",
    "deployment_environment_name": "staging",
    "lastchunk_stream_cutoff": "true",
    "lastchunk_stream_termination_reason": "timeout",
    "lastchunk_stream_termination_cause": "idle_timeout",
    "lastchunk_stream_remedy": "Send pings.",
    "gen_ai_request_model": "model:8b",
    "gen_ai_agent_name": "Clerk",
}
SPAN = {"lastchunk.stream.outermost": True, "lastchunk.stream.cutoff": True}


def written(template: str, labels: dict[str, str]) -> str:
    """A Go template of Loki: `{{.label}}`, and `{{if .label}}…{{end}}`."""
    template = re.sub(
        r"\{\{if \.(\w+)\}\}(.*?)\{\{end\}\}", lambda found: found[2] if labels.get(found[1]) else "", template
    )
    return re.sub(r"\{\{\.(\w+)\}\}", lambda found: labels.get(found[1], ""), template)


def line(query: Query, record: dict[str, str], **chosen: str) -> str | None:
    """What Loki shows for a record: its line, empty if the query does not write one; None if it is not found."""
    text = re.sub(r"^sum\(count_over_time\((.*) \[1m\]\)\)$", r"\1", query.filled(**chosen))
    labels, shown = dict(record), ""
    selector, *stages = text.split(" | ")
    for stage in (*selector[1:-1].split(", "), *stages):
        if made := re.fullmatch(r"label_format (\w+)=`(.*)`", stage):
            labels[made[1]] = written(made[2], labels)
        elif made := re.fullmatch(r"line_format `(.*)`", stage):
            shown = written(made[1], labels)
        else:
            name, how, value = re.fullmatch(r'(\w+)(=~?)"(.*)"', stage).groups()  # type: ignore[union-attr]
            if not re.fullmatch(value if how == "=~" else re.escape(value), labels.get(name, "")):
                return None
    return shown


def shown(query: Query, name: str, span: dict[str, Any], **chosen: str) -> bool:
    """Whether Tempo finds a span of the service of that name."""
    conditions, selected = re.fullmatch(r"\{ (.*) \} \| select\((.*)\)", query.filled(**chosen)).groups()  # type: ignore[union-attr]
    assert selected
    of_service, *flags = conditions.split(" && ")
    (pattern,) = re.fullmatch(r"resource\.service\.name =~ `(.*)`", of_service).groups()  # type: ignore[union-attr]
    wanted = [re.fullmatch(r"span\.(\S+) = (true|false)", flag).groups() for flag in flags]  # type: ignore[union-attr]
    assert wanted
    # Unanchored, as Tempo before 2.7 compares.
    return bool(re.search(pattern, name)) and all(span.get(flag) is (value == "true") for flag, value in wanted)


@pytest.mark.parametrize("query", LOGGED, ids=str)
def test_cutoffs_are_found_in_logs_by_service_model_and_environment(query: Query) -> None:
    assert line(query, RECORD) is not None
    assert line(query, RECORD, job="shop/checkout", environment="staging", model="model:8b") is not None
    assert line(query, RECORD, job="checkout") is None
    assert line(query, RECORD, job="(shop/other|checkout)") is None
    assert line(query, RECORD, environment="production") is None
    assert line(query, RECORD, model="model") is None
    alone = {name: value for name, value in RECORD.items() if name != "service_namespace"}
    assert line(query, alone, job="checkout") is not None
    assert line(query, alone, job="shop/checkout") is None


@pytest.mark.parametrize("query", LOGGED, ids=str)
def test_a_cutoff_without_a_model_is_found_as_long_as_none_is_chosen(query: Query) -> None:
    team = {name: value for name, value in RECORD.items() if name != "gen_ai_request_model"}
    assert line(query, team) is not None
    assert line(query, team, model="model:8b") is None


@pytest.mark.parametrize("query", LOGGED, ids=str)
def test_what_is_not_cut_is_not_found_in_logs(query: Query) -> None:
    assert line(query, RECORD | {"lastchunk_stream_cutoff": "false"}) is None
    assert line(query, {name: value for name, value in RECORD.items() if name != "lastchunk_stream_cutoff"}) is None


def test_a_line_says_what_happened_where_and_what_helps() -> None:
    lines = {line(query, RECORD) for query in LOGGED if query.dashboard != "lastchunk-path"}
    assert lines == {"timeout/idle_timeout Clerk model:8b: Send pings."}


def test_the_selection_narrows_logs_by_agent() -> None:
    (query,) = [query for query in LOGGED if query.dashboard == "lastchunk-selection"]
    assert line(query, RECORD, agent="Clerk") is not None
    assert line(query, RECORD, agent="Cook") is None


@pytest.mark.parametrize("query", TRACED, ids=str)
@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, True),
        ({"job": "shop/checkout", "service": "checkout"}, True),
        ({"job": "checkout", "service": "checkout"}, True),
        ({"job": "(shop/checkout|pay)", "service": "(checkout|pay)"}, True),
        ({"job": "shop/check", "service": "check"}, False),
        ({"job": "shop/pay", "service": "pay"}, False),
        ({"job": "shop/pay", "service": "()"}, False),
    ],
    ids=["all", "with a namespace", "without", "two", "the beginning of its name", "another", "no name"],
)
def test_spans_are_found_by_service(query: Query, chosen: dict[str, str], found: bool) -> None:
    assert shown(query, "checkout", SPAN, **chosen) is found


@pytest.mark.parametrize("query", TRACED, ids=str)
@pytest.mark.parametrize("name", SPAN)
def test_only_cut_streams_that_users_saw_are_found_in_traces(query: Query, name: str) -> None:
    assert shown(query, "checkout", SPAN)
    assert not shown(query, "checkout", SPAN | {name: False})
