# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Helpers for the sentences that people read: names, numbers and plurals."""

from __future__ import annotations

from collections.abc import Sequence


def a(name: str) -> str:
    """The name with its article: `an int`, `a str`."""
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"


def many(number: int, noun: str) -> str:
    """The number with its noun: `1 call`, `2 calls`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str], last: str = "and") -> str:
    """The names as a sentence has them: `one`, `one and another`, `one, two and three`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
