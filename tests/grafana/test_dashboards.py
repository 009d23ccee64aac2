# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The committed dashboards: current, as Grafana takes them, with numbers that never change and links that lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from lastchunk.monitoring import dashboards as maker
from lastchunk.monitoring.dashboards import links
from lastchunk.monitoring.panels import PANELS
from lastchunk.monitoring.settings import load
from tests.grafana.dashboards import DASHBOARDS, GRAFANA, panels, strings

CORE = {
    "alertlist",
    "heatmap",
    "logs",
    "row",
    "stat",
    "state-timeline",
    "table",
    "text",
    "timeseries",
}
"""Of the kinds of panels that every Grafana from 10 on has, those that are used."""
RUNBOOK = (GRAFANA / "runbook.md").read_text("utf-8")
ANCHORS = {
    re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", RUNBOOK, re.M)
}
EVERY_PANEL = [
    pytest.param(panel, id=f"{uid}-{panel['id']}") for uid, board in DASHBOARDS.items() for panel in panels(board)
]


def test_they_are_current() -> None:
    """If this fails, run `make grafana`."""
    for path, text in maker.files(load()).items():
        assert (GRAFANA / path).read_text("utf-8") == text, path


def test_there_are_four_and_their_uids_never_change() -> None:
    assert list(DASHBOARDS) == ["lastchunk-context", "lastchunk-overview", "lastchunk-path", "lastchunk-selection"]
    assert all(board["uid"] == uid for uid, board in DASHBOARDS.items())
    assert len({board["title"] for board in DASHBOARDS.values()}) == 4


def test_the_number_of_a_panel_never_changes() -> None:
    """Whoever adds a panel adds it to the list; nothing else changes the list."""
    committed = json.loads(Path(__file__).with_name("panel-ids.json").read_text("utf-8"))
    assert {
        uid: {str(panel["id"]): panel["type"] for panel in panels(board, rows=True)}
        for uid, board in DASHBOARDS.items()
    } == committed


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_numbers_are_unique_and_those_that_alerts_know_exist(uid: str) -> None:
    numbers = [panel["id"] for panel in panels(DASHBOARDS[uid], rows=True)]
    assert len(numbers) == len(set(numbers))
    assert {number for board, number in PANELS.values() if board == uid} <= set(numbers)


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_the_models_of_the_sdk_take_them(uid: str) -> None:
    loaded = Dashboard.from_json(DASHBOARDS[uid])
    assert loaded.uid == uid
    assert loaded.schema_version == 42
    assert "apiVersion" not in DASHBOARDS[uid]


def test_no_panel_needs_a_plugin() -> None:
    assert {panel["type"] for board in DASHBOARDS.values() for panel in panels(board, rows=True)} == CORE


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_no_panel_covers_another(uid: str) -> None:
    """Panels in a closed row are moved when it opens: they only must not overlap each other."""
    board = DASHBOARDS[uid]
    for group in (board["panels"], *(panel["panels"] for panel in board["panels"] if panel.get("panels"))):
        _leave_room(group)


def _leave_room(group: list[dict[str, Any]]) -> None:
    taken: dict[tuple[int, int], int] = {}
    for panel in group:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["id"]) == panel["id"]


