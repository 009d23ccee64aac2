# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Temporarily replaces a method in a class and in all of its subclasses."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

Instead = Callable[[Any], Any]
"""Takes what a class itself defines, and gives its replacement."""


@contextmanager
def replaced(base: type, name: str, instead: Instead) -> Generator[None]:
    """Replace `name` wherever `base` or a subclass defines it, and restore it afterwards."""
    undo: list[tuple[type, Any]] = []
    for owner in dict.fromkeys(_with_subclasses(base)):
        if name in vars(owner):
            undo.append((owner, vars(owner)[name]))
            setattr(owner, name, instead(vars(owner)[name]))
    try:
        yield
    finally:
        for owner, original in undo:
            setattr(owner, name, original)


def _with_subclasses(base: type) -> Iterator[type]:
    yield base
    for owner in type.__subclasses__(base):
        yield from _with_subclasses(owner)
