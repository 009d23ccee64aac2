# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every value from other code is bounded, printable and encodable before it leaves, or does not leave."""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastchunk import foreign

ALPHABET = st.sampled_from("aZ09_.:/@+=~- \n\t\x1b\x00é漢\ud800\udfff\u2028\ufeff")
TEXT = st.text(ALPHABET, max_size=300)
"""Not every character there is: what hypothesis has to learn for that takes longer than all of these tests."""


class Model(StrEnum):
    """A model's name as an enumeration, as applications write it."""

    SMALL = "gpt-small"


class Tokens(IntEnum):
    """A number with a name, as an enumeration."""

    SEVEN = 7


@given(TEXT)
def test_a_text_of_the_application(said: str) -> None:
    """One line, of bounded length, that every exporter can encode; what is harmless stays as it is."""
    shown = foreign.text(said)
    shown.encode()
    assert shown.isprintable()
    assert len(shown) <= foreign.LONGEST
    if said.isprintable() and len(said) <= foreign.LONGEST:
        assert shown == said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("gpt\ud800", "gpt�"),
        ("two\n  lines\tand more", "two lines and more"),
        ("red \x1b[31m", "red �[31m"),
        ("漢字 größe", "漢字 größe"),
        (Model.SMALL, "gpt-small"),
        ("g" * 1_000_000, "g" * 255 + "…"),
        (None, ""),
        (b"gpt", ""),
        (5, ""),
    ],
)
def test_texts(said: object, shown: str) -> None:
    assert foreign.text(said) == shown
    assert type(foreign.text(said)) is str


@given(TEXT | st.text(st.sampled_from("aZ09_.-:/"), min_size=60, max_size=130))
def test_no_text_of_a_server_passes_for_a_name(said: str) -> None:
    """The user's answer may stand wherever a server can write."""
    expected: dict[str, Any] = {}
    for rule, pattern in (
        ("word", r"(?=.{1,64}\Z)[A-Za-z0-9_.\-]+(: ?[A-Za-z0-9_.\-]+)?"),
        ("name", r"[A-Za-z0-9_.:/@+=~\-]{1,128}"),
    ):
        expected[rule] = (said if re.fullmatch(pattern, said) else "_OTHER") if said else None
    assert {"word": foreign.word(said), "name": foreign.name(said)} == expected


@pytest.mark.parametrize("said", ["stop\n", "a b", "a" * 65, "größe", "the user said: hello", "\ud800"])
def test_what_is_no_word(said: str) -> None:
    """The line feed is the usual mistake: `$` in a regular expression would let it through."""
    assert foreign.word(said) == "_OTHER"


def test_a_word_may_have_a_prefix() -> None:
    """Gemini's compatible endpoint writes finish reasons with a prefix."""
    said = "function_call_filter: MALFORMED_FUNCTION_CALL"
    assert foreign.word(said) == said


@pytest.mark.parametrize(
    "said", ["gpt-5.1", "meta-llama/Llama-3.1:8b", "accounts/a/models/m@2025", "chatcmpl-9xY_z", "resp+ab/c=="]
)
def test_what_is_a_name(said: str) -> None:
    """As models and answers are called by those who serve them."""
    assert foreign.name(said) == said


@pytest.mark.parametrize("said", [None, "", 5, b"stop", ["stop"], {"stop": 1}])
def test_a_server_that_says_nothing(said: object) -> None:
    assert (foreign.word(said), foreign.name(said)) == (None, None)


@pytest.mark.parametrize(
    ("said", "count"),
    [
        *((number, number) for number in (0, 1, 2**53 - 1)),
        *((number, None) for number in (-1, 2**53, 2**63, 10**400, True, False, 1.0, "1", None, [1], float("nan"))),
        (Tokens.SEVEN, 7),
    ],
)
def test_counts(said: object, count: int | None) -> None:
    """A number that a backend cannot hold loses a whole export."""
    assert foreign.count(said) == count
    assert type(foreign.count(said)) is type(count)


class Unequal:
    """Raises whatever is done with it."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __str__ = __repr__ = __hash__ = __eq__  # type: ignore[assignment]


def test_names_of_classes() -> None:
    """Names that a program made up are bounded, too."""
    assert foreign.class_name(ValueError) == "ValueError"
    assert foreign.class_name(Model) == f"{__name__}.Model"
    made_up = type("E", (Exception,), {"__qualname__": "E\ud800" + "e" * 1000})
    assert foreign.class_name(made_up).startswith("tests.test_foreign.E�e")

    class Hostile(type):
        def __getattribute__(cls, name: str) -> object:
            raise RuntimeError(name)

    assert foreign.class_name(Hostile("X", (), {"__module__": "m"})) == "m.X"
    assert foreign.own_name(Hostile("X", (), {})) == "X"


@pytest.mark.parametrize("module", [None, 7, Unequal(), b"m"])
def test_a_class_whose_module_is_no_text(module: object) -> None:
    """An application may write anything there; the class of an exception is read at the end of its stream."""
    assert foreign.class_name(type("E", (Exception,), {"__module__": module})) == "_OTHER"
