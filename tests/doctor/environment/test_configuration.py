# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Our own settings."""

from __future__ import annotations

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


def test_a_variable_that_is_no_setting_is_named_with_the_nearest_one():
    misspelled, strange, rest = checks({"LASTCHUNK_STALLAFTER": "5", "LASTCHUNK_WEATHER": "fine", "OTHER": "x"})
    assert (misspelled.status, misspelled.remedy) == (Status.WARNING, "Set LASTCHUNK_STALL_AFTER instead.")
    assert misspelled.evidence == "LASTCHUNK_STALLAFTER is not a setting of Lastchunk, and is ignored."
    assert strange.remedy.startswith("Unset it. The settings are LASTCHUNK_CHUNK_EVENTS, ")
    assert rest.status is Status.OK
