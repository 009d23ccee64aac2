# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How findings add up to a report and an exit status."""

from __future__ import annotations

import pytest

from lastchunk.doctor.report.findings import SCHEMA, Check, Detail, Report, Status
from lastchunk.version import __version__

ALL = [Check(f"a.{status}", status, "Seen.") for status in Status]


@pytest.mark.parametrize(
    ("statuses", "strict", "exit_status"),
    [
        ([], False, 0),
        ([Status.OK, Status.SKIPPED], True, 0),
        ([Status.OK, Status.WARNING], False, 0),
        ([Status.OK, Status.WARNING], True, 1),
        ([Status.PROBLEM, Status.OK], False, 1),
    ],
)
def test_exit_status(statuses: list[Status], strict: bool, exit_status: int):
    report = Report("lastchunk doctor", [Check("a", status, "") for status in statuses])

    assert report.exit(strict=strict) == exit_status
    report.interrupted = True
    assert report.exit(strict=strict) == 130


def test_document():
    report = Report("lastchunk doctor")
    for check in ALL:
        report.add(check)
    report.add(Detail("rungs", [{"name": "create", "chars": 3}]))
    document = report.as_dict()

    assert (document["schema"], document["lastchunk"]) == (SCHEMA, __version__)
    assert document["python"].keys() == {"version", "executable", "virtual_environment"}
    assert [check["status"] for check in document["checks"]] == ["ok", "warning", "problem", "skipped"]
    assert all(check.keys() == {"id", "status", "evidence", "remedy", "runbook"} for check in document["checks"])
    assert document["details"] == {"rungs": [{"name": "create", "chars": 3}]}
    assert (document["exit"], document["interrupted"]) == (1, False)
