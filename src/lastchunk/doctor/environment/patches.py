# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Checks which patches apply to the installed versions, by trying them in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lastchunk.doctor.environment.distributions import Everything, normal
from lastchunk.doctor.environment.trial import Result, Trial
from lastchunk.doctor.environment.versions import in_words
from lastchunk.doctor.report.findings import Check, Status

PATIENCE = 60.0
"""Seconds for importing everything that is patched."""
_INSTEAD = "Lastchunk does not see these streams. Install a supported version, or report this."


def trials(command: Sequence[str] = (sys.executable, "-m", "lastchunk.doctor.environment.trial")) -> list[Trial] | str:
    """Every patch, tried; or why that did not work."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the test of the patches was still running after {PATIENCE:g} s"
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [""]
        return f"the test of the patches ended with exit status {done.returncode}: {last[0]}"
    # A library may print when it is imported.
    lines = (json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"library"'))
    return [Trial(**line | {"result": Result(line["result"])}) for line in lines]


def checks(found: list[Trial] | str, everything: Everything) -> Iterator[Check]:
    """One check for each library."""
    if isinstance(found, str):
        yield Check(
            "patches",
            Status.PROBLEM,
            f"{found}.",
            "Import the application's libraries in a Python shell, and read the error.",
        )
        return
    for library in dict.fromkeys(trial.library for trial in found):
        yield check([trial for trial in found if trial.library == library], everything)


def check(mine: Sequence[Trial], everything: Everything) -> Check:
    """The patches of one library."""
    name, library = f"patches.{mine[0].library}", mine[0].library
    if all(trial.result is Result.NOT_INSTALLED for trial in mine):
        missing = library if library not in everything else mine[0].module
        return Check(name, Status.SKIPPED, f"{missing} is not installed: there is nothing to patch.")
    owners = [str(found) for found in everything.values() if library in (normal(found.name), *found.packages)]
    what = " and ".join(owners) or library
    bad = [line for trial in mine if (line := _why_not(trial))]
    applied = sum(trial.result is Result.APPLIED for trial in mine)
    said = f"{what}: {_how_many(applied, len(mine))}"
    if bad:
        return Check(
            name, Status.WARNING, f"{said}; {'; '.join(bad)} (supported: {in_words(mine[0].supported)}).", _INSTEAD
        )
    if not applied:
        return Check(name, Status.SKIPPED, f"{said}{_notes(mine)}.")
    if not _is_supported(mine[0].supported, library, everything):
        return Check(
            name,
            Status.WARNING,
            f"{said}{_notes(mine)}, but they were made for other versions ({in_words(mine[0].supported)}).",
            "Run one real stream, and check its span.",
        )
    return Check(name, Status.OK, f"{said}{_notes(mine)}.")


def _how_many(applied: int, patches: int) -> str:
    if applied == patches:
        return "every patch applies"
    return f"{applied} of {patches} patches apply" if applied else "no patch applies"


def _why_not(trial: Trial) -> str:
    if trial.result is Result.UNFIT:
        return f"the patch of {trial.module} is skipped: {trial.said}"
    if trial.result is Result.BROKEN:
        return f"{trial.module} cannot be imported: {trial.said}"
    return ""


def _notes(mine: Iterable[Trial]) -> str:
    notes = dict.fromkeys(
        f"{trial.module} needs {trial.said}, which is not installed"
        if trial.result is Result.NEEDS_MORE
        else f"this version has no {trial.module}"
        for trial in mine
        if trial.result in (Result.NEEDS_MORE, Result.NO_MODULE)
    )
    return "".join(f"; {note}" for note in notes)


def _is_supported(supported: str, library: str, everything: Everything) -> bool:
    try:
        versions = SpecifierSet(supported)
    except InvalidSpecifier:  # words: several distributions bring the module
        return True
    return library not in everything or versions.contains(everything[library].version, prereleases=True)
