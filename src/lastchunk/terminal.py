# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Prints for people: as wide as the terminal, and as a list if a table does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_ELSEWHERE = 120
"""Columns of what is not written to a terminal."""

Row = Sequence[Text]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Called in an `except`: leave the error to `lastchunk.cli`. Rich's own method makes exit status 1 of it."""
        raise


def console(*, stderr: bool = False) -> Console:
    """For standard output, or standard error."""
    found = _Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else _Console(stderr=stderr, highlight=False, width=_ELSEWHERE)


def show(console: Console, table: Table, rows: Sequence[Row], *, least: int | None = None) -> None:
    """Print the table, to which `rows` are added; or, where it has fewer than `least` columns, each row as a list.

    Without `least` it is a list where a cell would be broken.
    """
    for row in rows:
        table.add_row(*row)
    if console.width >= (_natural(console, table) if least is None else least):
        console.print(table)
        return
    if table.title:
        console.print(table.title, style=table.title_style)
    names = [str(column.header) for column in table.columns]
    for row in rows:
        first, *others = row
        first = first.copy()
        first.stylize("bold")
        console.print(first)
        for name, cell in zip(names[1:], others, strict=True):
            said = Text.assemble((f"{name}: ", "dim"), cell) if table.show_header else cell
            console.print(Padding(said, (0, 0, 0, 2)))


def _natural(console: Console, table: Table) -> int:
    """Columns that it takes to break no cell."""
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum
