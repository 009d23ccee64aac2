# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The classic API above random answers over real sockets: what the application sees is what it sees without Lastchunk."""

from __future__ import annotations

import pytest

from fuzz.wire.case import some_seeds
from fuzz.wire.differences import differences


@pytest.mark.timeout(300)
def test_random_answers() -> None:
    """Nothing differs, every stream has one ended span, and nothing that is emitted is content, or cannot be encoded."""
    assert differences(some_seeds(30, "classic"), "classic") == []
