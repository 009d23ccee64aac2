# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Decides whether a silence before a break was an idle timeout, or the connection broke by chance at that moment.

A timeout fires after a silence that is long for this stream. A crash comes at any moment, and nearly always in a short
silence: whoever crashes does not wait for a long one. `scripts/idle_timeouts.py` says how often this rule is right.
"""

from __future__ import annotations

from lastchunk.streams.timeouts import OF_THE_CLIENT, ON_THE_WAY, owners

SHORTEST = 4.5
"""Seconds. No timeout of a silence is known that is shorter than five."""

LONG = 1.5
"""A silence that is so many times as long as any other of the stream is not a pause of the model."""

_TYPICAL = 20.0
"""No gap is expected to be so many times as long as the mean one, where the longest is not known."""


def own_gap(longest: float, first_wait: float, chunks: int, flow: float) -> float | None:
    """The longest silence between two chunks, in seconds; None if the stream was silent only before its first chunk.

    `longest` is the longest silence before the last one, which may be that before the first chunk: `first_wait` long. It says
    nothing of the gaps after it: of these only the number of `chunks` is known then, and that they came in `flow` seconds.
    """
    if chunks < 2:
        return None
    if longest > first_wait:
        return longest
    return min(longest, flow, _TYPICAL * flow / (chunks - 1))


def idle_timeout(silence: float, gap: float | None, stall_after: float) -> bool:
    """Return whether a stream that broke after a silence of so many seconds broke by an idle timeout.

    `gap` is the longest silence between two earlier chunks, None if there was none. `stall_after` is the silence from which on
    the user calls a stream stalled.
    """
    if silence < min(SHORTEST, stall_after):
        return False
    known = bool(owners(silence, ON_THE_WAY) or owners(silence, OF_THE_CLIENT))
    if gap is None:
        return known or silence >= stall_after
    return silence >= LONG * gap or (known and silence > gap)
