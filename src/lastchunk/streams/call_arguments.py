# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The arguments of a stream's tool calls, JSON that comes in pieces: whether they are whole. Nothing of them is kept."""

from __future__ import annotations

import re

_MARKS = re.compile(r"""\\.?|["{}\[\]]""", re.DOTALL)
_MOST = 128
"""At most so many calls of one answer are told apart; later ones are ignored."""


class CallArguments:
    """How deep within brackets and texts the arguments of each call are. Nearly every stream has none."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[tuple[int, int], _Nesting] | None = None

    def came(self, piece: object, call: object = 0, choice: int = 0) -> None:
        """Read a piece of a call's arguments. Anything that is no text, such as a whole object, is ignored."""
        if not isinstance(piece, str) or not piece:
            return
        self._calls = {} if self._calls is None else self._calls
        which = (choice, call if isinstance(call, int) else 0)
        nesting = self._calls.get(which)
        if nesting is None:
            if len(self._calls) >= _MOST:
                return
            nesting = self._calls[which] = _Nesting()
        nesting.came(piece)

    @property
    def cut(self) -> bool:
        """Whether the arguments of a call stop in the middle, so that nobody can read them."""
        return any(nesting.inside for nesting in (self._calls or {}).values())


class _Nesting:
    __slots__ = ("_depth", "_escaped", "_in_text")

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = self._escaped = False

    @property
    def inside(self) -> bool:
        """Whether a bracket or a text is open."""
        return self._in_text or self._depth > 0

    def came(self, piece: str) -> None:
        """Read what comes next."""
        begin, self._escaped = int(self._escaped), False
        for mark in _MARKS.findall(piece, begin):
            if mark[0] == "\\":
                self._escaped = len(mark) == 1
            elif mark == '"':
                self._in_text = not self._in_text
            elif not self._in_text:
                self._depth += 1 if mark in "{[" else -1
