# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How panels look: one maker for each kind of panel. Each asks for a title, a description and a text for "no data"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import common as look
from grafana_foundation_sdk.builders import (
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from lastchunk.monitoring.dashboards.colours import BAD, GOOD, HUES, WARNING, Family

PROMETHEUS = common.DataSourceRef("prometheus", "${datasource}")
TEMPO = common.DataSourceRef("tempo", "${tempo}")
LOKI = common.DataSourceRef("loki", "${loki}")
GRAFANA = common.DataSourceRef("grafana", "-- Grafana --")
"""Grafana itself: its own annotations, and the rules that it manages."""

SECONDS = "suffix:s"
"""As timeouts are configured: Grafana's own unit makes 1.33 mins of 80 s."""

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


def described(panel: Typed, about: About, unit: str) -> Typed:
    """What every panel of PromQL has."""
    made = panel.id(about.id).title(about.title).description(about.description).no_value(about.no_value).unit(unit)
    return made.span(about.width).height(about.height).datasource(PROMETHEUS).links(list(about.links))


def target(place: int, query: Query, *, instant: bool, as_: PromQueryFormat | None = None) -> prometheus.Dataquery:
    """One target of a panel; that at place 0 is A."""
    made = prometheus.Dataquery().ref_id(chr(ord("A") + place)).expr(query.expression).datasource(PROMETHEUS)
    made = made.legend_format(query.legend or "__auto").exemplar(query.exemplars)
    if as_ is not None:
        made = made.format(as_)
    return made.instant() if instant else made.range()


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
    every: str = "1m",
) -> timeseries.Panel:
    """Lines over time, with dashed lines at the limits. `every`: the shortest step, for what is rare or jumps."""
    panel = described(timeseries.Panel(), about, unit).interval(every).min(0).line_width(2).fill_opacity(8)
    panel = panel.show_points(common.VisibilityMode.AUTO).span_nulls(120_000).axis_soft_min(0)
    panel = panel.legend(legend() if colours or about.width < 12 else legend("mean", "max", "lastNotNull")).tooltip(
        tooltip()
    )
    panel = panel.thresholds(steps(*limits))
    # Not by name: among the colours that Grafana gives by name, some are not seen on a light background.
    panel = panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    if limits:
        dashed = look.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(dashed)
    if maximum is not None:
        panel = panel.axis_soft_max(maximum)
    if to is not None:
        panel = panel.data_links([to])
    for number, query in enumerate(queries):
        panel = panel.with_target(target(number, query, instant=False))
    return coloured(panel, colours or {})


def bars(
    about: About,
    unit: str,
    *queries: Query,
    colours: Mapping[str, str] | None = None,
    usual: str = "",
    to: Link | None = None,
) -> timeseries.Panel:
    """Stacked bars: how often what happened. What is usual would hide the rest: it is a line, on an axis of its own."""
    panel = described(timeseries.Panel(), about, unit).interval("1m").min(0).line_width(0).fill_opacity(90)
    panel = panel.draw_style(common.GraphDrawStyle.BARS).show_points(common.VisibilityMode.NEVER)
    panel = panel.stacking(look.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    panel = panel.legend(legend()).tooltip(tooltip()).thresholds(steps())
    if usual:
        panel = panel.override_by_name(usual, _on_the_right())
    if to is not None:
        panel = panel.data_links([to])
    for number, query in enumerate(queries):
        panel = panel.with_target(target(number, query, instant=False))
    return coloured(panel, colours or {})


def whole(panel: timeseries.Panel, maximum: float = 4) -> timeseries.Panel:
    """A count that is 0 or small: no fractions on its axis, and no hundred above a healthy 0."""
    return panel.decimals(0).axis_soft_max(maximum)


def of_query(panel: timeseries.Panel, colours: Sequence[str]) -> timeseries.Panel:
    """All series of the first query have the first colour, and so on."""
    for place, colour in enumerate(colours):
        fixed = model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
        panel = panel.override_by_query(chr(ord("A") + place), [fixed])
    return panel


def dotted(panel: timeseries.Panel, name: str) -> timeseries.Panel:
    """A series that has few values: no line pretends that there are some between them."""
    values = {"drawStyle": "points", "pointSize": 6, "showPoints": "always"}
    return panel.override_by_name(
        name, [model.DynamicConfigValue(f"custom.{of}", value) for of, value in values.items()]
    )


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
    panel = described(stat.Panel(), about, unit).thresholds(steps(*limits, colours=colours)).reduce_options(reduce)
    panel = panel.color_mode(common.BigValueColorMode.VALUE).graph_mode(common.BigValueGraphMode.NONE)
    panel = panel.text_mode(common.BigValueTextMode.AUTO).decimals(2) if unit == "percentunit" else panel
    panel = panel.data_links([to]) if to is not None else panel
    return panel.with_target(target(0, query, instant=True))


def heat(about: About, unit: str, query: Query) -> heatmap.Panel:
    """How many values came into each bucket, over time; each exemplar leads to its trace."""
    panel = described(heatmap.Panel(), about, "short").interval("1m").calculate(False).cell_gap(1).show_legend()
    colour = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Viridis").steps(64)
    colour = colour.fill("dark-orange").exponent(0.5)
    panel = panel.color(colour)
    panel = panel.y_axis(heatmap.YAxisConfig().unit(unit).axis_placement(common.AxisPlacement.LEFT))
    panel = panel.rows_frame(heatmap.RowsHeatmapOptions().layout(common.HeatmapCellLayout.AUTO))
    panel = panel.tooltip(heatmap.HeatmapTooltip().mode(common.TooltipDisplayMode.SINGLE).y_histogram(True))
    panel = panel.cell_values(heatmap.CellValues().unit("short")).filter_values(heatmap.FilterValueRange().le(1e-9))
    panel = panel.exemplars_color(HUES[Family.TRANSPORT])
    by_bucket = Query(query.expression, "{{le}}", exemplars=True)
    return panel.with_target(target(0, by_bucket, instant=False, as_=PromQueryFormat.HEATMAP))


def timeline(about: About, unit: str, query: Query, *limits: float, to: Link | None = None) -> statetimeline.Panel:
    """One line for each series, coloured by the threshold that it is over."""
    panel = described(statetimeline.Panel(), about, unit).interval("5m").thresholds(steps(*limits)).fill_opacity(85)
    panel = panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)).row_height(0.8)
    panel = panel.show_value(common.VisibilityMode.NEVER).merge_values(True).line_width(0).decimals(1)
    panel = panel.legend(look.VizLegendOptions().show_legend(True).display_mode(common.LegendDisplayMode.LIST))
    panel = panel.tooltip(tooltip())
    panel = panel.data_links([to]) if to is not None else panel
    return panel.with_target(target(0, query, instant=False))


def _on_the_right() -> list[model.DynamicConfigValue]:
    values = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 0,
        "stacking": {"mode": "none", "group": "A"},
        "axisPlacement": "right",
        "axisColorMode": "series",
    }
    return [model.DynamicConfigValue(f"custom.{name}", value) for name, value in values.items()]


def legend(*values: str) -> look.VizLegendOptions:
    """Below the chart: a table with these values of each series; without any a list of names, which needs less room."""
    made = look.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM)
    return made.display_mode(common.LegendDisplayMode.TABLE if values else common.LegendDisplayMode.LIST).calcs(
        list(values)
    )


def tooltip() -> look.VizTooltipOptions:
    """Every series at once, the largest first."""
    return look.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
