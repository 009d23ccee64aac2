# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The finish reasons of one stream, one per choice. They count only at the end, when it is known what came after them."""

from __future__ import annotations

from lastchunk.streams.finish_reasons import Finish, meanings, says_unfinished

_LAST = 127
"""The last index that is told apart from those above it; OpenAI's API allows 128 choices."""


class _Choice:
    __slots__ = ("finish", "raw", "said_at", "taken_back")

    def __init__(self) -> None:
        self.finish: frozenset[Finish] = frozenset()
        self.raw: str | None = None
        self.said_at = -1
        """How many pieces of content of this choice had come with, or before, its last finish reason."""
        self.taken_back: str | None = None
        """A finish reason after which content came: when it comes with content, it says nothing."""


class Choices:
    """The finish reasons and contents of one stream's choices. Nearly every stream has one choice."""

    __slots__ = ("_by_index", "_others", "unfinished")

    def __init__(self) -> None:
        self._by_index: dict[int, _Choice] = {}
        self._others: dict[int, int] | None = None
        """Pieces of content of each choice but the first."""
        self.unfinished = False
        """A placeholder said that there is more to come, and nothing has said the opposite since."""

    def content(self, index: int) -> None:
        """Content came for a choice that is not the first."""
        self._others = self._others or {}
        index = min(index, _LAST)
        self._others[index] = self._others.get(index, 0) + 1

    def finished(self, raw: str, index: int, content_chunks: int, *, with_content: bool) -> bool:
        """Note a finish reason of a choice, after `content_chunks` chunks in all. Return False if it is a placeholder."""
        said = meanings(raw)
        self.unfinished = says_unfinished(raw)
        if not said:
            return False
        index = min(index, _LAST)
        choice = self._by_index.setdefault(index, _Choice())
        count = self._count(index, content_chunks)
        if choice.raw is not None and count > choice.said_at:
            choice.taken_back, choice.raw, choice.finish = choice.raw, None, frozenset()
        if choice.raw is None:
            choice.raw = raw
        choice.finish |= said
        # What it said before, and content came after it, it says of a piece of the answer, and not of its end.
        choice.said_at = -1 if with_content and raw == choice.taken_back else count
        return True

    def meanings(self, content_chunks: int, *, end_marker: bool) -> frozenset[Finish]:
        """Return the meanings of the finish reasons that stand. Empty if one choice has none, and another one has."""
        standing: frozenset[Finish] = frozenset()
        for index, choice in self._by_index.items():
            if not end_marker and self._count(index, content_chunks) > choice.said_at:
                return frozenset()
            standing |= choice.finish
        return standing if standing and not self.one_lacks(content_chunks) else frozenset()

    def one_lacks(self, content_chunks: int) -> bool:
        """Whether one choice has a finish reason, and another one has content and none."""
        if not self._by_index:
            return False
        begun = set(self._others or ())
        if self._count(0, content_chunks):
            begun.add(0)
        return not begun <= self._by_index.keys()

    @property
    def raw(self) -> str | None:
        """The first finish reason, as it came on the wire."""
        return next((choice.raw for choice in self._by_index.values() if choice.raw is not None), None)

    def _count(self, index: int, content_chunks: int) -> int:
        others = self._others or {}
        return others.get(index, 0) if index else content_chunks - sum(others.values())
