# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The end of the tour: what was done, what Lastchunk said, and what AutoGen alone would have told the application."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lastchunk import semconv
from lastchunk.demo.receiver import Span
from lastchunk.demo.tour import STOPS, Stop
from lastchunk.remedies import remedy_for
from lastchunk.semconv import Cause, Reason

_NARROW = 120
"""Columns of a table that is not written to a terminal."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One stop with both accounts of it."""

    stop: Stop
    reason: str
    cause: str | None
    told: str

    @property
    def healthy(self) -> bool:
        """Nothing was done to the stream, and Lastchunk found nothing."""
        return self.reason == Reason.COMPLETED and self.cause is None

    @property
    def silent(self) -> bool:
        """AutoGen (or the SDK) raised nothing, although something was wrong."""
        return not self.healthy and not self.told.startswith("raises")


def findings(spans: list[Span], told: Path) -> list[Finding]:
    """Both accounts of every stop, in the order of the tour; `LookupError` if one of them is missing."""
    lines = (json.loads(line) for line in told.read_text().splitlines())
    told_by_stop = {line["stop"]: line["told"] for line in lines}
    endings = {_stop_of(span): span.attributes for span in spans if span.attributes.get(semconv.OUTERMOST)}
    found: list[Finding] = []
    for stop in STOPS:
        if stop.name not in told_by_stop:
            raise LookupError(f"the application did not come to its stream '{stop.name}'")
        if stop.name not in endings:
            raise LookupError(f"no span arrived for the stream '{stop.name}'")
        ending = endings[stop.name]
        cause = ending.get(semconv.TERMINATION_CAUSE)
        found.append(
            Finding(
                stop,
                str(ending.get(semconv.TERMINATION_REASON)),
                str(cause) if cause else None,
                told_by_stop[stop.name],
            )
        )
    return found


def _stop_of(span: Span) -> object:
    """An outermost stream is known by its team, else its agent, else (a bare SDK call) its model."""
    names = (semconv.WORKFLOW_NAME, semconv.AGENT_NAME, semconv.REQUEST_MODEL)
    return next((span.attributes[name] for name in names if name in span.attributes), None)


def show(found: list[Finding]) -> None:
    """Print the table, and what follows from it."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_NARROW)
    table = Table(box=box.SIMPLE_HEAD, show_lines=False, padding=(0, 1, 1, 0), expand=True)
    table.add_column("What was done to the stream", ratio=5)
    table.add_column("What Lastchunk said", ratio=8)
    table.add_column("What AutoGen alone told the application", ratio=5)
    for finding in found:
        done = Text.assemble((finding.stop.name, "bold"), "\n", finding.stop.done)
        table.add_row(done, _said(finding), Text(finding.told, "dim" if finding.healthy else ""))
    console.print(table)
    console.print(_conclusion(found))


def _said(finding: Finding) -> Text:
    remedy = remedy_for(finding.reason, finding.cause)
    if remedy is None:
        return Text(finding.reason, "green")
    colour = "yellow" if finding.cause == Cause.CANCELLED_BY_APPLICATION else "red"
    return Text.assemble(
        (finding.reason, colour), f", cause: {finding.cause}\n", (f"{remedy.sentence} {remedy.anchor}", "dim")
    )


def _conclusion(found: list[Finding]) -> Text:
    broken = [finding for finding in found if not finding.healthy]
    silent = [finding for finding in broken if finding.silent]
    return Text.assemble(
        (f"Of {len(found)} streams {len(broken)} went wrong, and for {len(silent)} of these ", "bold"),
        (
            "AutoGen raised nothing: the application got an ordinary result and used half an answer as a whole one. ",
            "bold",
        ),
        "Lastchunk saw the last chunk of every stream and named the reason, the probable cause and what to do, "
        "without one changed line in the application.",
    )
