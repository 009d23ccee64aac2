# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The row of the table of alerts. The rows are in the other modules of this package, by family."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lastchunk.monitoring.settings import duration, milliseconds

Severity = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class Recording:
    """A rule that keeps what several alerts ask for, or what one asks of its past."""

    name: str
    """`lastchunk:<what>:<how>`. Expressions name it bare, without a selector, so that it can be written out instead."""
    expression: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Texts may hold templates that Prometheus and Grafana both know; `$value` is the value."""

    name: str
    severity: Severity
    expression: str
    """Filtered: each sample that is left fires, whatever its value."""
    wait: str
    """How long the expression must hold: `for`."""
    keep: str
    """How long the alert goes on after the expression held last: `keep_firing_for`."""
    summary: str
    description: str
    leaves_out: str
    """What it does not see, and why."""
    panel: str
    """A name in `lastchunk.monitoring.panels`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    on_error: Literal["KeepLast", "Alerting"] = "KeepLast"
    """Grafana-managed only: what a failing data source means. One alert says so; the others keep their state."""

    @property
    def anchor(self) -> str:
        """Its entry in the runbook."""
        return f"#alert-{self.name.lower()}"


@dataclass(frozen=True, slots=True)
class Group:
    """What is evaluated together, in this order: recordings, then alerts. One file in each form."""

    name: str
    interval: str
    recordings: tuple[Recording, ...]
    alerts: tuple[Alert, ...]


_SELECTED = re.compile(r"(\{[^}]*\}(?:\[\w+\])?)(?: offset (\w+))?")


def _ago(expression: str, offset: str) -> str:
    """The expression as it was before: an offset stands at selectors only."""

    def moved(found: re.Match[str]) -> str:
        before = milliseconds(offset) + (milliseconds(found[2]) if found[2] else 0)
        return f"{found[1]} offset {duration(before)}"

    return _SELECTED.sub(moved, expression)


def written_out(expression: str, recordings: Mapping[str, Recording]) -> str:
    """The expression without recordings: each is replaced by what it records."""

    def replaced(found: re.Match[str]) -> str:
        recorded = written_out(recordings[found[1]].expression, recordings)
        return f"({_ago(recorded, found[2]) if found[2] else recorded})"

    return re.sub(r"\b(lastchunk:\w+:\w+)(?: offset (\w+))?", replaced, expression)
