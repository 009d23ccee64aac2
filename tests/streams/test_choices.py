# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A finish reason counts only at the end of the stream, and each choice needs its own."""

from __future__ import annotations

import pytest

from lastchunk.semconv import ChunkKind, LastEvent
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.wire import Wire

TEXT = "text"
DONE = "[DONE]"
COMPLETE, LENGTH = {Finish.COMPLETE}, {Finish.LENGTH}


def _wire(*came: str | tuple[str, str] | tuple[int, str]) -> Wire:
    """Text, a finish reason, both in one chunk, either for a choice by its index, or the end marker."""
    wire = Wire()
    for what in came:
        choice, said = (what[0], what[1]) if isinstance(what, tuple) and isinstance(what[0], int) else (0, what)
        both = isinstance(said, tuple)
        if said == TEXT or both:
            wire.content(ChunkKind.TEXT, 1.0, choice)
        if said == DONE:
            wire.end_marker_came()
        elif said != TEXT:
            wire.finished(said[1] if both else str(said), choice, with_content=both)
    return wire


EACH = (TEXT, "stop")
"""A chunk with content that says `stop`."""


@pytest.mark.parametrize(
    ("came", "finish", "complete"),
    [
        ([TEXT, "stop"], COMPLETE, True),
        ([EACH], COMPLETE, True),
        ([TEXT, "null"], set(), False),
        (["", TEXT, "None", TEXT], set(), False),
        ([TEXT, "null", DONE], set(), True),
        ([TEXT, "stop", TEXT], set(), False),
        ([TEXT, "stop", TEXT, "stop"], COMPLETE, True),
        ([TEXT, "stop", TEXT, DONE], COMPLETE, True),
        ([TEXT, "length", TEXT, "stop"], COMPLETE, True),
        ([TEXT, "length", "stop"], LENGTH | COMPLETE, True),
        ([EACH, EACH, EACH], set(), False),
        ([EACH, EACH, EACH, DONE], COMPLETE, True),
        ([EACH, EACH, "stop"], COMPLETE, True),
        ([EACH, EACH, (TEXT, "length")], LENGTH, True),
        ([(0, TEXT), (1, TEXT), (0, "stop"), (1, TEXT)], set(), False),
        ([(0, TEXT), (1, TEXT), (0, "stop"), (1, TEXT), DONE], set(), False),
        ([(0, TEXT), (1, TEXT), (0, "stop"), (1, TEXT), (1, "length")], LENGTH | COMPLETE, True),
        ([(1, TEXT), (1, "stop")], COMPLETE, True),
        ([(0, TEXT), (1, TEXT), DONE], set(), True),
        ([TEXT, DONE], set(), True),
        ([TEXT], set(), False),
    ],
)
def test_what_stands_at_the_end(came: list, finish: set[Finish], complete: bool) -> None:
    """Content takes a finish reason back, unless another comes, or the end marker."""
    wire = _wire(*came)
    assert wire.finish == finish
    assert wire.complete is complete


def test_a_placeholder_is_no_finish() -> None:
    """It is not the last event, either. A reason that was taken back is still shown."""
    assert _wire(TEXT, "null").last_event is ChunkKind.TEXT
    assert _wire(TEXT, "null").finish_raw is None
    assert _wire(TEXT, "stop").last_event is LastEvent.FINISH
    assert _wire(TEXT, "stop", TEXT).finish_raw == "stop"


def test_choices_are_bounded() -> None:
    """The number of choices is bounded, however many a backend sends."""
    wire = Wire()
    for index in range(10_000):
        wire.content(ChunkKind.TEXT, 1.0, index)
        wire.finished("stop", index)
    assert len(wire.choices._by_index) <= 128
    assert wire.finish == COMPLETE


@pytest.mark.parametrize(
    ("counts", "input_tokens", "output_tokens"),
    [
        ([(11, 7), (0, 0)], 11, 7),
        ([(1, 1), (11, 7)], 11, 7),
        ([(0, 0)], 0, 0),
        ([(11, 7), (None, None)], 11, 7),
        ([(True, "7")], None, None),
    ],
)
def test_usage(counts: list, input_tokens: int | None, output_tokens: int | None) -> None:
    """The last counts, but zeros after numbers are no report."""
    wire = Wire()
    for count in counts:
        wire.usage(*count)
    assert (wire.input_tokens, wire.output_tokens) == (input_tokens, output_tokens)
