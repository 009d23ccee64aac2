# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Versions that are known to be incompatible. Each pair was measured; `make compat` measures them again.

Only what pip lets in: where a package declares what it needs, `packages.requirements` sees it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Misfit:
    """A library, with versions of an SDK that it does not work with."""

    library: str
    """The distribution that uses the SDK."""
    library_versions: str
    """The versions of it that are known to be hit, as PEP 440 has it."""
    sdk: str
    sdk_versions: str
    error: str
    """What an application gets."""
    remedy: str
    measured: tuple[str, str]
    """The versions of the library and of the SDK on which it was measured."""
    works: tuple[str, str]
    """Versions that work: measured too, or the cure would be a guess."""


MISFITS: tuple[Misfit, ...] = (
    Misfit(
        library="autogen-ext",
        library_versions="<=0.7.5",
        sdk="anthropic",
        sdk_versions=">=1.0",
        error="TypeError",
        remedy="Install a version that autogen-ext supports: pip install 'anthropic<1'.",
        measured=("0.7.5", "1.0.0"),
        works=("0.7.5", "0.125.0"),
    ),
)
