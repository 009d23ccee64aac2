# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Version specifiers as people say them: `>=1.66,<4` is `1.66 or newer, but older than 4`."""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

_ORDER = ("===", "==", "~=", ">=", ">", "<", "<=", "!=")


def in_words(specifier: SpecifierSet | str) -> str:
    """The versions that a requirement accepts; text that is not a specifier stays as it is."""
    try:
        found = SpecifierSet(specifier) if isinstance(specifier, str) else specifier
    except InvalidSpecifier:
        return str(specifier)
    parts = sorted(found, key=lambda one: (_ORDER.index(one.operator), _order(one)))
    lower = [_words(one) for one in parts if one.operator not in ("<", "<=", "!=")]
    upper = [_words(one) for one in parts if one.operator in ("<", "<=", "!=")]
    if not lower:
        return " and ".join(upper) or "any version"
    return ", but ".join([" and ".join(lower), *([" and ".join(upper)] if upper else [])])


def _order(one: Specifier) -> Version:
    try:
        return Version(one.version.removesuffix(".*"))
    except InvalidVersion:
        return Version("0")


def _words(one: Specifier) -> str:
    version = one.version.removesuffix(".*")
    match one.operator:
        case ">=":
            return f"{version} or newer"
        case ">":
            return f"newer than {version}"
        case "<":
            return f"older than {version}"
        case "<=":
            return f"{version} or older"
        case "!=":
            return f"not {version}"
        case "~=":
            return f"{version} or newer within {'.'.join(version.split('.')[:-1])}"
        case _:
            return f"any {version}" if one.version.endswith(".*") else version
