# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The arrows of CONTRIBUTING's drawing: which room of the house imports which. Read from the source, so that none is missed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src" / "lastchunk"

ON_SHELVES = {"semconv", "settings", "version", "foreign", "own_errors", "wording"}
"""What everybody may take: names, settings, the version, foreign values made fit to leave, errors of ours caught."""

MAY_IMPORT = {
    "semconv": set[str](),
    "version": set[str](),
    "settings": set[str](),
    "package": set[str](),
    "wording": set[str](),
    "imports": {"own_errors"},
    "foreign": {"semconv"},
    "own_errors": {"foreign"},
    "remedies": {"semconv"},
    # What runs in an application.
    "streams": ON_SHELVES | {"remedies"},
    "telemetry": ON_SHELVES | {"streams", "remedies"},
    "patches": ON_SHELVES | {"streams", "telemetry"},
    "installation": ON_SHELVES | {"imports", "patches", "streams", "telemetry"},
    "instrumentor": ON_SHELVES | {"package", "installation", "streams"},
    "acting": ON_SHELVES | {"instrumentor", "streams"},
    "exporters": ON_SHELVES | {"remedies"},
}
"""By room. What is not a key is for people at a terminal: it may import everything, and nothing above may import it."""

ONLY = {("patches", "telemetry"): {"lastchunk.telemetry.lent_spans", "lastchunk.telemetry.listeners"}}
"""The arrow that is narrower than a room: a patch asks who else records the same call, and lends the library's own span."""


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, also inside a function, by its full name."""
    package = ["lastchunk", *path.relative_to(HOUSE).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(
                [*(package[: -node.level] if node.level else []), *([node.module] if node.module else [])]
            )
            yield from (f"{module}.{alias.name}" for alias in node.names) if module == "lastchunk" else (module,)


def arrows() -> Iterator[tuple[str, str, str, str]]:
    """Each import from one room of another: both rooms, the file, and the module."""
    for path in sorted(HOUSE.rglob("*.py")):
        room = path.relative_to(HOUSE).parts[0].removesuffix(".py")
        for module in imports(path):
            if module.startswith("lastchunk.") and (other := module.split(".")[1]) != room:
                yield room, other, str(path.relative_to(ROOT)), module


ARROWS = list(arrows())


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_is_below_it(room: str) -> None:
    strange = [(path, module) for one, other, path, module in ARROWS if one == room and other not in MAY_IMPORT[room]]
    assert strange == []


@pytest.mark.parametrize("arrow", sorted(ONLY))
def test_a_narrow_arrow_stays_narrow(arrow: tuple[str, str]) -> None:
    assert {module for room, other, _, module in ARROWS if (room, other) == arrow} == ONLY[arrow]


def test_every_room_that_is_named_is_there_and_is_reached() -> None:
    """A room that was renamed would be free to import anything."""
    assert {room for room in MAY_IMPORT if not list(HOUSE.glob(f"{room}*"))} == set()
    assert {("telemetry", "streams"), ("patches", "streams"), ("installation", "patches")} <= {a[:2] for a in ARROWS}


def test_the_ending_is_decided_by_pure_code() -> None:
    """No OpenTelemetry, no library, no clock: evidence in, ending out."""
    pure = [HOUSE / "streams" / f"{name}.py" for name in ("ending", "evidence", "idle", "timeouts", "finish_reasons")]
    foreign = {module.partition(".")[0] for path in pure for module in imports(path)} - {"lastchunk"}
    assert foreign <= {"__future__", "collections", "dataclasses", "enum", "functools", "re", "typing"}


def test_contributing_draws_the_same() -> None:
    """Its drawing has every arrow between the rooms that run in an application, and no other."""
    drawing = re.search(
        r"^## Structure of the code\n\n((?:    .*\n|\n)+)", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    assert drawing is not None
    drawn = {
        (room, other)
        for line in drawing[1].splitlines()
        if "->" in line
        for room, others in [line.split("->")]
        for room, other in ((room.strip(), other.strip()) for other in others.split(","))
    }
    rooms = {"acting", "instrumentor", "installation", "patches", "streams", "telemetry"}
    assert drawn == {(room, other) for room, other, _, _ in ARROWS if room in rooms and other in rooms}
