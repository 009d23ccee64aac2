# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A wait that has another explanation is no evidence against the backend."""

from __future__ import annotations

import pytest

from lastchunk.semconv import ChunkKind, Delivery
from lastchunk.streams.delivery import delivery_of, unexplained
from lastchunk.streams.wire import Wire


def _wire(kind: ChunkKind = ChunkKind.TEXT) -> Wire:
    """The headers came after eight seconds, the first content after ten."""
    wire = Wire()
    wire.obtained_at = 8.0
    wire.content(kind, 10.0)
    return wire


def test_a_wait_that_nothing_explains() -> None:
    """With a wire or without: a proxy holds the headers back, too."""
    assert unexplained(None, 10.0) == 10.0
    assert unexplained(_wire(), 10.0) == 10.0


def test_a_retry() -> None:
    """The time before the headers belongs to an earlier attempt."""
    wire = _wire()
    wire.retried = True
    assert unexplained(wire, 10.0) == pytest.approx(2.0)


def test_hidden_reasoning() -> None:
    """The usage counts the hidden tokens."""
    wire = _wire()
    wire.thought = True
    assert unexplained(wire, 10.0) == 0.0


def test_a_call_in_one_piece() -> None:
    """Many servers that stream text send a tool call in one piece."""
    assert unexplained(_wire(ChunkKind.TOOL_CALL), 10.0) == 0.0


def test_a_model_that_was_loaded_and_a_queue() -> None:
    """The answer's own numbers account for them."""
    wire = _wire()
    wire.accounted_wait = 7.5
    assert unexplained(wire, 10.0) == pytest.approx(2.5)
    wire.accounted_wait = 75.0
    assert unexplained(wire, 10.0) == 0.0


@pytest.mark.parametrize(
    ("in_one_read", "expected"), [(8, Delivery.BURST), (9, Delivery.BURST), (7, Delivery.INCREMENTAL)]
)
def test_what_was_read_at_once_and_handed_on_slowly(in_one_read: int, expected: Delivery) -> None:
    """A busy machine takes half a second for eight chunks that the network gave in one read."""
    assert delivery_of(8, wait=2.0, flow=0.5, duration=2.5, in_one_read=in_one_read) is expected
    assert delivery_of(8, wait=0.5, flow=0.5, duration=1.0, in_one_read=in_one_read) is Delivery.INCREMENTAL
