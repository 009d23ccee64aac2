# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Removes Lastchunk's frames from the traceback of an exception that passes through it.

Applications write tracebacks into logs and messages (a team of AutoGen's puts one into the text of its error). Frames that only
pass on say nothing. Nothing is hidden by this: errors of our own are not raised, but reported with their place (`own_errors`).
"""

from __future__ import annotations

from types import TracebackType

from lastchunk.own_errors import report
from lastchunk.streams.shapes import members

_OURS = ("lastchunk.streams.", "lastchunk.patches.")
_DEEPEST = 20
"""At most so many exceptions of one chain are read."""


def passed_on(error: BaseException) -> None:
    """Take our frames out of the traceback of `error`, and of those it came from; a bare `raise` is to follow."""
    try:
        _look_through(error)
    except Exception as exc:
        report("cleaning the traceback of an exception", exc)


class _NoFrameOfOurs:
    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            passed_on(error)


no_frame_of_ours = _NoFrameOfOurs()
"""`with no_frame_of_ours:` around what a library does: what it raises is `passed_on`."""


def _look_through(error: BaseException) -> None:
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _DEEPEST:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        if link.__traceback__ is not None:
            link.__traceback__ = _without_ours(link.__traceback__)
        waiting += [above for above in (link.__cause__, link.__context__) if above is not None]
        waiting += members(link)


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    first = traceback = _next_of_others(traceback)
    while traceback is not None:
        following = _next_of_others(traceback.tb_next)
        if following is not traceback.tb_next:
            traceback.tb_next = following
        traceback = following
    return first


def _next_of_others(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and str(traceback.tb_frame.f_globals.get("__name__", "")).startswith(_OURS):
        traceback = traceback.tb_next
    return traceback
