# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a stream's ending into the span that the patched library makes for it, instead of making a second one."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any

import wrapt


class LentSpan(wrapt.ObjectProxy[Any] if TYPE_CHECKING else wrapt.ObjectProxy):
    """The library's span as the library holds it: once a stream has it, it ends when the ending is written into it.

    The library may ask for the end first, in a finaliser of its own even: that is noted, with its time. A span that no stream
    has, because nobody read it, ends as it always did.
    """

    def __init__(self, span: Any) -> None:
        super().__init__(span)
        self._self_taken = False
        self._self_asked: int | None = None
        self._self_over = False

    def take(self) -> None:
        """A stream began whose span this is."""
        self._self_taken = True

    def end(self, end_time: int | None = None) -> None:
        """The library asks for the end; nanoseconds since the epoch, now by default."""
        if self._self_taken:
            self._self_asked = end_time or time_ns()
        elif not self._self_over:
            self._self_over = True
            self.__wrapped__.end(end_time)

    def filled(self, at: int, *, now: bool) -> None:
        """The ending stands in it. `now`: the library is not waited for, because the process ends `at` this time."""
        self._self_taken = False
        if self._self_asked is not None or now:
            self.end(self._self_asked or at)
