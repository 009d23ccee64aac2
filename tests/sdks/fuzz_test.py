# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The SDKs of Google and Mistral read random answers over real sockets: what the application sees is what it sees without us."""

from __future__ import annotations

import pytest

from fuzz.wire.case import some_seeds
from fuzz.wire.differences import differences

FOUND = {
    "google": (),
    "mistral": (
        720055,  # a name that a stream does not have: a frame of ours stood in the traceback
        721009,  # a copy of a stream: what stood in the response could not be pickled
    ),
}
"""Seeds of cases that once differed, by family."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("family", FOUND)
def test_random_answers_to_random_consumers(family: str) -> None:
    """Nothing differs, every stream has one ended span, and nothing that is emitted is content, or cannot be encoded."""
    assert differences([*FOUND[family], *some_seeds(40, family)], family) == []
