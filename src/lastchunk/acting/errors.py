# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The exceptions that `guard` raises."""

from __future__ import annotations

from typing import Any

from lastchunk.streams import raised
from lastchunk.streams.ending import Ending


class StreamCutOff(Exception):
    """The stream ended without an error, but the answer is not complete.

    It is raised after the last item. Its text contains nothing of the answer.
    """

    ending: Ending
    """Why the stream ended, the probable cause, and what to do (`ending.remedy`)."""
    items: int
    """The number of items that the guard handed out."""
    answered: bool
    """Whether a part of the model's answer had come. If False, a retry repeats nothing."""

    def __init__(self, ending: Ending, items: int, answered: bool = True) -> None:
        super().__init__(ending, items, answered)
        self.ending = ending
        self.items = items
        self.answered = answered
        raised.keep(self, raised.Ended(ending, answered, by_guard=True))

    def __str__(self) -> str:
        return (
            f"The answer was cut off after {_counted(self.items)}: {_named(self.ending)}. {self.ending.remedy}".rstrip()
        )


class StreamStalled(StreamCutOff):
    """No content came for too long, so the guard closed the stream."""

    silence: float
    """The limit that was exceeded, in seconds: `first` or `stall` of the guard."""

    def __init__(self, ending: Ending, items: int, answered: bool, silence: float) -> None:
        super().__init__(ending, items, answered)
        self.args = (ending, items, answered, silence)
        self.silence = silence

    def __str__(self) -> str:
        waited = f"No content came for {self.silence:g} s after {_counted(self.items)}, so the stream was closed"
        return f"{waited}: {_named(self.ending)}. {self.ending.remedy}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args


def _counted(items: int) -> str:
    return f"{items} {'item' if items == 1 else 'items'}"


def _named(ending: Ending) -> str:
    return f"{ending.reason} ({ending.cause})" if ending.cause is not None else str(ending.reason)
