# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Checks Lastchunk's own settings: each variable must be a setting, and each value valid."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from importlib.machinery import PathFinder
from importlib.util import find_spec

from lastchunk.doctor.report.findings import Check, Status
from lastchunk.settings import SETTINGS, Settings

_PREFIX = "LASTCHUNK_"


def checks(environ: Mapping[str, str]) -> Iterator[Check]:
    """A warning for each variable that is not a setting and for each invalid value, else a check that says that all is well."""
    yield from _unknown(environ)
    bad = False
    chosen: list[str] = []
    for setting in SETTINGS:
        value = environ.get(setting.variable, "").strip()
        if not value:
            continue
        try:
            setting.read(value)
        except ValueError:
            bad = True
            yield Check(
                "settings.valid",
                Status.WARNING,
                f"{setting.variable}={value} is not {setting.takes}: the default, {getattr(Settings(), setting.field)}, is used.",
                f"Set {setting.variable} to {setting.takes}, or unset it.",
            )
        else:
            chosen.append(f"{setting.variable}={value}")
            if setting.field == "on_ending" and not _is_there(value):
                bad = True
                yield Check(
                    "settings.valid",
                    Status.WARNING,
                    f"{setting.variable}={value}: there is no module {_package(value)} here, so no function would be called.",
                    f"Correct {setting.variable}, or run the doctor in the folder where the application starts.",
                )
    if not bad:
        yield Check("settings.valid", Status.OK, ", ".join(chosen) or "Every setting has its default value.")


def _package(function: str) -> str:
    return function.partition(":")[0].partition(".")[0]


def _is_there(function: str) -> bool:
    """The package of `module:function` can be found, here or in this folder. Nothing is imported."""
    try:
        return (find_spec(_package(function)) or PathFinder.find_spec(_package(function), [os.curdir])) is not None
    except ValueError:  # a module that runs and has no specification, such as `__main__`
        return True


def _unknown(environ: Mapping[str, str]) -> Iterator[Check]:
    known = {setting.variable.removeprefix(_PREFIX): setting.variable for setting in SETTINGS}
    unknown = [name for name in sorted(environ) if name.startswith(_PREFIX) and name not in known.values()]
    for variable in unknown:
        close = difflib.get_close_matches(variable.removeprefix(_PREFIX), known, n=1)
        yield Check(
            "settings.known",
            Status.WARNING,
            f"{variable} is not a setting of Lastchunk, and is ignored.",
            f"Set {known[close[0]]} instead." if close else f"Unset it. The settings are {', '.join(known.values())}.",
        )
    if not unknown:
        yield Check("settings.known", Status.OK, f"Every variable {_PREFIX}* is a setting of Lastchunk.")
