# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the stream whose answer a run returns, by the text's size and hash, without keeping the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lastchunk.streams.chunks import size_of_text

_SHARE = 0.5
"""A text that is not handed on as it came (with a greeting, without spaces at its ends) is still this much of what is."""


@dataclass(slots=True)
class Answer:
    """The answer of a stream, by its size and hash."""

    size: int
    """In bytes, UTF-8."""
    digest: int | None = None
    """Python's own hash, which only this process can make; None where the text was never seen in one piece."""


def answer_of(text: object) -> Answer | None:
    """Return the answer that is `text`. None if that is no text."""
    return Answer(size_of_text(text), hash(text)) if type(text) is str and text else None


def behind_answer(answer: Answer | None, given: Sequence[Answer | None]) -> int | None:
    """The index of that among `given`, in order of time, which became `answer`; None if none can have.

    The last that is the same text, else the last that makes up the most part of it.
    """
    if answer is None:
        return None
    part: int | None = None
    for index in range(len(given) - 1, -1, -1):
        other = given[index]
        if other is None:
            continue
        if other.size == answer.size and (other.digest is None or other.digest == answer.digest):
            return index
        if part is None and _SHARE * answer.size <= other.size <= answer.size:
            part = index
    return part
