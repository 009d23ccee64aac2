# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Shows a redacted report: findings on stdout as they come, progress on stderr; or one JSON document."""

from __future__ import annotations

import json
import threading
from typing import Any, Self

from rich.status import Status as Spinner
from rich.table import Table
from rich.text import Text

from lastchunk import terminal
from lastchunk.doctor.report.findings import Check, Detail, Report, Status, python
from lastchunk.doctor.report.redact import Redactor
from lastchunk.version import __version__
from lastchunk.wording import many

PATIENCE = 1.0
"""Seconds after which it is said what takes so long."""
_STYLE = {Status.OK: "green", Status.WARNING: "yellow", Status.PROBLEM: "bold red", Status.SKIPPED: "dim"}
_WIDTH = max(len(status) for status in Status)


class Progress:
    """Says on stderr what is being done, once it takes longer than `PATIENCE`; nothing of it stays on a terminal."""

    def __init__(self, redactor: Redactor) -> None:
        self._console = terminal.console(stderr=True)
        self._redactor = redactor
        self._timer: threading.Timer | None = None
        self._spinner: Spinner | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def doing(self, what: str) -> None:
        """This begins now, and what was before is done."""
        self.done()
        self._timer = threading.Timer(PATIENCE, self._say, (self._redactor.text(what),))
        self._timer.daemon = True
        self._timer.start()

    def done(self) -> None:
        """Nothing is being done: the terminal is as it was."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if self._spinner is not None:
                self._spinner.stop()
            self._timer = self._spinner = None

    def _say(self, what: str) -> None:
        with self._lock:
            if self._timer is not threading.current_thread():
                return
            if self._console.is_terminal:
                self._spinner = self._console.status(Text(f"{what} ..."))
                self._spinner.start()
            else:
                self._console.print(Text(f"{what} ..."))


class ForPeople:
    """Prints each finding as it comes, and at the end what they come to."""

    def __init__(self, redactor: Redactor) -> None:
        self._console = terminal.console()
        self._redactor = redactor

    def print_head(self) -> None:
        """Where the command runs: it says something of that place only."""
        here = python()
        where = here["virtual_environment"] or "no virtual environment"
        said = f"lastchunk {__version__}, Python {here['version']} ({here['executable']}; {where})"
        self._print(Text(self._redactor.text(said), "dim"))

    def show(self, found: Check | Detail) -> None:
        """One finding."""
        if isinstance(found, Detail):
            self._table(found)
            return
        self._row(Text(found.status, _STYLE[found.status]), self._seen(found))
        if found.remedy:
            self._row(Text(), Text(f"-> {self._redactor.text(found.remedy)}"))
        if found.runbook:
            self._row(Text(), Text(f"   lastchunk explain {found.runbook.partition('-')[2]}", "dim"))

    def _seen(self, found: Check) -> Text:
        return Text.assemble((found.id, "bold"), f"  {self._redactor.text(found.evidence)}")

    def end(self, report: Report) -> None:
        """How many of each."""
        counts = ", ".join(_counted(status, count) for status in Status if (count := report.count(status)))
        if report.interrupted:
            self._print(Text(f"\nInterrupted. Found so far: {counts or 'nothing'}.", "bold"))
        else:
            self._print(Text(f"\n{counts}", "bold"))

    def _table(self, detail: Detail) -> None:
        if not detail.heading:
            return
        table = Table(box=None, pad_edge=False)
        for name in detail.heading:
            table.add_column(name)
        terminal.show(self._console, table, [[Text(self._redactor.text(cell)) for cell in row] for row in detail.cells])

    def _row(self, left: Text, right: Text) -> None:
        """On a terminal, lines that are too long go on below where they began; elsewhere one line stays one line."""
        if not self._console.is_terminal:
            left.pad_right(_WIDTH - len(left))
            self._print(Text.assemble(left, "  ", right))
            return
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=_WIDTH)
        grid.add_column(overflow="fold")
        grid.add_row(left, right)
        self._console.print(grid)

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=not self._console.is_terminal)


def _counted(status: Status, count: int) -> str:
    return many(count, status) if status in (Status.WARNING, Status.PROBLEM) else f"{count} {status}"


def as_json(report: Report, redactor: Redactor, *, strict: bool) -> str:
    """The document of `Report.as_dict`, redacted. Identifiers stay as they are."""
    document = report.as_dict(strict=strict)
    document["python"] = redactor.value(document["python"])
    document["details"] = redactor.value(document["details"])
    document["checks"] = [_redacted(check, redactor) for check in document["checks"]]
    return json.dumps(document, indent=2, ensure_ascii=False)


def _redacted(check: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    return check | {name: redactor.text(check[name]) for name in ("evidence", "remedy")}
