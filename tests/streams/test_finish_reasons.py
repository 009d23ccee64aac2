# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a provider's finish reason means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastchunk.streams.finish_reasons import Finish, meanings, says_context_full
from tests.streams.finish_words import WORDS


@pytest.mark.parametrize(("raw", "means"), [(raw, means) for raw, means, _ in WORDS])
def test_meaning(raw: str, means: Finish | None) -> None:
    """Every known word has its meaning, whatever its case and its separators."""
    for spelled in (raw, raw.upper(), raw.lower(), raw.replace("_", "-"), raw.replace("_", " "), f" {raw}\n"):
        assert meanings(spelled) == ({means} if means is not None else set())


@pytest.mark.parametrize("raw", ["model_context_window_exceeded", "CONTEXT_LENGTH"])
def test_a_full_context_is_not_a_full_answer(raw: str) -> None:
    """A larger `max_tokens` does not help if the context is full."""
    assert says_context_full(raw)
    assert not says_context_full("max_tokens")


TEXT = st.text(st.sampled_from("aZ09_.-: \n\té漢\ud800"), max_size=70)
"""Not every character there is: what hypothesis has to learn for that takes longer than all of these tests."""


@given(TEXT)
def test_every_text_means_something(raw: str) -> None:
    """A finish reason comes from the provider, so it can be any text."""
    assert meanings(raw) <= set(Finish)
