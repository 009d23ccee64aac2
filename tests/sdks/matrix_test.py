# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the matrix of endings that are the SDKs' of Mistral and Google: the same ways to end, the same expectations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.endings import rows_gemini, rows_mistral
from tests.endings.drive import Performance, perform
from tests.endings.table import Row
from tests.endings.test_matrix import with_chances

pytestmark = pytest.mark.timeout(300)
"""The first row performs them all."""

ROWS = [*rows_mistral.ROWS, *rows_gemini.ROWS]
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
