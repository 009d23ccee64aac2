# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a provider's finish reason means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastchunk.streams.finish_reasons import Finish, meaning


@pytest.mark.parametrize(
    ("raw", "means"),
    [
        *((raw, Finish.COMPLETE) for raw in ("stop", "STOP", "tool_calls", "function_call", "eos", "end_turn", "load")),
        *((raw, Finish.LENGTH) for raw in ("length", "max_tokens", "MAX_TOKENS", "model_context_window_exceeded")),
        *((raw, Finish.CONTENT_FILTER) for raw in ("content_filter", "content-filter", "refusal", "SAFETY")),
        *((raw, Finish.ERROR) for raw in ("error", "insufficient_system_resource")),
        (" length ", Finish.LENGTH),
    ],
)
def test_meaning(raw: str, means: Finish) -> None:
    """Whatever the dialect; and whoever says something that nobody knows has finished."""
    assert meaning(raw) is means


TEXT = st.text(st.sampled_from("aZ09_.- \n\té漢\ud800"), max_size=70)
"""Not every character there is: what hypothesis has to learn for that takes longer than all of these tests."""


@given(TEXT)
def test_every_text_means_something(raw: str) -> None:
    """A finish reason is the provider's, so it can be anything."""
    assert isinstance(meaning(raw), Finish)
