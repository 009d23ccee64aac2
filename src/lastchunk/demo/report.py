# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The end of the tour: what was done, what Lastchunk said, and what the framework alone would have told the application."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from lastchunk import semconv, terminal
from lastchunk.demo.receiver import Span
from lastchunk.demo.tour import STOPS, Stop
from lastchunk.remedies import remedy_for
from lastchunk.semconv import Cause, Reason

_TABLE = 80
"""Columns that the table takes: three columns of sentences."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One stop with both accounts of it."""

    stop: Stop
    reason: str
    cause: str | None
    told: str
    guarded: str = ""
    """What `guard` told the application in the last scene; empty if the stream is not part of it."""

    @property
    def wrong(self) -> bool:
        """The stream did not end as anyone wanted."""
        return (self.reason, self.cause) != (Reason.COMPLETED, None) and not self.wanted

    @property
    def wanted(self) -> bool:
        """The stream ended early because the application said so."""
        return self.cause == Cause.CANCELLED_BY_APPLICATION

    @property
    def silent(self) -> bool:
        """The application got an ordinary result: nothing raised, and it did not leave by itself."""
        return self.wrong and not self.told.startswith(("raises", "nothing"))


def findings(spans: list[Span], told: Path) -> list[Finding]:
    """Both accounts of every stop, in the order of the tour; `LookupError` if one of them is missing."""
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    told_by_stop = {line["stop"]: line["told"] for line in lines if "stop" in line}
    guarded = {line["guarded"]: line["told"] for line in lines if "guarded" in line}
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
                guarded.get(stop.name, ""),
            )
        )
    return found


def _stop_of(span: Span) -> object:
    """An outermost stream is known by its team, else its agent, else (a bare SDK call) its model."""
    names = (semconv.WORKFLOW_NAME, semconv.AGENT_NAME, semconv.REQUEST_MODEL)
    return next((span.attributes[name] for name in names if name in span.attributes), None)


def show(found: list[Finding]) -> None:
    """Print the table, and what follows from it."""
    console = terminal.console()
    table = Table(box=box.HORIZONTALS, expand=True, pad_edge=False, show_lines=True)
    table.add_column("What was done to the stream", ratio=10)
    table.add_column("What Lastchunk said", ratio=13)
    table.add_column("What the framework alone told the application", ratio=10)
    rows = [
        (
            Text.assemble((finding.stop.name, "bold"), f": {finding.stop.done}"),
            _said(finding),
            Text(finding.told, "yellow" if finding.silent else ""),
        )
        for finding in found
    ]
    terminal.show(console, table, rows, least=_TABLE)
    console.print(_conclusion(found))
    again = [finding for finding in found if finding.guarded]
    if again:
        console.print(_last_scene(again))


def _last_scene(again: list[Finding]) -> Text:
    """The streams that were read once more, through `guard`."""
    lines = "\n".join(f"  {finding.stop.name}: {finding.guarded}" for finding in again)
    return Text.assemble(
        ("\nThe same streams once more, each through `guard(stream)`, which needs no telemetry: ", "bold"),
        ("now the application learns of each cutoff.\n", "bold"),
        lines,
        "\n`from lastchunk import guard`; `python -m pydoc lastchunk.guard` says more.",
    )


def _said(finding: Finding) -> Text:
    remedy = remedy_for(finding.reason, finding.cause)
    if remedy is None:
        return Text(finding.reason, "green")
    diagnosis, _, _ = remedy.sentence.partition(": ")
    return Text.assemble(
        (finding.reason, "yellow" if finding.wanted else "red"), f": {finding.cause}\n", (diagnosis, "dim")
    )


def _conclusion(found: list[Finding]) -> Text:
    wrong = sum(finding.wrong for finding in found)
    silent = sum(finding.silent for finding in found)
    return Text.assemble(
        (f"{wrong} of these {len(found)} streams went wrong. {silent} of them gave the application ", "bold"),
        ("an ordinary result and no error: half an answer, an empty one, or the text of a failed tool. ", "bold"),
        "Lastchunk saw how each of them ended. The table shows the reason, and the cause where the evidence "
        "shows one. No line of the application was changed.",
    )
