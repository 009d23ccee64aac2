# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The counts of instructions: when a line fails the reviewer's check, and what is said where nothing can be counted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks import instructions

LINE = "`create_stream` in process, a chunk"


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history with one entry: a chunk adds 1,000 instructions."""
    file = tmp_path / "instructions.json"
    file.write_text(json.dumps({instructions.PYTHON: [{"date": "2026-01-01", "instructions": {LINE: [500, 1500]}}]}))
    monkeypatch.setattr(instructions, "HISTORY", file)
    monkeypatch.setattr(shutil, "which", lambda command: f"/usr/bin/{command}")
    return file


@pytest.mark.parametrize(("added", "met"), [(900, True), (1050, True), (1051, False)])
def test_five_percent_more_than_the_history_fails(
    history: Path, monkeypatch: pytest.MonkeyPatch, added: int, met: bool
) -> None:
    monkeypatch.setattr(instructions, "count_all", lambda: {LINE: [400, 400 + added]})
    assert [row.met for row in instructions.rows(keep=False)] == [met]


@pytest.mark.parametrize(("added", "met"), [(-5000, True), (0, True), (1, False)])
def test_a_chunk_over_http_differs_by_half_a_percent_from_count_to_count(
    history: Path, monkeypatch: pytest.MonkeyPatch, added: int, met: bool
) -> None:
    """It may also take less than without Lastchunk."""
    history.write_text(
        json.dumps({instructions.PYTHON: [{"date": "2026-01-01", "instructions": {LINE: [1_000_000, 995_000]}}]})
    )
    monkeypatch.setattr(instructions, "count_all", lambda: {LINE: [990_000, 990_000 + added]})
    assert [row.met for row in instructions.rows(keep=False)] == [met]


def test_what_was_counted_is_kept_on_demand(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "count_all", lambda: {LINE: [400, 3400]})
    instructions.rows(keep=True)
    entries = json.loads(history.read_text())[instructions.PYTHON]
    assert [entry["instructions"][LINE] for entry in entries] == [[500, 1500], [400, 3400]]


def test_without_valgrind_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda command: None)
    (row,) = instructions.rows(keep=True)
    assert "valgrind is not installed" in row.measured
    assert row.met is None


def test_the_history_in_the_repository_can_be_read() -> None:
    history = json.loads(instructions.HISTORY.read_text())
    assert history
    for entries in history.values():
        assert all(off > 0 < on for entry in entries for off, on in entry["instructions"].values())
