# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads what is installed from package metadata, without importing anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Installed:
    """One distribution."""

    name: str
    version: str
    packages: frozenset[str] = frozenset()
    """The top-level packages and modules that it brings."""
    requires: tuple[str, ...] = ()
    """What it declares to need, each as PEP 508 has it."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Folder:
    """What Python finds under a package's name; `where` is empty if it finds nothing."""

    where: str = ""
    is_namespace: bool = False
    """No `__init__.py` in it: it imports, and has nothing in it."""


Everything = Mapping[str, Installed]
"""What is installed, by normalised name."""


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(found: Iterable[metadata.Distribution] | None = None) -> Everything:
    """Everything on `sys.path`; of two with one name, that which Python finds first."""
    everything: dict[str, Installed] = {}
    for distribution in metadata.distributions() if found is None else found:
        name = distribution.metadata["Name"]
        if name and normal(name) not in everything:
            everything[normal(name)] = Installed(
                name, distribution.version, _packages(distribution), tuple(distribution.requires or ())
            )
    return everything


def folder(package: str, path: list[str] | None = None) -> Folder:
    """Where Python would find a top-level package."""
    spec = PathFinder.find_spec(package, path)
    if spec is None:
        return Folder()
    if spec.origin is None:
        return Folder(next(iter(spec.submodule_search_locations or ()), ""), is_namespace=True)
    return Folder(str(Path(spec.origin).parent))


def _packages(distribution: metadata.Distribution) -> frozenset[str]:
    named = (distribution.read_text("top_level.txt") or "").split()
    files = (PurePosixPath(str(file)) for file in distribution.files or ())
    found = {file.parts[0] for file in files if file.suffix == ".py" and len(file.parts) > 1}
    return frozenset({*named, *found} - {"..", "."})
