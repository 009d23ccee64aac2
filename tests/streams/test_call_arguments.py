# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of tool calls that come in pieces: whole, or cut anywhere."""

from __future__ import annotations

import json

import pytest

from lastchunk.streams.call_arguments import CallArguments

ARGUMENTS = json.dumps(
    {"city": 'the "old" \\ {town}\\', "closed": "}}]", "opened": "[{", "days": [1, {"of": "week"}], "none": {}}
)


def _cut(*pieces: object, call: object = 0) -> bool:
    arguments = CallArguments()
    for piece in pieces:
        arguments.came(piece, call)
    return arguments.cut


@pytest.mark.parametrize("end", range(1, len(ARGUMENTS)))
def test_cut_at_any_place(end: int) -> None:
    """Arguments are cut in a text, behind a backslash, between two fields; in one piece or letter by letter."""
    assert _cut(ARGUMENTS[:end])
    assert _cut(*ARGUMENTS[:end])


@pytest.mark.parametrize("at", range(len(ARGUMENTS)))
def test_whole_wherever_it_is_divided(at: int) -> None:
    assert not _cut(ARGUMENTS[:at], ARGUMENTS[at:])


@pytest.mark.parametrize("said", ["", None, {}, {"city": "Berlin"}, "{}", "null", " ", '""', "not JSON"])
def test_nothing_is_cut(said: object) -> None:
    """No arguments, an object that came whole, a text that is none of ours to judge."""
    assert not _cut(said)


def test_calls_are_told_apart() -> None:
    """The pieces of two calls, and of two choices, arrive in turns."""
    arguments = CallArguments()
    for piece, call, choice in (('{"a', 0, 0), ('{"b', 1, 0), ('"}', 0, 0), ('{"c', 0, 1), ('"}', 0, 1)):
        arguments.came(piece, call, choice)
    assert arguments.cut
    arguments.came('"}', 1)
    assert not arguments.cut


def test_two_calls_with_one_index() -> None:
    """Some servers give every call the index 0."""
    assert not _cut('{"a": 1}', '{"b": 2}')
    assert _cut('{"a": 1}', '{"b": ')


def test_no_more_than_so_many_calls_are_kept() -> None:
    arguments = CallArguments()
    for call in range(10_000):
        arguments.came("{}", call)
    assert len(arguments._calls or {}) <= 128
