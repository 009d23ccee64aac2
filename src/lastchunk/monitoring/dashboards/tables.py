# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the panels that are not charts: tables, texts, log records and spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import dashboard, logs, loki, table, tempo, text, timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.loki import LokiQueryDirection
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.tempo import SearchTableType
from grafana_foundation_sdk.models.text import TextMode

from lastchunk.monitoring.dashboards.colours import BAD
from lastchunk.monitoring.dashboards.drawing import (
    LOKI,
    TEMPO,
    About,
    Query,
    bars,
    described,
    steps,
    target,
    whole,
)


def rows(
    about: About,
    unit: str,
    *queries: Query,
    columns: Mapping[str, str],
    units: Mapping[str, str],
    widths: Mapping[str, int] | None = None,
    hidden: tuple[str, ...] = (),
) -> table.Panel:
    """A table, one line for each set of labels; `columns`: what each is called, in their order; the rest goes by that."""
    panel = described(table.Panel(), about, unit).thresholds(steps()).cell_height(common.TableCellHeight.SM)
    for number_, query in enumerate(queries):
        panel = panel.with_target(target(number_, query, instant=True, as_=PromQueryFormat.TABLE))
    order = {name: place for place, name in enumerate(columns)}
    organize: dict[str, Any] = {
        "excludeByName": {"Time": True, **dict.fromkeys(hidden, True)},
        "indexByName": order,
        "renameByName": dict(columns),
    }
    panel = panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=organize))
    # The text for an empty panel would stand in every empty cell too, and in the links that take a cell's text: `var-agent=`
    # chooses what has no agent, and `var-agent=-` nothing.
    panel = panel.override_by_field_type("string", [model.DynamicConfigValue("noValue", "")])
    for name, unit_ in units.items():
        panel = panel.override_by_name(name, [model.DynamicConfigValue("unit", unit_)])
    for name, width in (widths or {}).items():
        panel = panel.override_by_name(name, [model.DynamicConfigValue("custom.width", width)])
    return panel


def said(about: About, content: str) -> text.Panel:
    """A text, in Markdown."""
    panel = text.Panel().id(about.id).title(about.title).description(about.description).no_value(about.no_value)
    return panel.span(about.width).height(about.height).mode(TextMode.MARKDOWN).content(content).unit("none")


def log_lines(about: About, expression: str) -> logs.Panel:
    """Log records from Loki, the newest first."""
    panel = logs.Panel().id(about.id).title(about.title).description(about.description).no_value(about.no_value)
    panel = panel.span(about.width).height(about.height).datasource(LOKI).links(list(about.links)).unit("none")
    panel = panel.show_time(True).wrap_log_message(True).enable_log_details(True).show_labels(False)
    panel = panel.sort_order(common.LogsSortOrder.DESCENDING).dedup_strategy(common.LogsDedupStrategy.NONE)
    target = loki.Dataquery().ref_id("A").datasource(LOKI).expr(expression).query_type("range").max_lines(100)
    return panel.with_target(target.direction(LokiQueryDirection.BACKWARD))


def log_counts(about: About, expression: str, name: str) -> timeseries.Panel:
    """How many log records there are, in each interval."""
    panel = bars(about, "short", colours={name: BAD}).datasource(LOKI)
    target = loki.Dataquery().ref_id("A").datasource(LOKI).expr(expression).query_type("range").legend_format(name)
    return whole(panel.with_target(target))


def spans(about: About, query: str) -> table.Panel:
    """Spans from Tempo, one line each, which leads to its trace."""
    panel = table.Panel().id(about.id).title(about.title).description(about.description).no_value(about.no_value)
    panel = panel.span(about.width).height(about.height).datasource(TEMPO).links(list(about.links)).unit("none")
    target = tempo.Dataquery().ref_id("A").datasource(TEMPO).query_type("traceql").query(query)
    return panel.with_target(target.table_type(SearchTableType.SPANS).limit(50).spss(5))


def other(about: About, kind: str, options: object) -> dashboard.Panel:
    """A panel of a kind for which the SDK has no builder."""
    panel = dashboard.Panel().type(kind).id(about.id).title(about.title).description(about.description).unit("none")
    panel = panel.span(about.width).height(about.height).no_value(about.no_value).links(list(about.links))
    return panel.options(options)
