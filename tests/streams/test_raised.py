# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An exception is known again while it lives, is not kept alive, and looks as it did."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import pytest

from lastchunk.streams.raised import Raised, behind


class Own(Exception):
    """An exception class of the application."""


class Slotted(Exception):
    """An exception class without weak references."""

    __slots__ = ()


KINDS = [Own, Slotted, ConnectionResetError, TimeoutError, OSError, KeyError, RuntimeError]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_known_again(kind: type[Exception]) -> None:
    error = kind("text")
    assert Raised(error).was(error)
    assert Raised(error).was(error), "twice: it left two streams"
    assert not Raised(error).was(kind("text"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_one_at_its_address_is_another(kind: type[Exception]) -> None:
    raised = [Raised(kind("text")) for _ in range(200)]
    gc.collect()
    others = [kind("text") for _ in range(400)]
    assert not any(one.was(other) for one in raised for other in others)


def test_nothing_is_kept_alive() -> None:
    class Held:
        """An object that the application attaches to its exception."""

    held = Held()
    error = ConnectionResetError("text")
    error.held = held  # type: ignore[attr-defined]
    raised = Raised(error)
    gone = weakref.ref(held)
    del error, held
    assert gone() is None
    assert not raised.was(ConnectionResetError("text"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_exception_is_as_it_was(kind: type[Exception]) -> None:
    bare, watched = kind("text"), kind("text")
    for error in (bare, watched):
        error.add_note("a note")
    Raised(watched)
    watched.more = 1  # type: ignore[attr-defined]
    bare.more = 1  # type: ignore[attr-defined]
    assert vars(watched) == vars(bare)
    for again in (copy.copy(watched), copy.deepcopy(watched), pickle.loads(pickle.dumps(watched))):
        assert (type(again), again.args, vars(again)) == (type(bare), bare.args, vars(bare))
    assert b"lastchunk" not in pickle.dumps(ConnectionResetError("text"))
    error = ConnectionResetError("text")
    Raised(error)
    assert b"lastchunk" not in pickle.dumps(error)


def test_what_lies_behind_an_exception() -> None:
    """Causes, contexts, and what is in a group; each once, however they point at each other."""
    first, second, third = KeyError(), OSError(), TimeoutError()
    group = ExceptionGroup("two", [first, second])
    third.__context__ = group
    first.__cause__ = third
    assert list(behind(third)) == [third, group, first, second]
