# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the runbook's entries for `lastchunk explain`: one for each cause, reason and alert.

The text has one source, `grafana/runbook.md`, which comes with the package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from lastchunk.semconv import Cause, Reason
from lastchunk.shipped import shipped

_HEALTHY = "The answer is complete, and the provider said so: there is nothing to do."


@dataclass(frozen=True, slots=True)
class Entry:
    """What the runbook says of one cause, one reason or one alert."""

    kind: str
    """`cause`, `reason` or `alert`."""
    name: str
    """As it is emitted: `idle_timeout`, `truncated`, `LastchunkCutoffsFast`."""
    sentence: str
    """What happened, a colon, and what to do."""
    answers: tuple[tuple[str, str], ...]
    """Each question that the runbook answers, with its answer, as Markdown."""

    @property
    def anchor(self) -> str:
        """The entry's anchor in the runbook. Empty for the reason `completed`, which has no entry."""
        return f"#{self.kind}-{self.name.lower()}" if self.answers else ""


@cache
def entries() -> tuple[Entry, ...]:
    """Every cause, then every reason, in the order of `lastchunk.semconv`; then every alert, in the runbook's order."""
    sections = re.split(r"^### ", _text(), flags=re.MULTILINE)[1:]
    written = {section.split(maxsplit=1)[0]: section for section in sections}
    names = [
        *(("cause", cause) for cause in Cause),
        *(("reason", reason) for reason in Reason),
        *(("alert", name.removeprefix("alert-")) for name in written if name.startswith("alert-")),
    ]
    return tuple(_entry(kind, str(name), written.get(f"{kind}-{name}", "")) for kind, name in names)


def explain(name: str) -> list[Entry]:
    """The entries of a cause, a reason or an alert, by its name or its anchor; a name may be several. Empty if there is none."""
    name = name.strip().lower()
    kind, _, rest = name.lstrip("#").partition("-")
    return [one for one in entries() if (one.kind, one.name.lower()) == (kind, rest) or one.name.lower() == name]


def _entry(kind: str, name: str, section: str) -> Entry:
    sentence = re.search(r"^\*\*(.+)\*\*$", section, re.MULTILINE)
    answers = re.findall(r"^- \*\*(.+?):\*\* (.+)$", section, re.MULTILINE)
    # Links lead to other entries of the runbook: here the name says as much.
    plain = tuple((question, re.sub(r"\[([^]]+)\]\(#[^)]+\)", r"\1", answer)) for question, answer in answers)
    return Entry(kind, name, sentence[1] if sentence else _HEALTHY, plain)


def _text() -> str:
    return shipped("grafana/runbook.md").read_text("utf-8")
