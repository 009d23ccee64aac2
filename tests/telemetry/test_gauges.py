# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What is open and what hangs, read at collection: by every reader, under threads, garbage collection and loop shutdown."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import CallbackOptions
from opentelemetry.trace import NoOpTracerProvider

from lastchunk import semconv
from lastchunk.semconv import ChunkKind, WaitingFor
from lastchunk.settings import Settings
from lastchunk.streams import clock, open_streams
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.record import StreamRecord
from lastchunk.telemetry import Telemetry, gauges
from tests.telemetry.signals import Signals, agent, begin, chat, complete

ASK = [UserMessage(content="Go on.", source="user")]


def stall(record: StreamRecord, waiting_for: WaitingFor = WaitingFor.NEXT_CHUNK) -> None:
    """A step has been pending for a minute."""
    record.waiting_for = waiting_for
    record.step_begins(record.clock() - 60)


def stalled(signals: Signals, reader: int = 0) -> dict[str, float]:
    """How many streams hang, by what they wait for, where any does."""
    points = signals.points(semconv.STALLED, reader)
    return {point.attributes[semconv.WAITING_FOR]: point.value for point in points if point.value}


def test_open_streams_are_counted_until_they_end_and_then_as_zero(signals: Signals) -> None:
    streams = signals.streams()
    assert signals.points(semconv.OPEN) == []
    records = [begin(streams, chat()) for _ in range(3)]
    assert signals.total(semconv.OPEN, gen_ai__request__model="test-model") == 3
    for record in records:
        complete(streams, record)
    (point,) = signals.points(semconv.OPEN)
    assert point.value == 0
    assert set(point.attributes) == set(semconv.COMMON)


def test_a_stream_stalls_by_what_it_waits_for(signals: Signals) -> None:
    streams = signals.streams()
    records = [begin(streams, agent()) for _ in range(4)]
    for record, waiting_for in zip(records, WaitingFor, strict=True):
        stall(record, waiting_for)
    assert stalled(signals) == {"first_chunk": 1, "next_chunk": 1, "tool": 1}, "a person never stalls"
    for record in records:
        complete(streams, record)
    assert stalled(signals) == {}
    assert len(signals.points(semconv.STALLED)) == 3


