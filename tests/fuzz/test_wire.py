# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Real SDKs and AutoGen read random answers over real sockets: what the application sees is what it sees without Lastchunk.

`make fuzz ARGS="wire"` does the same from fresh seeds, and with servers that fall silent, where a clock has a say.
"""

from __future__ import annotations

import pytest

from fuzz.wire.case import some_seeds
from fuzz.wire.differences import differences

FOUND = (
    16,  # a call that ollama's own models refuse: a frame of ours stood in the traceback
    299,  # a forgotten stream of ollama's, whose close the loop cancelled before it began: it was closed halfway
    1159,  # a body that is read past its stream, and raises: a frame of ours stood in the traceback
    1304,  # a stream that was forgotten: its own close counted as a step that began after its end
    704061,  # a body that is read twice: a frame of ours stood in the traceback
    704901,  # the same, where the body cannot be decompressed
    705275,  # the same, where a copy is refused
    700619,  # a cancel while the body of a response was closed: a frame of ours stood in the traceback
)
"""Seeds of cases that once differed, or emitted what they must not."""

SEEDS = [*FOUND, *some_seeds(120)]


@pytest.mark.timeout(300)
def test_random_answers_to_random_consumers() -> None:
    """Nothing differs, every stream has one ended span, and nothing that is emitted is content, or cannot be encoded."""
    assert differences(SEEDS) == []
