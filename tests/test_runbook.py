# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every anchor that a span, a log line or the console gives leads to an entry of the runbook, which says the same."""

from __future__ import annotations

import re
from pathlib import Path

from lastchunk.remedies import Remedy, remedy_for
from lastchunk.semconv import Cause, Detail, Reason

RUNBOOK = (Path(__file__).parents[1] / "grafana" / "runbook.md").read_text("utf-8")
ENTRIES: dict[str, str] = dict(re.findall(r"^### (\S+)\n\n\*\*(.+?)\*\*$", RUNBOOK, re.MULTILINE))
QUESTIONS: list[str] = re.findall(r"^- \*\*(.+?):?\*\*", RUNBOOK, re.MULTILINE)


def remedies() -> set[Remedy]:
    return {remedy for reason in Reason for cause in [*Cause, None] if (remedy := remedy_for(reason, cause))}


def test_every_remedy_has_its_entry_and_the_entry_begins_with_it():
    assert {remedy.anchor: remedy.sentence for remedy in remedies()} == {
        f"#{anchor}": sentence
        for anchor, sentence in ENTRIES.items()
        if anchor != "cause-unknown" and not anchor.startswith("alert-")
    }


def test_there_is_an_entry_for_every_cause_and_every_unhealthy_reason_and_no_other():
    causes = {f"cause-{cause}" for cause in Cause}
    reasons = {f"reason-{reason}" for reason in Reason if reason is not Reason.COMPLETED}

    assert {anchor for anchor in ENTRIES if not anchor.startswith("alert-")} == causes | reasons


def test_every_entry_answers_the_same_questions():
    assert len(set(QUESTIONS)) == 7
    assert len(QUESTIONS) == 7 * len(ENTRIES)


def test_links_within_the_runbook_lead_somewhere():
    linked = set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK))

    assert linked
    assert linked <= {name.lower() for name in ENTRIES}


def test_the_sentence_of_every_detail_stands_in_the_runbook():
    for detail in Detail:
        sentence = remedy_for(Reason.REJECTED, Cause.CONNECTION_LOST, detail).sentence
        assert f"| `{detail}` | {sentence} |" in RUNBOOK
