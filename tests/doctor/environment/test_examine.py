# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""All checks together, as `lastchunk doctor` runs them, and the page that describes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lastchunk.doctor.environment import examine as environment
from lastchunk.doctor.environment import frameworks, packages, patches, starting
from lastchunk.doctor.environment.start import Started
from lastchunk.doctor.environment.trial import Result, Trial
from lastchunk.doctor.report.findings import SCHEMA, Check, Exit, Findings, Report, Status
from lastchunk.doctor.report.redact import HIDDEN, HOST

PAGE = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text("utf-8")


@pytest.fixture(name="found")
def _found(monkeypatch: pytest.MonkeyPatch) -> Findings:
    tried = [Trial("openai", ">= 1.66, < 4", "openai.resources", Result.APPLIED)]
    monkeypatch.setattr(patches, "trials", lambda: tried)
    monkeypatch.setattr(starting, "tried", lambda environ: Started())
    # Those of other frameworks, where these are installed, have a table of their own on the page (test_frameworks.py).
    monkeypatch.setattr(frameworks, "checks", lambda environ, everything: iter(()))
    return environment.findings({"OTEL_SERVICE_NAME": "a"}, offline=True, timeout=1)


def ids(found: Findings) -> list[str]:
    names = [check.id for check in found if isinstance(check, Check)]
    return ["patches.LIBRARY" if name.startswith("patches.") else name for name in names]


def test_the_page_names_every_check_in_its_order(found: Findings):
    table = PAGE.partition("## The checks")[2].partition("### ")[0]

    assert re.findall(r"^\| `(\S+)` \|", table, re.MULTILINE) == ids(found)


def test_the_page_shows_the_document():
    (shown,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    assert re.findall(r'^  "(\w+)":', shown, re.MULTILINE) == list(Report("").as_dict())
    assert f'"schema": {SCHEMA},' in shown


def test_the_page_names_every_exit_status():
    named = [status for row in re.findall(r"^\| (\d+(?:, \d+)*) \|", PAGE, re.MULTILINE) for status in row.split(", ")]
    assert named == [str(int(status)) for status in Exit]


def test_the_page_says_what_stands_in_the_place_of_what_is_hidden():
    assert f"`{HIDDEN}`" in PAGE
    assert f"`{HOST}`" in PAGE


def test_a_check_that_fails_does_not_take_the_others_with_it(found: Findings, monkeypatch: pytest.MonkeyPatch):
    def fails(*args: object) -> Check:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(packages, "owner", fails)
    checks = [check for check in found if isinstance(check, Check)]
    (failed,) = (check for check in checks if check.id == "packages")

    assert failed.status is Status.WARNING
    assert re.fullmatch(r"ZeroDivisionError in test_examine.py, line \d+: this is a bug .*", failed.evidence)
    assert checks[-1].id == "otlp.logs"
