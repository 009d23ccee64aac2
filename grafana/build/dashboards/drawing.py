# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How panels look: one maker for each kind of panel. Each asks for a title, a description and a text for "no data"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import common as look
from grafana_foundation_sdk.builders import (
    dashboard,
    heatmap,
    logs,
    loki,
    prometheus,
    stat,
    statetimeline,
    table,
    tempo,
    text,
    timeseries,
)
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.loki import LokiQueryDirection
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.tempo import SearchTableType
from grafana_foundation_sdk.models.text import TextMode

from grafana.build.dashboards.colours import BAD, GOOD, HUES, WARNING, Family

PROMETHEUS = common.DataSourceRef("prometheus", "${datasource}")
TEMPO = common.DataSourceRef("tempo", "${tempo}")
LOKI = common.DataSourceRef("loki", "${loki}")

Link = dashboard.DashboardLink
Typed = TypeVar("Typed", timeseries.Panel, stat.Panel, table.Panel, heatmap.Panel, statetimeline.Panel)


@dataclass(frozen=True)
class About:
    """What every panel says of itself."""

    id: int
    title: str
    description: str
    no_value: str
    width: int = 12
    height: int = 8
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Query:
    """One PromQL query; `legend` in Grafana's form, such as `{{job}}`."""

    expression: str
    legend: str = ""
    exemplars: bool = False


def steps(*limits: float, colours: Sequence[str] = (GOOD, WARNING, BAD)) -> dashboard.ThresholdsConfig:
    """Thresholds: the first colour below the first limit, and so on."""
    values = [None, *limits]
    made = [model.Threshold(value, colour) for value, colour in zip(values, colours, strict=False)]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(made)


def _described(panel: Typed, about: About, unit: str) -> Typed:
    made = panel.id(about.id).title(about.title).description(about.description).no_value(about.no_value).unit(unit)
    return made.span(about.width).height(about.height).datasource(PROMETHEUS).links(list(about.links))


def _target(
    number: int, query: Query, *, instant: bool, format_: PromQueryFormat | None = None
) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(chr(ord("A") + number)).expr(query.expression).datasource(PROMETHEUS)
    target = target.legend_format(query.legend or "__auto").exemplar(query.exemplars)
    if format_ is not None:
        target = target.format(format_)
    return target.instant() if instant else target.range()


def coloured(panel: Typed, colours: Mapping[str, str]) -> Typed:
    """Series of these names always have these colours."""
    for name, colour in colours.items():
        fixed = model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
        panel = panel.override_by_name(name, [fixed])
    return panel


def lines(
    about: About,
    unit: str,
    *queries: Query,
    limits: tuple[float, ...] = (),
    colours: Mapping[str, str] | None = None,
    to: Link | None = None,
    maximum: float | None = None,
) -> timeseries.Panel:
    """Lines over time, with dashed lines at the limits."""
    panel = _described(timeseries.Panel(), about, unit).interval("1m").min(0).line_width(2).fill_opacity(8)
    panel = panel.show_points(common.VisibilityMode.AUTO).span_nulls(120_000).axis_soft_min(0)
    panel = panel.legend(_legend("mean", "max", "lastNotNull")).tooltip(_tooltip())
    panel = panel.thresholds(steps(*limits))
    if limits:
        dashed = look.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(dashed)
    if maximum is not None:
        panel = panel.axis_soft_max(maximum)
    if to is not None:
        panel = panel.data_links([to])
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(number, query, instant=False))
    return coloured(panel, colours or {})


def bars(
    about: About, unit: str, *queries: Query, colours: Mapping[str, str], to: Link | None = None
) -> timeseries.Panel:
    """Stacked bars: how often what happened."""
    panel = _described(timeseries.Panel(), about, unit).interval("1m").min(0).line_width(0).fill_opacity(90)
    panel = panel.draw_style(common.GraphDrawStyle.BARS).show_points(common.VisibilityMode.NEVER)
    panel = panel.stacking(look.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    panel = panel.legend(_legend("mean", "max")).tooltip(_tooltip()).thresholds(steps())
    if to is not None:
        panel = panel.data_links([to])
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(number, query, instant=False))
    return coloured(panel, colours)


