# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Applies every patch to the installed libraries, and prints the result of each as one JSON line.

Run in a process of its own, `python -m lastchunk.doctor.environment.trial`: it imports the libraries, and patches them.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lastchunk.patches.support.patching import Patch, Patcher


class Result(StrEnum):
    """How the trial of a patch went."""

    APPLIED = "applied"
    NOT_INSTALLED = "not_installed"
    NO_MODULE = "no_module"
    """The library is there, and this version has no such module."""
    NEEDS_MORE = "needs_more"
    """The module needs a package that is not installed: the application cannot use it either."""
    BROKEN = "broken"
    """Importing it fails."""
    UNFIT = "unfit"
    """It is not what the patch was made for."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One patch, and what came of it."""

    library: str
    supported: str
    module: str
    result: Result
    said: str = ""
    """Of an import that fails: the package, or the class of the exception. Of a patch that does not fit: what is missing."""


def attempt(patch: Patch, patcher: Patcher) -> Trial:
    """Import the module of a patch, and apply it."""
    result, said = _attempt(patch, patcher)
    return Trial(patch.library, patch.supported, patch.module, result, said)


def _attempt(patch: Patch, patcher: Patcher) -> tuple[Result, str]:
    if _is_missing(patch.module):
        return Result.NOT_INSTALLED, ""
    try:
        module = importlib.import_module(patch.module)
    except ModuleNotFoundError as missing:
        name = missing.name or ""
        is_own = name == patch.module or patch.module.startswith(f"{name}.")
        return (Result.NO_MODULE, "") if is_own else (Result.NEEDS_MORE, name)
    except Exception as error:
        return Result.BROKEN, type(error).__name__
    try:
        patcher.apply(patch, module)
    except AttributeError as error:
        return Result.UNFIT, str(error)
    except Exception as error:
        return Result.UNFIT, type(error).__name__
    return Result.APPLIED, ""


def _is_missing(module: str) -> bool:
    """The library is not installed; a package may share its top folder with others, as `azure` does."""
    parts = module.split(".")
    top = ".".join(parts[:3]) if parts[0] == "azure" else parts[0]
    try:
        found = find_spec(top)
    except ModuleNotFoundError:
        return True
    return found is None or found.origin is None


def main() -> None:
    """Try every patch."""
    # Here and not above: the doctor reads `Trial`, and must start where OpenTelemetry does not.
    from lastchunk.installation import patcher_of
    from lastchunk.patches import PATCHES
    from lastchunk.settings import Settings

    patcher = patcher_of(Settings(), {})
    for patch in PATCHES:
        print(json.dumps(asdict(attempt(patch, patcher))), flush=True)


if __name__ == "__main__":
    sys.exit(main())
