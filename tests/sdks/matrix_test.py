# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the matrix of endings that are the SDKs' of Mistral and Google: the same ways to end, the same expectations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mistralai.client.utils.eventstreaming import httpx

from lastchunk.semconv import Cause
from tests.endings import rows_gemini, rows_mistral
from tests.endings.drive import Performance, perform
from tests.endings.table import Row
from tests.endings.test_matrix import with_chances

pytestmark = pytest.mark.timeout(300)
"""The first row performs them all."""

OLD_NAMES = {"httpx2.": "httpx.", "mistralai.ResponseValidationError": "pydantic_core.ValidationError"}
"""What the exceptions of mistralai 2 are called. Its stream has no `aclose`."""


def _of_mistralai_2(row: Row) -> Row:
    """The row as mistralai 2 performs it. A chunk that its classes do not know is pydantic's error, and says nothing more."""
    also = {name: _older(value) if isinstance(value, str) else value for name, value in row.also.items()}
    cause = Cause.PACKAGE_MISMATCH if row.way == "null_chunk" else row.cause
    return replace(row, sees=_older(row.sees), also=also, cause=cause)


def _older(text: str) -> str:
    for name, older in OLD_NAMES.items():
        text = text.replace(name, older)
    return text


MISTRAL = (
    rows_mistral.ROWS
    if httpx.__name__ == "httpx2"
    else [_of_mistralai_2(row) for row in rows_mistral.ROWS if row.way != "aclose"]
)
ROWS = [*MISTRAL, *rows_gemini.ROWS]
Both = tuple[Performance, Performance]


@pytest.fixture(scope="module", name="performances")
def _performances(exporter: Any) -> Both:
    cases = [row.case for row in ROWS]
    return perform(cases, observed=False), perform(cases, observed=True)


@pytest.fixture(scope="module", name="wrong")
def _verdicts(performances: Both) -> dict[str, list[str]]:
    return with_chances(ROWS, *performances).wrong


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: Row, wrong: dict[str, list[str]]) -> None:
    """The span is what the row says, and the application saw what it sees without us."""
    assert wrong[row.id] == []


def test_nothing_is_left_behind(performances: Both) -> None:
    """No stream is open, nothing of ours failed, and nothing could not be raised because of us."""
    _, observed = performances
    assert observed.open == 0
    assert observed.failures == []
    assert [line for line in observed.unraisable if "lastchunk" in line] == []
