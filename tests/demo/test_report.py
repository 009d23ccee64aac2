# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The table at the end of the tour."""

from __future__ import annotations

import pytest

from lastchunk.demo.report import Finding, show
from lastchunk.demo.tour import Stop

FOUND = [
    Finding(Stop("guide", "nothing"), "completed", None, "TextMessage of 9 characters"),
    Finding(
        Stop("gateway", "a cut"),
        "truncated",
        "unknown",
        "TextMessage of 4 characters",
        "raises StreamCutOff: truncated",
    ),
    Finding(Stop("line", "a broken line"), "connection_lost", "connection_lost", "raises APIConnectionError"),
    Finding(Stop("hasty", "a break"), "abandoned", "partial_consumption", "nothing: the application had left"),
    Finding(Stop("button", "a cancel"), "cancelled", "cancelled_by_application", "raises CancelledError"),
]


def test_what_went_wrong_and_what_nobody_was_told():
    assert [finding.wrong for finding in FOUND] == [False, True, True, True, False]
    assert [finding.silent for finding in FOUND] == [False, True, False, False, False]


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 160])
def test_the_table_fits(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "25")

    show(FOUND)
    text = capsys.readouterr().out

    assert max(map(len, text.splitlines())) <= columns
    assert "3 of these 5 streams went wrong. 1 of them gave" in " ".join(text.split())
    assert "truncated: unknown" in " ".join(text.split())
    assert "guide: nothing" in text


def test_each_stream_has_its_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for name in ("FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    show(FOUND)
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    assert "guide: nothing completed TextMessage of 9 characters" in rows
    assert "line: a broken line connection_lost: connection_lost raises APIConnectionError" in rows
    assert "The connection broke in mid-stream" in rows
    assert "gateway: raises StreamCutOff: truncated" in rows
