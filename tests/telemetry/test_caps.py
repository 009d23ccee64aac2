# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The limit to the values of one metric attribute."""

from __future__ import annotations

import pytest

from lastchunk.semconv import OTHER
from lastchunk.telemetry.caps import LIMIT, Cap


def test_the_first_values_pass_and_go_on_passing(caplog: pytest.LogCaptureFixture) -> None:
    cap = Cap("gen_ai.request.model")
    values = [f"model-{number}" for number in range(LIMIT)]
    assert [cap(value) for value in values] == values
    assert not caplog.messages
    assert cap("one-too-many") == OTHER
    assert [cap(value) for value in values] == values
    caplog.clear()


def test_one_warning_names_the_attribute_and_no_value(caplog: pytest.LogCaptureFixture) -> None:
    cap = Cap("gen_ai.request.model", limit=1)
    cap("known")
    for number in range(5):
        assert cap(f"chosen-by-a-user-{number}") == OTHER
    (message,) = caplog.messages
    assert "gen_ai.request.model" in message
    assert "chosen-by-a-user" not in message
    caplog.clear()


def test_values_beyond_the_limit_are_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    cap = Cap("gen_ai.request.model", limit=2)
    for number in range(1000):
        cap(str(number))
    assert len(cap._known) == 2
    caplog.clear()
