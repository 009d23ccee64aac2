# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk explain`: what the runbook says, at the terminal."""

from __future__ import annotations

import json

import pytest

from lastchunk.monitoring.alerts import groups
from lastchunk.monitoring.settings import load
from lastchunk.remedies import remedy_for
from lastchunk.runbook import Entry, entries, explain
from lastchunk.semconv import Cause, Reason
from tests.test_cli import invoke

Capture = pytest.CaptureFixture[str]


def test_every_cause_every_reason_and_every_alert_has_an_entry():
    alerts = [rule.name for group in groups(load()) for rule in group.alerts]
    assert len(alerts) > 20
    assert [(entry.kind, entry.name) for entry in entries() if entry.kind != "alert"] == [
        *(("cause", cause) for cause in Cause),
        *(("reason", reason) for reason in Reason),
    ]
    assert {entry.name for entry in entries() if entry.kind == "alert"} == set(alerts)
    assert {len(entry.answers) for entry in entries() if entry.name != Reason.COMPLETED} == {7}


@pytest.mark.parametrize(
    "entry", [entry for entry in entries() if entry.kind != "alert"], ids=lambda entry: f"{entry.kind}-{entry.name}"
)
def test_an_entry_begins_with_the_sentence_that_spans_and_logs_carry(entry: Entry):
    reason, cause = (Reason.ERROR, entry.name) if entry.kind == "cause" else (entry.name, None)
    remedy = remedy_for(reason, cause)

    if (entry.kind, entry.name) in {("cause", "unknown"), ("reason", "completed")}:
        assert remedy is None or remedy.anchor == "#reason-error"
        return
    assert remedy is not None
    assert (entry.sentence, entry.anchor) == (remedy.sentence, remedy.anchor)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("idle_timeout", ["cause"]),
        ("Truncated", ["reason"]),
        ("provider_error", ["cause", "reason"]),
        ("#cause-provider_error", ["cause"]),
        ("reason-provider_error", ["reason"]),
        ("LastchunkCutoffsFast", ["alert"]),
        ("#alert-lastchunkcutoffsfast", ["alert"]),
        ("idle", []),
        ("", []),
    ],
)
def test_finding_an_entry(name: str, kinds: list[str]):
    assert [entry.kind for entry in explain(name)] == kinds


def test_answers_are_plain_text():
    assert not [answer for entry in entries() for _, answer in entry.answers if "](#" in answer]


def test_one_entry(capsys: Capture):
    assert invoke("explain", "idle_timeout") == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[:2] == ["cause idle_timeout", explain("idle_timeout")[0].sentence]
    at = lines.index("Usual causes, most frequent first")
    assert lines[at + 1].startswith("1. ")
    assert lines[at + 2].startswith("2. ")
    assert "`" not in "".join(lines)


def test_an_alert(capsys: Capture):
    assert invoke("explain", "lastchunkcutoffsfast") == 0
    said = capsys.readouterr().out
    assert said.startswith("alert LastchunkCutoffsFast\n")
    assert "\nCutoffs by cause on the same dashboard: " in said
    assert "*" not in said


def test_without_a_name_all_are_listed(capsys: Capture):
    assert invoke("explain") == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()]

    assert {*Cause, *Reason} <= set(listed)


@pytest.mark.parametrize(
    ("name", "says"), [("idle_timeuot", "Did you mean 'idle_timeout'?"), ("weather", "lists all names")]
)
def test_an_unknown_name(name: str, says: str, capsys: Capture):
    assert invoke("explain", name) == 2
    shown = capsys.readouterr()

    assert shown.out == ""
    assert name in shown.err
    assert says in shown.err


def test_json(capsys: Capture):
    assert invoke("explain", "provider_error", "--json") == 0
    document = json.loads(capsys.readouterr().out)

    assert document["schema"] == 1
    assert [entry["runbook"] for entry in document["entries"]] == ["#cause-provider_error", "#reason-provider_error"]
    assert all(entry["answers"][0].keys() == {"question", "answer"} for entry in document["entries"])


@pytest.mark.parametrize("columns", [40, 60])
@pytest.mark.parametrize("name", [(), *((name,) for name in sorted({entry.name for entry in entries()}))])
def test_a_narrow_terminal(name: tuple[str, ...], columns: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    for variable, value in (
        ("FORCE_COLOR", "1"),
        ("NO_COLOR", "1"),
        ("TERM", "dumb"),
        ("LINES", "25"),
        ("COLUMNS", str(columns)),
    ):
        monkeypatch.setenv(variable, value)

    assert invoke("explain", *name) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= columns
    if not name:
        assert "partial_consumption\n  The application" in text


def test_no_answer_says_the_same_of_nothing():
    answers = {answer.strip(" .").lower() for entry in entries() for _, answer in entry.answers}

    assert not {
        answer for answer in answers if answer in ("the same", "see above", "likewise", "as above", "ditto", "")
    }
