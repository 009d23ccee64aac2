# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Packages that do not belong together: where nothing is sent the doctor finds a problem, and what it says mends it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from scripts.newcomer.fresh import APPLICATION, SENT, Failed, receiver, run

_COMMAND = re.compile(r"pip install ((?:'[^']+'|[\w-]+)(?: (?:'[^']+'|[\w-]+))*)")
"""What stands behind `pip install` in a remedy."""


@dataclass(frozen=True)
class Breakage:
    """What somebody does to an environment that works."""

    name: str
    pip: tuple[str, ...]


BREAKAGES = (
    Breakage("an API that is older than the SDK", ("install", "--no-deps", "opentelemetry-api==1.37.0")),
    Breakage("no exporter", ("uninstall", "--yes", "opentelemetry-exporter-otlp-proto-http")),
)


def try_breakage(binaries: Path, breakage: Breakage, wheels: Path) -> str:
    """Break the environment, compare the doctor with a real start, and do what the doctor says; a line about it."""
    pip = (binaries / "python", "-m", "pip", "--quiet")
    run(*pip, *breakage.pip)
    sent, found = _is_sent(binaries), _problems(binaries)
    if not sent and not found:
        raise Failed(f"{breakage.name}: nothing is sent, and the doctor finds no problem")
    for remedy in found:
        for command in _COMMAND.findall(remedy):
            run(*pip, "install", *shlex.split(command), PIP_FIND_LINKS=str(wheels))
    if _problems(binaries) or not _is_sent(binaries):
        raise Failed(f"{breakage.name}: it does not work after {' '.join(found)}")
    what = "telemetry is sent all the same" if sent else "nothing is sent"
    return f"{breakage.name}: {what}, the doctor says so, and its remedy works"


def _is_sent(binaries: Path) -> bool:
    with receiver() as receives:
        run(binaries / "opentelemetry-instrument", binaries / "python", APPLICATION, status=None, **receives.settings)
        return not receives.missing(*SENT)


def _problems(binaries: Path) -> list[str]:
    """The remedies of the doctor's problems."""
    with receiver() as receives:
        said = run(binaries / "lastchunk", "doctor", "--json", "--offline", status=None, **receives.settings)
    if "{\n" not in said:
        raise Failed(f"{said}\nthe doctor has no report")
    checks = json.loads(said[said.index("{\n") :])["checks"]
    return [check["remedy"] for check in checks if check["status"] == "problem"]
