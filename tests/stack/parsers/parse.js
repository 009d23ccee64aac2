// SPDX-FileCopyrightText: The Lastchunk authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads queries as JSON, [{"language": "logql", "text": "..."}], and prints for each where Grafana's own grammar of that
// language finds an error: [null, 17, ...], null for none.
import { parser as logql } from "@grafana/lezer-logql";
import { parser as traceql } from "@grafana/lezer-traceql";
import { readFileSync } from "node:fs";

const parsers = { logql, traceql };

function firstError({ language, text }) {
  let at = null;
  parsers[language].parse(text).iterate({
    enter: (node) => {
      if (node.type.isError && at === null) at = node.from;
    },
  });
  return at;
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(firstError)));
