# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Chooses which of several SDK streams below one model stream counts: a client may use a fallback or ask a side question."""

from __future__ import annotations

from lastchunk.streams.raised import behind
from lastchunk.streams.record import StreamRecord


def settle(record: StreamRecord, error: BaseException | None) -> None:
    """Of several wires, have the record keep the one that gave the answer, or that broke: not the one that began last.

    It is told by the number of its chunks: of the answer all were handed on, and what was not handed on is no answer.
    """
    if not record.wires_before or record.wire is None:
        return
    wires = (*record.wires_before, record.wire)
    for link in behind(error) if error is not None else ():
        for wire in wires:
            if wire.raised is not None and wire.raised.was(link):
                record.wire = wire
                return
    if 0 < record.parts < sum(wire.content_chunks for wire in wires):
        record.wire = min(reversed(wires), key=lambda wire: abs(wire.content_chunks - record.parts))
