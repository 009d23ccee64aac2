# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The cause that a provider's error names: the same wherever it stands."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lastchunk.semconv import Cause
from lastchunk.streams.provider_errors import cause_named_by, is_error_object
from tests.streams.error_words import SAID


@pytest.mark.parametrize(("said", "cause"), [(said, cause) for said, cause, _ in SAID])
def test_the_cause(said: Any, cause: Cause | None) -> None:
    """By itself, inside of an error object, in the body of an exception, and as an object of an SDK's."""
    assert cause_named_by(said) is cause
    assert cause_named_by({"error": said}) is cause
    assert cause_named_by(SimpleNamespace(status_code=400, body={"error": said})) is cause
    if isinstance(said, dict):
        assert cause_named_by(SimpleNamespace(**said)) is cause


@pytest.mark.parametrize("error", [None, 5, True, b"429", [], {}, object(), {"error": {"error": {"error": {}}}}])
def test_what_says_nothing(error: Any) -> None:
    assert cause_named_by(error) is None


def test_an_error_is_looked_at_within_bounds() -> None:
    """However long, wide or deep it is; even if it holds itself."""
    deep: dict[str, Any] = {"message": "x" * 10_000_000}
    deep["error"] = deep
    deep["errors"] = [deep] * 1000
    assert cause_named_by(deep) is None


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"error": {"message": "x"}}, True),
        ({"error": "x"}, True),
        ({"object": "error", "message": "x"}, True),
        ({"code": 50505, "message": "x"}, True),
        ({"error": None, "choices": []}, False),
        ({"code": 0, "message": "ok", "choices": [{}]}, False),
        ({"message": "x"}, False),
        ("error", False),
        (None, False),
    ],
)
def test_what_is_an_error(value: Any, error: bool) -> None:
    assert is_error_object(value) is error
