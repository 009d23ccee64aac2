# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command `lastchunk explain`: what a reason, a cause or an alert means, its usual causes, and what to do."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lastchunk import semconv, terminal
from lastchunk.runbook import Entry, entries
from lastchunk.runbook import explain as find

SCHEMA = 1
"""The version of the JSON document."""
_PREFIX = semconv.CUTOFF.removesuffix("cutoff")
_TABLE = 70
"""Columns that the list of names takes as a table: beside the longest name there must be room for a sentence."""

HELP = f"""Explain a REASON or CAUSE of an ending, or an ALERT: what it means, its usual causes, and what to do.

Without a name, list all reasons and causes. Their names are the values of {semconv.TERMINATION_REASON} and
{semconv.TERMINATION_CAUSE}.
"""


@click.command("explain", help=HELP, short_help="Explain a reason, a cause or an alert, and what to do.")
@click.argument("name", metavar="[REASON|CAUSE|ALERT]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def explain(name: str | None, as_json: bool) -> None:
    """Print the entries of that name, or the list."""
    found = find(name) if name is not None else list(entries())
    if not found:
        raise click.BadParameter(f"'{name}' is not a reason, a cause or an alert.{_meant(name or '')}")
    if as_json:
        print(json.dumps({"schema": SCHEMA, "entries": [_document(entry) for entry in found]}, indent=2))
        return
    console = terminal.console()
    if name is None:
        _list(console, found)
    else:
        for entry in found:
            _print(console, entry)


def _meant(name: str) -> str:
    names = {entry.name.lower(): entry.name for entry in entries()}
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f" Did you mean '{names[close[0]]}'?" if close else " 'lastchunk explain' lists all names."


def _document(entry: Entry) -> dict[str, object]:
    answers = [{"question": question, "answer": answer} for question, answer in entry.answers]
    return {
        "kind": entry.kind,
        "name": entry.name,
        "sentence": entry.sentence,
        "runbook": entry.anchor,
        "answers": answers,
    }


def _list(console: Console, found: Sequence[Entry]) -> None:
    for kind, title in (("cause", "Causes: why a stream ended"), ("reason", "Reasons: how a stream ended")):
        table = Table(
            box=None, show_header=False, pad_edge=False, title=title, title_justify="left", title_style="bold"
        )
        table.add_column(no_wrap=True)
        table.add_column()
        rows = [
            (Text(entry.name), Text(entry.sentence.partition(":")[0] + ".")) for entry in found if entry.kind == kind
        ]
        terminal.show(console, table, rows, least=_TABLE)
        console.print()
    console.print(
        "lastchunk explain NAME says more about one of them. It also explains alerts: lastchunk explain "
        "LastchunkCutoffsFast"
    )


def _print(console: Console, entry: Entry) -> None:
    _say(console, Text(f"{entry.kind} {entry.name}", "bold"))
    _say(console, _styled(entry.sentence))
    for question, answer in entry.answers:
        _say(console, Text(f"\n{question}", "bold"))
        for line in re.split(r" (?=\d\. )", answer):
            _say(console, _styled(line))
    if entry.answers:
        _say(console, Text(f"\nAttribute names are shown without their prefix {_PREFIX}\n", "dim"))


def _styled(markdown: str) -> Text:
    """One paragraph, whose only marks are backticks and single asterisks."""
    parts = re.sub(r"\*(\S[^*]*)\*", r"\1", markdown).split("`")
    return Text.assemble(*((part, "cyan" if at % 2 else "") for at, part in enumerate(parts)))


def _say(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=not console.is_terminal)
