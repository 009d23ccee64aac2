# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every LogQL and TraceQL query of the dashboards, read by Grafana's own grammars. Loki and Tempo cannot be had here."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.grafana.dashboards import queries
from tests.stack.servers import binary


def errors(*asked: tuple[str, str]) -> list[int | None]:
    """For each language and query where its first error is; None for none."""
    node = shutil.which("node")
    assert node is not None, "Node.js is missing: it runs Grafana's grammars of LogQL and TraceQL."
    given = json.dumps([{"language": language, "text": text} for language, text in asked])
    command = [node, binary("query-parsers") / "parse.js"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize(("language", "source"), [("logql", "loki"), ("traceql", "tempo")])
def test_every_query_parses(language: str, source: str, needs: Callable[[str], None]) -> None:
    needs("query-parsers")
    asked = [(language, query.filled()) for query in queries(source)]
    assert asked
    assert errors(*asked) == [None] * len(asked)


def test_an_error_is_found(needs: Callable[[str], None]) -> None:
    needs("query-parsers")
    assert None not in errors(
        ("logql", '{a="b" | c'), ("logql", "{}|"), ("traceql", "{ foo bar"), ("traceql", "{} | select(")
    )
