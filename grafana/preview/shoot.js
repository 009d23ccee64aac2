// SPDX-FileCopyrightText: The Lastchunk authors
// SPDX-License-Identifier: Apache-2.0
//
// Photographs the dashboards with headless Chromium:
//   node shoot.js http://127.0.0.1:9090 END FOLDER [UID WIDTH THEME HEIGHT]
// END is the last second of the data. Without the rest: every dashboard, 1280 and 1920 pixels wide, dark and light.
// OPEN=1 opens the closed rows.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [prometheus, end, folder, ...one] = process.argv.slice(2);
const here = import.meta.dirname;
function refuse(why) {
  console.error(why);
  process.exit(2);
}
if (!folder) refuse("Usage: node shoot.js http://127.0.0.1:9090 END FOLDER [UID WIDTH THEME HEIGHT]");
if (!existsSync(folder)) refuse(`The folder for the pictures, ${folder}, does not exist: make it first.`);
const { build } = await import("esbuild").catch(() =>
  refuse(`esbuild is not installed: run npm ci --ignore-scripts --legacy-peer-deps in ${here}.`),
);
const boards = join(here, "..", "dashboards");
const work = mkdtempSync(join(tmpdir(), "lastchunk-preview-"));
await build({
  entryPoints: [join(here, "page.jsx")],
  outfile: join(work, "page.js"), // and page.css
  bundle: true,
  minify: !process.env.VERBOSE,
  loader: { ".svg": "dataurl", ".png": "dataurl", ".woff2": "dataurl", ".ttf": "dataurl" },
  define: { global: "window", "process.env.NODE_ENV": process.env.VERBOSE ? '"development"' : '"production"' },
  alias: { "react-custom-scrollbars-2": join(here, "scrollbars.js") },
  logLevel: "error",
});

function opened(panels) {
  let room = 0;
  return panels.flatMap(({ panels: inside = [], ...panel }) => {
    const moved = [panel, ...inside].map((one) => ({ ...one, collapsed: false, gridPos: { ...one.gridPos, y: one.gridPos.y + room } }));
    room += Math.max(0, ...inside.map(({ gridPos: { y, h } }) => y + h - panel.gridPos.y - 1));
    return moved;
  });
}

function shoot(uid, width, theme, height) {
  const dashboard = JSON.parse(readFileSync(join(boards, `${uid}.json`), "utf8"));
  if (process.env.OPEN) dashboard.panels = opened(dashboard.panels);
  const rows = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
  const page = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><div id="root"></div><script>window.DASHBOARD = ${JSON.stringify(dashboard).replaceAll("<", "\\u003c")}</script><script src="page.js"></script>`;
  writeFileSync(join(work, "page.html"), page);
  const query = new URLSearchParams({ prometheus, end, theme });
  const picture = resolve(folder, `${uid}-${width}-${theme}.png`);
  execFileSync("chromium", [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--allow-file-access-from-files"],
    `--user-data-dir=${join(work, "profile")}`,
    `--window-size=${width},${height ?? rows * 38 + 80}`,
    "--virtual-time-budget=30000", ...(process.env.VERBOSE ? ["--enable-logging=stderr", "--v=0"] : []),
    `--screenshot=${picture}`,
    `file://${join(work, "page.html")}?${query}`,
  ], { stdio: ["ignore", "ignore", process.env.VERBOSE ? "inherit" : "ignore"] });
  if (!statSync(picture, { throwIfNoEntry: false })) refuse(`Chromium made no ${picture}: VERBOSE=1 shows what it says.`);
}

try {
  if (one.length) shoot(...one);
  else
    for (const file of readdirSync(boards))
      for (const width of [1280, 1920])
        for (const theme of ["dark", "light"]) shoot(file.replace(".json", ""), width, theme);
} finally {
  rmSync(work, { recursive: true });
}