def number(
    about: About,
    unit: str,
    query: Query,
    *limits: float,
    to: Link | None = None,
    colours: Sequence[str] = (GOOD, WARNING, BAD),
) -> stat.Panel:
    """One number, or one for each series, in the colour of its threshold."""
    reduce = look.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("")
    panel = _described(stat.Panel(), about, unit).thresholds(steps(*limits, colours=colours)).reduce_options(reduce)
    panel = panel.color_mode(common.BigValueColorMode.VALUE).graph_mode(common.BigValueGraphMode.NONE)
    panel = panel.text_mode(common.BigValueTextMode.AUTO).decimals(2) if unit == "percentunit" else panel
    panel = panel.data_links([to]) if to is not None else panel
    return panel.with_target(_target(0, query, instant=True))


def heat(about: About, unit: str, query: Query) -> heatmap.Panel:
    """How many values came into each bucket, over time; each exemplar leads to its trace."""
    panel = _described(heatmap.Panel(), about, "short").interval("1m").calculate(False).cell_gap(1).show_legend()
    colour = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Viridis").steps(64)
    colour = colour.fill("dark-orange").exponent(0.5)
    panel = panel.color(colour)
    panel = panel.y_axis(heatmap.YAxisConfig().unit(unit).axis_placement(common.AxisPlacement.LEFT))
    panel = panel.rows_frame(heatmap.RowsHeatmapOptions().layout(common.HeatmapCellLayout.AUTO))
    panel = panel.tooltip(heatmap.HeatmapTooltip().mode(common.TooltipDisplayMode.SINGLE).y_histogram(True))
    panel = panel.cell_values(heatmap.CellValues().unit("short")).filter_values(heatmap.FilterValueRange().le(1e-9))
    panel = panel.exemplars_color(HUES[Family.TRANSPORT])
    target = Query(query.expression, "{{le}}", exemplars=True)
    return panel.with_target(_target(0, target, instant=False, format_=PromQueryFormat.HEATMAP))


def timeline(about: About, unit: str, query: Query, *limits: float, to: Link | None = None) -> statetimeline.Panel:
    """One line for each series, coloured by the threshold that it is over."""
    panel = _described(statetimeline.Panel(), about, unit).interval("1m").thresholds(steps(*limits)).fill_opacity(85)
    panel = panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)).row_height(0.8)
    panel = panel.show_value(common.VisibilityMode.NEVER).merge_values(True).line_width(0).decimals(1)
    panel = panel.legend(look.VizLegendOptions().show_legend(True).display_mode(common.LegendDisplayMode.LIST))
    panel = panel.tooltip(_tooltip())
    panel = panel.data_links([to]) if to is not None else panel
    return panel.with_target(_target(0, query, instant=False))


def rows(about: About, unit: str, *queries: Query, columns: Mapping[str, str], units: Mapping[str, str]) -> table.Panel:
    """A table, one line for each set of labels; `columns`: what each is called, in their order; `units` by called name."""
    panel = _described(table.Panel(), about, unit).thresholds(steps()).cell_height(common.TableCellHeight.SM)
    for number_, query in enumerate(queries):
        panel = panel.with_target(_target(number_, query, instant=True, format_=PromQueryFormat.TABLE))
    order = {name: place for place, name in enumerate(columns)}
    organize: dict[str, Any] = {
        "excludeByName": {"Time": True},
        "indexByName": order,
        "renameByName": dict(columns),
    }
    panel = panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=organize))
    for name, unit_ in units.items():
        panel = panel.override_by_name(name, [model.DynamicConfigValue("unit", unit_)])
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


def log_rate(about: About, expression: str, legend: str) -> timeseries.Panel:
    """How many log records there are, over time."""
    panel = _described(timeseries.Panel(), about, "suffix:/min").datasource(LOKI).interval("1m").min(0)
    target = loki.Dataquery().ref_id("A").datasource(LOKI).expr(expression).query_type("range").legend_format(legend)
    return panel.with_target(target).legend(_legend("mean", "max")).tooltip(_tooltip())


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


def _legend(*values: str) -> look.VizLegendOptions:
    legend = look.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM)
    return legend.display_mode(common.LegendDisplayMode.TABLE).calcs(list(values))


def _tooltip() -> look.VizTooltipOptions:
    return look.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