LATER = 100_000
"""Seconds: the clock of a machine that was started a minute ago holds no ten minutes of silence."""


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gauges are read much later."""
    monkeypatch.setattr(gauges, "clock", SimpleNamespace(monotonic=lambda: clock.monotonic() + LATER))


@pytest.mark.usefixtures("later")
def test_the_longest_silence_is_known_while_it_lasts(signals: Signals) -> None:
    """And streams that are silent for ten minutes hang: also beside others that end."""
    streams = signals.streams()
    records = [begin(streams, chat()) for _ in range(4)]
    for record, seconds in zip(records, (30, 590, 610, 1500), strict=True):
        record.waiting_for = WaitingFor.NEXT_CHUNK
        record.step_begins(record.clock() + LATER - seconds)
    by_waiting = {
        point.attributes[semconv.WAITING_FOR]: point.value for point in signals.points(semconv.LONGEST_SILENCE)
    }
    assert by_waiting.pop("next_chunk") == pytest.approx(1500, abs=5)
    assert by_waiting == {"first_chunk": 0}
    assert signals.total(semconv.HANGING, lastchunk__stream__waiting_for="next_chunk") == 2
    complete(streams, records[3])
    assert max(point.value for point in signals.points(semconv.LONGEST_SILENCE)) == pytest.approx(610, abs=5)
    for record in records[:3]:
        complete(streams, record)
    assert [point.value for point in signals.points(semconv.LONGEST_SILENCE)] == [0, 0]
    assert signals.total(semconv.HANGING) == 0


@pytest.mark.usefixtures("later")
def test_waiting_for_a_person_is_no_silence(signals: Signals) -> None:
    streams = signals.streams()
    record = begin(streams, agent())
    record.waiting_for = WaitingFor.PERSON
    record.step_begins(record.clock())
    assert {point.attributes[semconv.WAITING_FOR] for point in signals.points(semconv.LONGEST_SILENCE)} == {
        "first_chunk",
        "next_chunk",
        "tool",
    }
    assert not any(point.value for point in signals.points(semconv.LONGEST_SILENCE) + signals.points(semconv.HANGING))
    complete(streams, record)


def test_only_a_pending_step_can_hang(signals: Signals) -> None:
    streams = signals.streams(stall_after=0.01)
    record = begin(streams, chat())
    time.sleep(0.02)
    assert stalled(signals) == {}, "the consumer has not asked"
    record.step_begins(record.clock())
    assert stalled(signals) == {}
    time.sleep(0.02)
    assert stalled(signals) == {"first_chunk": 1}
    record.heard(record.clock())
    assert stalled(signals) == {}, "something came on the wire"
    record.step_ends(record.clock())
    time.sleep(0.02)
    assert stalled(signals) == {}, "a slow consumer is no silent provider"
    complete(streams, record)


def test_every_reader_sees_the_same(signals: Signals) -> None:
    signals = Signals(readers=3)
    streams = signals.streams()
    record = begin(streams, chat())
    stall(record)
    for _ in range(2):
        for reader in range(3):
            assert signals.total(semconv.OPEN, reader) == 1
            assert stalled(signals, reader) == {"next_chunk": 1}
    complete(streams, record)
    assert [signals.total(semconv.OPEN, reader) for reader in range(3)] == [0, 0, 0]


async def test_a_stream_that_garbage_collection_finds_is_no_longer_open(
    signals: Signals, observe: Callable[..., Signals], model: Callable[..., OpenAIChatCompletionClient]
) -> None:
    observe(signals)

    async def leave() -> None:
        holder: list[Any] = [model("clean").create_stream(ASK)]
        holder.append(holder)
        await anext(holder[0])

    await leave()
    assert signals.total(semconv.OPEN) == 1
    gc.collect()
    assert signals.total(semconv.OPEN) == 0
    assert signals.total(semconv.ENDED, lastchunk__stream__termination__reason="abandoned") == 1
    await asyncio.sleep(0)


def test_a_stream_that_its_loop_closes_is_no_longer_open(signals: Signals, observe: Callable[..., Signals]) -> None:
    observe(signals)
    kept: list[Any] = []

    async def main() -> None:
        kept.append(ReplayChatCompletionClient(["one two three"]).create_stream(ASK))
        await anext(kept[0])
        assert signals.total(semconv.OPEN) == 1

    asyncio.run(main())
    assert signals.total(semconv.OPEN) == 0
    assert signals.total(semconv.ENDED, lastchunk__stream__termination__reason="process_exit") == 1


def test_threads_begin_and_end_streams_while_others_collect(signals: Signals) -> None:
    signals = Signals(readers=2)
    streams = signals.streams()
    over = threading.Event()
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for round_ in range(100):
                record = begin(streams, chat(f"model-{(number + round_) % 7}"))
                record.chunk(ChunkKind.TEXT, 1, record.clock(), 0.0)
                if round_ % 3:
                    complete(streams, record)
                else:
                    open_streams.let_go(record)
        except BaseException as error:
            failures.append(error)

    def collect(reader: int) -> None:
        try:
            while not over.is_set():
                assert all(0 <= point.value <= 400 for point in signals.points(semconv.OPEN, reader))
                gc.collect()
        except BaseException as error:
            failures.append(error)

    collectors = [threading.Thread(target=collect, args=(reader,)) for reader in range(2)]
    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in (*collectors, *workers):
        thread.start()
    for thread in workers:
        thread.join(50)
    over.set()
    for thread in collectors:
        thread.join(50)
    assert not any(thread.is_alive() for thread in (*collectors, *workers))
    assert failures == []
    assert signals.total(semconv.OPEN) == 0
    assert signals.total(semconv.ENDED) == 400


def test_ten_thousand_open_streams_are_read_quickly(signals: Signals) -> None:
    """The budget is 10 ms; here with a wide margin for machines that do other things too."""
    telemetry = Telemetry(NoOpTracerProvider(), signals.meter_provider, NoOpLoggerProvider())
    streams = Streams(telemetry, Settings(chunk_events=0))
    records = [begin(streams, chat(f"model-{number % 20}")) for number in range(10_000)]
    for record in records:
        stall(record)
    gauges = telemetry._metrics.gauges
    before = time.thread_time()
    gauges.open(CallbackOptions())
    gauges.stalled(CallbackOptions())
    assert time.thread_time() - before < 0.1
    end_all(streams, records)


def end_all(streams: Streams, records: list[StreamRecord]) -> None:
    """Complete every stream."""
    for record in records:
        complete(streams, record)


@pytest.mark.parametrize("value", [0.05, 30.0])
def test_the_threshold_is_the_setting(signals: Signals, value: float) -> None:
    streams = signals.streams(stall_after=value)
    record = begin(streams, chat())
    record.step_begins(record.clock() - 1.0)
    assert bool(stalled(signals)) == (value < 1.0)
    complete(streams, record)
