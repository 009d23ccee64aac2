// SPDX-FileCopyrightText: The Lastchunk authors
// SPDX-License-Identifier: Apache-2.0
//
// Draws a dashboard's JSON with Grafana's own components, from a real Prometheus. What has no published component is a
// labelled frame with the query's result as a table. This is no Grafana: it proves how things look, not that Grafana loads them.
import {
  FieldConfigOptionsRegistry,
  FieldType,
  applyFieldOverrides,
  createTheme,
  dateTime,
  getFieldDisplayName,
  reduceField,
  renderTextPanelMarkdown,
  standardFieldConfigEditorRegistry,
  toDataFrame,
} from "@grafana/data";
import { BigValue, PanelChrome, Table, ThemeContext, TimeSeries } from "@grafana/ui";
import React, { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import "uplot/dist/uPlot.min.css";
import { setThemes } from "./theme.js";

const asked = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: asked.get("theme") ?? "dark" } });
const [prometheus, end] = [asked.get("prometheus"), Number(asked.get("end"))];
const hours = Number(asked.get("hours") ?? 6);
const SCRAPE = 30;
const range = { from: dateTime((end - hours * 3600) * 1000), to: dateTime(end * 1000) };
range.raw = range;

const same = (value) => value;
const option = (path, isCustom) => ({
  id: isCustom ? `custom.${path}` : path,
  path,
  name: path,
  isCustom,
  editor: () => null,
  override: () => null,
  process: same,
  shouldApply: () => true,
});
const custom = {
  drawStyle: "line",
  lineInterpolation: "linear",
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: "none",
  showPoints: "auto",
  pointSize: 5,
  spanNulls: false,
  axisPlacement: "auto",
  axisLabel: "",
  axisSoftMin: undefined,
  axisSoftMax: undefined,
  axisColorMode: "text",
  width: undefined,
  scaleDistribution: { type: "linear" },
  stacking: { mode: "none", group: "A" },
  hideFrom: { legend: false, tooltip: false, viz: false },
  thresholdsStyle: { mode: "off" },
};
const standard = ["unit", "min", "max", "decimals", "displayName", "color", "thresholds", "mappings", "links", "noValue"];
standardFieldConfigEditorRegistry.setInit(() => standard.map((path) => option(path, false)));
const registry = new FieldConfigOptionsRegistry(() => [
  ...standard.map((path) => option(path, false)),
  ...Object.keys(custom).map((path) => option(path, true)),
]);

function filled(text, step) {
  const rate = Math.max(step + SCRAPE, 4 * SCRAPE);
  const values = { __rate_interval_ms: rate * 1000, __rate_interval: `${rate}s`, __range: `${hours * 3600}s`, __interval: `${step}s` };
  return text.replace(/\$\{?(\w+)(:\w+)?\}?/g, (_, name) => values[name] ?? (name === "runbook" ? "runbook.md" : ".*"));
}

async function query(target, step) {
  const path = target.instant ? "query" : "query_range";
  const time = target.instant ? { time: end } : { start: end - hours * 3600, end, step };
  const body = new URLSearchParams({ query: filled(target.expr, step), ...time });
  const answer = await (await fetch(`${prometheus}/api/v1/${path}`, { method: "POST", body })).json();
  if (answer.status !== "success") throw new Error(answer.error);
  return answer.data.result;
}

const named = (target, labels) =>
  target.legendFormat === "__auto"
    ? Object.values(labels).join(" ") || "Value"
    : target.legendFormat.replace(/\{\{(\w+)\}\}/g, (_, name) => labels[name] ?? "");

function frames(panel, results, step) {
  const made = results.flatMap(({ target, series }) =>
    series.map(({ metric, values, value }) => {
      const points = (values ?? [value]).map(([at, text]) => [at * 1000, Number(text)]);
      const name = named(target, metric);
      return toDataFrame({
        refId: target.refId,
        name,
        fields: [
          { name: "Time", type: FieldType.time, config: {}, values: points.map((point) => point[0]) },
          { name: "Value", type: FieldType.number, config: { displayNameFromDS: name }, labels: metric, values: points.map((point) => point[1]) },
        ],
      });
    }),
  );
  const data = overridden(panel, made);
  for (const { fields } of data) fields[0].config.interval = step * 1000;
  return data;
}

function overridden(panel, data) {
  const { defaults, overrides } = panel.fieldConfig;
  const mode = panel.type === "timeseries" ? "palette-classic" : "thresholds";
  const fieldConfig = { defaults: { color: { mode }, ...defaults, custom: { ...custom, ...defaults.custom } }, overrides };
  return applyFieldOverrides({ data, fieldConfig, replaceVariables: same, theme, fieldConfigRegistry: registry, timeZone: "utc" });
}

function lines(panel, results) {
  const rows = new Map();
  const organized = panel.transformations?.find(({ id }) => id === "organize")?.options;
  const columns = organized?.renameByName;
  const many = results.length > 1;
  for (const { target, series } of results)
    for (const { metric, value, values } of series) {
      const key = JSON.stringify(metric);
      const last = Number((value ?? values.at(-1))[1]);
      rows.set(key, { ...metric, ...rows.get(key), [many ? `Value #${target.refId}` : "Value"]: last });
    }
  const names = columns ? Object.keys(columns).sort((a, b) => organized.indexByName[a] - organized.indexByName[b]) : [...new Set([...rows.values()].flatMap(Object.keys))];
  const sorted = [...rows.values()].sort((a, b) => (parseFloat(a.le) || Infinity) - (parseFloat(b.le) || Infinity) || 0);
  const fields = names.map((name) => {
    const values = sorted.map((row) => row[name] ?? null);
    const type = values.every((value) => typeof value === "number") ? FieldType.number : FieldType.string;
    return { name: columns?.[name] ?? name, type, config: {}, values };
  });
  return overridden(panel, [toDataFrame({ fields })])[0];
}

const Empty = ({ children }) => (
  <div style={{ padding: 16, textAlign: "center", color: theme.colors.text.secondary }}>{children}</div>
);

function Content({ panel, results, step, width, height }) {
  if (panel.type === "text")
    return <div className="text" dangerouslySetInnerHTML={{ __html: renderTextPanelMarkdown(filled(panel.options.content, step)) }} />;
  if (!results) return null;
  if (results.every(({ series }) => series.length === 0)) return <Empty>{panel.fieldConfig.defaults.noValue}</Empty>;
  if (panel.type === "timeseries")
    return (
      <TimeSeries
        frames={frames(panel, results, step)}
        {...{ width, height, theme, timeRange: range, timeZone: "utc" }}
        legend={panel.options.legend}
        options={panel.options}
      />
    );
  if (panel.type === "stat") {
    const made = frames(panel, results, step);
    const each = width / made.length;
    return made.map((frame, index) => {
      const field = frame.fields[1];
      const value = field.display(reduceField({ field, reducers: ["lastNotNull"] }).lastNotNull);
      const title = made.length > 1 || panel.options.textMode === "value_and_name" ? getFieldDisplayName(field, frame) : undefined;
      return <BigValue key={index} {...{ width: each, height, theme, value: { ...value, title } }} colorMode="value" graphMode="none" />;
    });
  }
  const table = <Table data={lines(panel, results)} width={width} height={panel.type === "table" ? height : height - 24} />;
  if (panel.type === "table") return table;
  return (
    <>
      <div style={{ height: 24, color: theme.colors.text.secondary }}>({panel.type}: no published component; the last values)</div>
      {table}
    </>
  );
}

function Panel({ panel, column }) {
  const [results, setResults] = useState(null);
  const [error, setError] = useState("");
  const { x, y, w, h } = panel.gridPos;
  const [width, height] = [w * column - 8, h * 38 - 8];
  const step = Math.max(parseInt(panel.interval ?? 0) * 60, SCRAPE, Math.ceil((hours * 3600) / width / 30) * 30);
  useEffect(() => {
    const targets = (panel.targets ?? []).filter(({ datasource }) => datasource.type === "prometheus");
    Promise.all(targets.map(async (target) => ({ target, series: await query(target, step) }))).then(setResults, (wrong) =>
      setError(String(wrong)),
    );
  }, []);
  if (panel.type === "row")
    return (
      <h2 style={{ position: "absolute", left: 8, top: y * 38 }}>
        {panel.collapsed ? "▸" : "▾"} {panel.title}
      </h2>
    );
  return (
    <div style={{ position: "absolute", left: x * column, top: y * 38 }}>
      <PanelChrome title={panel.title} {...{ width, height }} statusMessage={error}>
        {(inner, outer) => (error ? <Empty>{error}</Empty> : <Content {...{ panel, results, step, width: inner, height: outer }} />)}
      </PanelChrome>
    </div>
  );
}

function Page({ dashboard }) {
  const column = (innerWidth - 24) / 24;
  const variables = dashboard.templating.list.filter(({ hide, type }) => !hide && type === "query");
  return (
    <ThemeContext.Provider value={theme}>
      <header>
        <b>{dashboard.title}</b>
        {variables.map(({ name, label }) => (
          <span key={name}>{label}: All</span>
        ))}
        <i>drawn with Grafana’s components, not by a Grafana server</i>
      </header>
      <main>
        {dashboard.panels.map((panel) => (
          <Panel key={panel.id} {...{ panel, column }} />
        ))}
      </main>
    </ThemeContext.Provider>
  );
}

setThemes(theme);
createRoot(document.getElementById("root")).render(<Page dashboard={DASHBOARD} />);
