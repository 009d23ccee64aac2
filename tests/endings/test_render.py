# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""docs/endings.md is the matrix."""

from __future__ import annotations

from tests.endings.render import PATH, render


def test_the_document_is_current() -> None:
    """After a change of rows: `python -m tests.endings.render`."""
    assert PATH.read_text() == render()
