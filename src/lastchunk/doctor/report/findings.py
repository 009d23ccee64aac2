# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a command of the doctor finds, and the status with which it exits. Pure data."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from lastchunk import stopped
from lastchunk.version import __version__

SCHEMA = 1
"""The version of what `Report.as_dict` gives. It is raised when a field changes its meaning or goes, not when one comes."""


class Status(StrEnum):
    """What a check says."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


class Exit(IntEnum):
    """The exit status of a command of the doctor."""

    FINE = 0
    PROBLEM = 1
    """At least one problem, or with `--strict` a warning."""
    COULD_NOT_RUN = 2
    INTERRUPTED = stopped.INTERRUPTED
    TERMINATED = stopped.TERMINATED


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked."""

    id: str
    """Stable and dotted: the family and what is checked, such as `packages.in_step`."""
    status: Status
    evidence: str
    """What was seen, in a sentence or two. It is redacted only when it is shown."""
    remedy: str = ""
    """What to do; empty where there is nothing to do."""
    runbook: str = ""
    """The anchor of the runbook's entry, such as `#cause-idle_timeout`; empty where there is none."""
    blames: tuple[str, ...] = ()
    """Environment variables whose values OpenTelemetry refuses or ignores. No other check may call them ok."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What the command does now. It is shown if it takes longer than a second."""

    what: str


@dataclass(frozen=True, slots=True)
class Detail:
    """Measurements that are not checks, such as the rungs of a ladder.

    In the JSON document it is `value`, under its name in `details`; for people it is a table, if it has a heading.
    """

    name: str
    value: Any
    """Numbers, strings, booleans, None, and lists and dictionaries of them."""
    heading: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()


Finding: TypeAlias = Check | Doing | Detail
Findings: TypeAlias = Generator[Finding, None, None]
"""A command of the doctor is a generator of these, shown one by one as they come."""


class CouldNotRun(Exception):
    """The command could not do what it was asked to; the message is one sentence that names the option and the remedy."""


@dataclass(slots=True)
class Report:
    """All that one command found, and where it ran."""

    command: str
    """As it is typed, such as `lastchunk doctor stream`."""
    checks: list[Check] = field(default_factory=list[Check])
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    interrupted: bool = False
    """Ctrl-C or SIGTERM ended it: the checks until then are there."""

    def add(self, found: Check | Detail) -> None:
        """Keep what was found."""
        if isinstance(found, Check):
            self.checks.append(found)
        else:
            self.details[found.name] = found.value

    def count(self, status: Status) -> int:
        """How many checks say `status`."""
        return sum(check.status is status for check in self.checks)

    def exit(self, *, strict: bool = False) -> Exit:
        """The exit status that these checks call for."""
        if self.interrupted:
            return Exit(stopped.status())
        bad = self.count(Status.PROBLEM) + (self.count(Status.WARNING) if strict else 0)
        return Exit.PROBLEM if bad else Exit.FINE

    def as_dict(self, *, strict: bool = False) -> dict[str, Any]:
        """The JSON document, before redaction."""
        return {
            "schema": SCHEMA,
            "command": self.command,
            "lastchunk": __version__,
            "python": python(),
            "interrupted": self.interrupted,
            "exit": int(self.exit(strict=strict)),
            "checks": [
                {
                    "id": check.id,
                    "status": str(check.status),
                    "evidence": check.evidence,
                    "remedy": check.remedy,
                    "runbook": check.runbook,
                }
                for check in self.checks
            ],
            "details": self.details,
        }


def python() -> dict[str, str | None]:
    """Where the command runs: version, executable, and the virtual environment, None if there is none."""
    return {
        "version": sys.version.split()[0],
        "executable": sys.executable,
        "virtual_environment": sys.prefix if sys.prefix != sys.base_prefix else None,
    }


def defect(error: Exception) -> str:
    """What to say of an exception that nobody expected: its class and where it was raised, without its message."""
    at = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" in {Path(frame.filename).name}, line {frame.lineno}" for frame in at)
    return f"{type(error).__name__}{where}: this is a bug of the doctor; please report it"
