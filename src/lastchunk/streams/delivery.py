# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Decides how content arrived: bit by bit, or all at once after a wait that nothing else explains."""

from __future__ import annotations

from lastchunk.semconv import ChunkKind, Delivery
from lastchunk.streams.wire import Wire

BURST_SHARE = 0.05
"""A burst is all of the content within this share of the duration, at the end of it …"""
BURST_WAIT = 1.0
"""… after a wait of at least this many seconds …"""
BURST_CHUNKS = 3
"""… in at least this many chunks …"""
BURST_SPACING = 0.002
"""… that are less than so many seconds apart, on average, or came in one read of the body: not as they were made."""


def delivery_of(parts: int, wait: float, flow: float, duration: float, in_one_read: int = 0) -> Delivery:
    """The delivery of so many chunks of content, the first after a `wait`, all within `flow`; all in seconds.

    `in_one_read` is the most events that one read of the body gave: a busy machine hands on slowly what it read at once.
    """
    if parts < 2:
        return Delivery.SINGLE if parts else Delivery.NONE
    together = in_one_read >= parts or flow <= min(BURST_SHARE * max(duration, 1e-9), BURST_SPACING * (parts - 1))
    return Delivery.BURST if parts >= BURST_CHUNKS and wait >= BURST_WAIT and together else Delivery.INCREMENTAL


def unexplained(wire: Wire | None, wait: float) -> float:
    """Return the part of the wait for the first content that only a backend without streaming explains, in seconds."""
    if wire is None:
        return wait
    if wire.thought or wire.first_kind is ChunkKind.TOOL_CALL:
        return 0.0  # It thought in secret; or it wrote a call, which many send in one piece that stream their text.
    if wire.retried and wire.obtained_at:
        wait = wire.first_content_at - wire.obtained_at
    return max(wait - wire.accounted_wait, 0.0)