@pytest.mark.parametrize("panel", EVERY_PANEL)
def test_every_panel_says_what_it_shows_in_which_unit_and_why_it_is_empty(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert len(panel["title"]) > 3
    assert len(panel["description"]) > 20
    assert defaults["unit"]
    if panel["type"] != "text":
        assert len(defaults["noValue"]) >= 4
        assert defaults["noValue"] != "0"
    if panel["type"] in ("stat", "state-timeline", "timeseries"):
        assert defaults.get("thresholds", {}).get("steps") or panel["datasource"]["type"] == "loki"


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_variables_are_those_that_links_know(uid: str) -> None:
    names = [variable["name"] for variable in DASHBOARDS[uid]["templating"]["list"]]
    seen = [name for name in names if name not in ("service", "runbook")]
    assert seen == [
        name for name in ("datasource", "tempo", "loki", "job", "environment", "model", "agent") if name in seen
    ]
    assert {"datasource", "tempo", "loki", "job", "environment", "model"} <= set(seen)
    for text in strings(DASHBOARDS[uid]):
        used = re.findall(r"\$\{?([a-z]\w*)(?=[:}\"|)]|$)", text)
        assert set(used) <= set(names), text


def test_all_selects_series_without_the_label_too() -> None:
    for board in DASHBOARDS.values():
        for variable in board["templating"]["list"]:
            if variable["name"] in ("job", "environment", "model", "agent"):
                assert variable["allValue"] == ".*"
                assert variable["multi"]
                assert variable["current"]["value"] == ["$__all"]


def test_links_lead_to_entries_of_the_runbook_and_to_dashboards() -> None:
    linked, boards = set(), set()
    for board in DASHBOARDS.values():
        for text in strings(board):
            linked |= set(re.findall(r"\$\{runbook:raw\}#([\w-]+)", text))
            boards |= set(re.findall(r"/d/([\w-]+)", text))
    linked.discard("cause-")  # completed by the cause of a line
    assert len(linked) > 25
    assert linked <= ANCHORS
    assert boards == {"lastchunk-selection"}


def test_links_keep_time_and_variables_and_take_any_value() -> None:
    """A service may be called `shop/checkout`, a model `model:8b`."""
    for link in (links.to_selection("job", "agent"), links.to_selection("model"), links.to_row("job", "model")):
        url = link.build().url
        assert url is not None
        assert "${__url_time_range}" in url
        given = re.findall(r"var-\w+=\$\{([^}]+)\}", url)
        assert given
        assert all(value.endswith(":percentencode") for value in given)
        kept = set(re.findall(r"\$\{(\w+):queryparam\}", url)) | set(re.findall(r"var-(\w+)=", url))
        assert kept >= {"datasource", "tempo", "loki", "environment", "job", "model"}
    for board in DASHBOARDS.values():
        (link_,) = board["links"]
        assert link_["includeVars"]
        assert link_["keepTime"]
        assert set(link_["tags"]) <= set(board["tags"])


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("shop/checkout", ["checkout"]),
        ("checkout", ["checkout"]),
        ("shop/a+b (1)|pay|x/[y]", ["a+b (1)", "pay", "[y]"]),
        (".*", [".*"]),
    ],
)
def test_tempo_is_asked_for_the_names_in_what_is_chosen(chosen: str, names: list[str]) -> None:
    """A service is namespace/name, and Tempo knows the name. Grafana finds it in the line that it makes of a query's result."""
    for board in DASHBOARDS.values():
        for variable in board["templating"]["list"]:
            if variable["name"] == "service":
                assert variable["query"]["query"].startswith("query_result(label_replace(vector(1), ")
                (pattern,) = re.findall(r"^/(.+)/g$", variable["regex"])
                line = f'{{chosen="{chosen}"}} 1 1767225600000'
                assert re.findall(pattern.replace("\\/", "/"), line) == names


def test_what_is_chosen_stays_chosen() -> None:
    """A service that Prometheus never saw, or that is gone, would be dropped as soon as its values are asked for anew."""
    for board in DASHBOARDS.values():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                assert variable["refresh"] == 1, "only when the dashboard is loaded"
                assert variable["name"] == "service" or variable["allowCustomValue"]


def test_nothing_is_hidden_in_a_menu() -> None:
    """Grafana's SDK hides links and annotations in a menu unless told otherwise."""
    assert not [text for board in DASHBOARDS.values() for text in strings(board) if text == "inControlsMenu"]


def test_provisioning_has_the_keys_that_grafana_documents() -> None:
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/lastchunk.yaml").read_text())["providers"]
    assert provider.keys() == {
        "name",
        "orgId",
        "folder",
        "folderUid",
        "type",
        "allowUiUpdates",
        "updateIntervalSeconds",
        "options",
    }
    assert provider["type"] == "file"
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/lastchunk.yaml").read_text())
    assert sources["apiVersion"] == 1
    by_type = {source["type"]: source for source in sources["datasources"]}
    assert by_type.keys() == {"prometheus", "tempo", "loki"}
    for source in by_type.values():
        assert source.keys() <= {
            "name",
            "uid",
            "type",
            "access",
            "url",
            "isDefault",
            "editable",
            "jsonData",
            "correlations",
        }
    uids = {kind: source["uid"] for kind, source in by_type.items()}
    exemplars = by_type["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert [exemplar["name"] for exemplar in exemplars] == ["trace_id", "traceID"]
    assert {exemplar["datasourceUid"] for exemplar in exemplars} == {uids["tempo"]}
    assert by_type["tempo"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] == uids["loki"]
    assert by_type["tempo"]["jsonData"]["tracesToMetrics"]["datasourceUid"] == uids["prometheus"]
    (derived,) = by_type["loki"]["jsonData"]["derivedFields"]
    assert (derived["matcherType"], derived["matcherRegex"], derived["datasourceUid"]) == (
        "label",
        "trace_id",
        uids["tempo"],
    )


def test_firing_alerts_are_those_of_what_is_chosen():
    alerts = {panel["type"]: panel for panel in panels(DASHBOARDS["lastchunk-overview"]) if "Firing" in panel["title"]}
    options = alerts["alertlist"]["options"]
    assert options["alertInstanceLabelFilter"] == '{job=~"${job:regex}|", gen_ai_request_model=~"${model:regex}|"}'
    assert options["datasource"] == "-- Grafana --"
    (target,) = alerts["table"]["targets"]
    assert "job=~'$job|'" in target["expr"]
    assert "gen_ai_request_model=~'$model|'" in target["expr"]


def test_an_empty_cell_has_no_text_that_a_link_would_choose():
    for dashboard in DASHBOARDS.values():
        for panel in panels(dashboard):
            if panel["type"] == "table" and "__data.fields" in json.dumps(panel):
                (empty,) = [
                    one["properties"]
                    for one in panel["fieldConfig"]["overrides"]
                    if one["matcher"]["options"] == "string"
                ]
                assert empty == [{"id": "noValue", "value": ""}], panel["title"]
