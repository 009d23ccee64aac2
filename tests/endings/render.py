# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Render the matrix as documentation: `python -m tests.endings.render` writes docs/endings.md."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.endings.matrix import ALL_ROWS, MODULES
from tests.endings.sources import SOURCES
from tests.endings.table import COLUMNS, Row
from tests.endings.ways import STALL_AFTER, WAYS

PATH = Path(__file__).parents[2] / "docs" / "endings.md"
HEADER = f"""\
<!-- Made by `python -m tests.endings.render` from tests/endings/rows_*.py. Do not edit. -->

# Every ending, and what its span says

{len(ALL_ROWS)} rows: a source of streams, a way to end, and what Lastchunk says of it. `tests/endings` performs each over real
sockets, without and with Lastchunk, and compares: the application gets the same items, the same exception and the same
warnings; each stream has one span, and it is ended; nothing that the model or the user said is exported. What a *way* does on
the wire is in `lastchunk.model_server.scripts`, and for dialects of real servers in `tests/endings/dialects_*.py`. A silence
counts as a stall here after {STALL_AFTER:.0f} s, not after 30.

*Below* lists the streams below the outermost one, in the order in which they begin: `=` has the same reason and cause, and `+`
says that it inherited them. *Sees* is what the application gets: how many items, and the last, or the exception.
"""


def render() -> str:
    """The whole document."""
    return HEADER + "".join(_module(module.__doc__ or "", module.ROWS) for module in MODULES)


def _module(title: str, rows: list[Row]) -> str:
    lines = ["", f"## {title.strip().splitlines()[0].rstrip('.')}", ""]
    for source, group in groupby(rows, key=lambda row: row.source):
        what = (SOURCES[source].__doc__ or source).strip().splitlines()[0]
        lines += [f"### {what[0].upper() if what[0] != '`' else what[0]}{what[1:]}", ""]
        lines += ["| " + " | ".join((*COLUMNS, "sees", "below", "also")) + " |", "|---" * (len(COLUMNS) + 3) + "|"]
        lines += ["| " + " | ".join(_cells(row)) + " |" for row in group]
        lines.append("")
    return "\n".join(lines)


def _cells(row: Row) -> Iterator[str]:
    way = WAYS[row.way]
    yield f"`{row.way}`" + (f": {way.brief}" if way.brief else "")
    yield f"`{row.reason}`"
    yield "yes" if row.cutoff else "no"
    yield f"`{row.cause}`" if row.cause else ""
    yield row.last_event
    yield f"`{row.finish}`" if row.finish else ""
    yield row.status
    yield row.evidence
    yield row.sees + (" (not yet so)" if row.wrong else "")
    yield " ".join(_below(row))
    yield " ".join(f"{name}={value}" for name, value in row.also.items())


def _below(row: Row) -> Iterator[str]:
    for one in row.below:
        same = (one.reason, one.cause) == (row.reason, row.cause)
        yield f"={'+' if one.inherited else ''}" if same else str(one)


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(render())
