# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What is counted while a stream runs: whose silence it was, and how the content arrived. The tests set the times."""

from __future__ import annotations

import pytest

from lastchunk.semconv import ChunkKind, Delivery, Operation, Source, WaitingFor
from lastchunk.streams import clock
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start
from lastchunk.streams.wire import Wire

BEGAN = 100.0


@pytest.fixture(name="record")
def _record(monkeypatch: pytest.MonkeyPatch) -> StreamRecord:
    monkeypatch.setattr(clock, "monotonic", lambda: BEGAN)
    return StreamRecord(Start(operation=Operation.CHAT, subject=0), None, 32)


def _step(record: StreamRecord, begins: float, ends: float) -> float:
    record.step_begins(begins)
    return record.step_ends(ends)


def test_silence_is_the_time_of_a_pending_step(record: StreamRecord) -> None:
    """What lies between two steps is the consumer's."""
    assert _step(record, 100.0, 102.0) == 2.0
    assert _step(record, 109.0, 110.0) == 1.0
    assert _step(record, 110.5, 111.0) == 0.5
    assert (record.max_gap, record.max_pause) == (2.0, 7.0)


def test_before_the_first_step_nobody_pauses(record: StreamRecord) -> None:
    """A stream that was begun long after it was made has no slow consumer."""
    record.step_begins(500.0)
    assert record.max_pause == 0.0


def test_no_step_no_silence(record: StreamRecord) -> None:
    """A stream that is closed between two steps was not silent."""
    _step(record, 100.0, 101.0)
    assert record.step_ends(200.0) == 0.0
    assert record.max_gap == 1.0


def test_waiting_for_a_person_is_not_silence(record: StreamRecord) -> None:
    """They may take all night."""
    record.waiting_for = WaitingFor.PERSON
    assert _step(record, 100.0, 30_000.0) == 0.0
    record.waiting_for = WaitingFor.FIRST_CHUNK
    assert _step(record, 30_000.0, 30_003.0) == 3.0
    assert record.max_gap == 3.0


def test_the_wire_breaks_a_silence(record: StreamRecord) -> None:
    """Headers and usage are signs of life, although the step goes on."""
    record.step_begins(100.0)
    record.heard(103.0)
    record.heard(104.0)
    assert record.step_ends(105.0) == 1.0
    assert (record.max_gap, record.wire_gap) == (3.0, 1.0)


def test_the_wire_is_not_heard_between_steps(record: StreamRecord) -> None:
    """Nothing was requested, so nothing was late."""
    record.heard(500.0)
    assert (record.max_gap, record.wire_gap) == (0.0, 0.0)


def _chunks(record: StreamRecord, *times: float, size: int = 4, kind: ChunkKind = ChunkKind.TEXT) -> None:
    for at in times:
        record.chunk(kind, size, at, 0.0)


@pytest.mark.parametrize(
    ("times", "ended", "delivery", "first_wait"),
    [
        pytest.param([], 110.0, Delivery.NONE, 0.0, id="nothing"),
        pytest.param([103.0], 103.0, Delivery.SINGLE, 3.0, id="one piece"),
        pytest.param([101.0, 102.0, 103.0], 103.0, Delivery.INCREMENTAL, 1.0, id="as it is made"),
        pytest.param([110.0, 110.001, 110.002], 110.002, Delivery.BURST, 10.0, id="all at the end"),
        pytest.param([110.0, 110.005, 110.01], 110.01, Delivery.INCREMENTAL, 10.0, id="fast, but as it is made"),
        pytest.param([110.0, 110.2], 110.2, Delivery.INCREMENTAL, 10.0, id="two chunks are no burst"),
        pytest.param([100.9, 100.91, 100.92], 100.92, Delivery.INCREMENTAL, 0.9, id="fast is no burst"),
        pytest.param([110.0, 110.2, 110.6], 110.6, Delivery.INCREMENTAL, 10.0, id="more than 5 % of the duration"),
    ],
)
def test_delivery(
    record: StreamRecord, times: list[float], ended: float, delivery: Delivery, first_wait: float
) -> None:
    """The limits are five per cent, one second and three chunks."""
    _chunks(record, *times)
    assert record.delivery(ended) == (delivery, pytest.approx(first_wait))


def test_a_chunk_without_content_is_no_delivery(record: StreamRecord) -> None:
    """It is counted, but does not show how the answer arrived."""
    _chunks(record, 100.1, 100.2, 100.3, size=0)
    _chunks(record, 109.0)
    _chunks(record, 109.1, size=0, kind=ChunkKind.USAGE)
    assert record.delivery(109.2)[0] is Delivery.SINGLE
    assert (record.chunks, record.parts, record.size, record.last_event) == (5, 1, 4, ChunkKind.USAGE)


def test_the_wire_knows_better_how_it_came(record: StreamRecord) -> None:
    """AutoGen may hand on one piece what came in many."""
    record.wire = Wire()
    for at in (101.0, 102.0, 103.0):
        record.wire.content(ChunkKind.TEXT, at)
    _chunks(record, 103.0)
    assert record.delivery(103.0) == (Delivery.INCREMENTAL, 1.0)


def test_source(record: StreamRecord) -> None:
    """The evidence is the wire's if there is a wire, else that of a result that says how it finished, else none."""
    assert record.source() is Source.NONE
    record.result(0.0, arrived=True)
    assert record.source() is Source.NONE
    record.result(0.0, arrived=True, finish="stop")
    assert record.source() is Source.RESULT
    record.wire = Wire()
    assert record.source() is Source.WIRE


def test_a_result_remembers_the_silence_before_it(record: StreamRecord) -> None:
    """That of the wire where there is one: AutoGen's own step is longer than its last silence."""
    record.result(7.0, arrived=True)
    assert record.idle_at_end == 7.0
    record.wire = Wire()
    record.step_begins(100.0)
    record.heard(102.0)
    record.result(9.0, arrived=True)
    assert record.idle_at_end == 2.0


def test_a_record_holds_nothing_of_the_application() -> None:
    """No place for it in the slots, and no dictionary to put it in."""
    record = StreamRecord(Start(operation=Operation.CHAT, subject=0), None, 32)
    assert not hasattr(record, "__dict__")
