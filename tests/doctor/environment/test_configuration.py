# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Our own settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from lastchunk.doctor.environment.configuration import checks
from lastchunk.doctor.report.findings import Status


def test_defaults():
    assert [check.status for check in checks({})] == [Status.OK] * 2


def test_what_is_chosen_is_shown():
    _, check = checks({"LASTCHUNK_STALL_AFTER": "12.5", "LASTCHUNK_CHUNK_EVENTS": " "})
    assert (check.status, check.evidence) == (Status.OK, "LASTCHUNK_STALL_AFTER=12.5")


def test_each_bad_value_is_named():
    _, *found = checks({"LASTCHUNK_STALL_AFTER": "never", "LASTCHUNK_AUTOGEN_SPANS": "drop"})

    assert [check.status for check in found] == [Status.WARNING] * 2
    assert "LASTCHUNK_STALL_AFTER=never is not a number of seconds above 0: the default, 30.0, is used." in [
        check.evidence for check in found
    ]
    assert all(check.remedy for check in found)


def test_a_function_whose_module_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is imported: a module in this folder counts, whatever it does when it is imported."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat_app.py").write_text("raise SystemExit(3)")
    for there in ("chat_app:on_ending", "json.decoder:f", "__main__:f"):
        _, found = checks({"LASTCHUNK_ON_ENDING": there})
        assert (found.status, found.evidence) == (Status.OK, f"LASTCHUNK_ON_ENDING={there}")
    _, found = checks({"LASTCHUNK_ON_ENDING": "no_such_app.endings:f"})
    assert found.status is Status.WARNING
    assert "there is no module no_such_app here" in found.evidence
    assert "LASTCHUNK_ON_ENDING" in found.remedy


def test_a_variable_that_is_no_setting_is_named_with_the_nearest_one():
    misspelled, strange, rest = checks({"LASTCHUNK_STALLAFTER": "5", "LASTCHUNK_WEATHER": "fine", "OTHER": "x"})
    assert (misspelled.status, misspelled.remedy) == (Status.WARNING, "Set LASTCHUNK_STALL_AFTER instead.")
    assert misspelled.evidence == "LASTCHUNK_STALLAFTER is not a setting of Lastchunk, and is ignored."
    assert strange.remedy.startswith("Unset it. The settings are LASTCHUNK_CHUNK_EVENTS, ")
    assert rest.status is Status.OK
