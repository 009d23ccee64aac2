# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The log events of a stream: one for a cutoff, where it arose; one while it hangs."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from opentelemetry._logs import NoOpLoggerProvider, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    InMemoryMetricReader,
    MetricExporter,
    MetricExportResult,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import TraceFlags

from lastchunk import semconv
from lastchunk.remedies import remedy_for
from lastchunk.semconv import ChunkKind, WaitingFor
from lastchunk.settings import Settings
from lastchunk.streams import open_streams
from lastchunk.streams.lifecycle import Streams
from lastchunk.telemetry import Telemetry
from tests.telemetry.signals import InMemoryLogExporter, Signals, agent, begin, chat, complete, team
from tests.telemetry.test_gauges import stall


def test_a_cutoff_is_one_event_with_what_the_span_says_and_what_to_do(signals: Signals) -> None:
    streams = signals.streams()
    record = begin(streams, chat())
    record.chunk(ChunkKind.TEXT, 5, record.clock(), 0.0)
    streams.end(record)
    (event,), (span,) = signals.events, signals.spans
    assert event.event_name == semconv.CUTOFF_EVENT
    assert (event.severity_number, event.severity_text) == (SeverityNumber.WARN, "WARN")
    assert (event.trace_id, event.span_id) == (span.context.trace_id, span.context.span_id)
    assert event.timestamp == span.end_time
    assert event.body == "chat test-model was cut off: truncated (unknown)"
    remedy = remedy_for("truncated", "unknown")
    assert remedy is not None
    assert event.attributes == {
        **span.attributes,
        semconv.REMEDY: remedy.sentence,
        semconv.RUNBOOK: f"runbook.md{remedy.anchor}",
    }
    assert set(event.attributes) <= {attribute.name for attribute in semconv.CUTOFF_EVENT_ATTRIBUTES}


def test_a_stream_that_was_not_cut_has_no_event(signals: Signals) -> None:
    streams = signals.streams()
    complete(streams, begin(streams, chat()))
    streams.end(begin(streams, chat()), error=ConnectionResetError("before the headers"))
    assert [span.attributes[semconv.TERMINATION_REASON] for span in signals.spans] == ["completed", "rejected"]
    assert signals.events == []


def test_only_the_stream_where_it_arose_has_the_event(signals: Signals) -> None:
    streams = signals.streams()
    run = begin(streams, team())
    turn = begin(streams, agent(), run)
    complete(streams, begin(streams, chat(), turn), "length")
    complete(streams, turn)
    run.last_source = "writer"
    complete(streams, run)
    assert signals.total(semconv.CUTOFFS) == 3
    (event,) = signals.events
    assert event.attributes[semconv.OPERATION_NAME] == "chat"
    assert event.attributes[semconv.AGENT_NAME] == "writer"


def test_a_consumer_that_leaves_is_one_event_of_the_stream_it_left(signals: Signals) -> None:
    streams = signals.streams()
    run = begin(streams, agent())
    model = begin(streams, chat(), run)
    streams.end(run, left=True)
    streams.end(model, left=True)
    assert signals.total(semconv.CUTOFFS) == 2
    (event,) = signals.events
    assert event.attributes[semconv.OPERATION_NAME] == "invoke_agent"
    assert event.attributes[semconv.TERMINATION_REASON] == "abandoned"


def test_an_answer_that_was_not_streamed_is_cut_in_the_run(signals: Signals) -> None:
    streams = signals.streams()
    run = begin(streams, agent())
    assert run.context is not None
    run.context.run(streams.model_answered, "length")
    complete(streams, run)
    (event,), (span,) = signals.events, signals.spans
    assert event.attributes[semconv.TERMINATION_REASON] == "length"
    assert semconv.TERMINATION_INHERITED not in span.attributes


def test_an_unsampled_stream_has_its_event() -> None:
    signals = Signals(sampler=ALWAYS_OFF)
    streams = signals.streams()
    complete(streams, begin(streams, chat()), "length")
    (event,) = signals.events
    assert event.trace_id
    assert not event.trace_flags & TraceFlags.SAMPLED


def test_without_a_logger_nothing_is_made(signals: Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = Streams(Telemetry(signals.tracer_provider, signals.meter_provider, NoOpLoggerProvider()), Settings())
    monkeypatch.setattr("lastchunk.telemetry.logs.at_begin", None)
    complete(streams, begin(streams, chat()), "length")
    record = begin(streams, chat())
    stall(record)
    assert signals.total(semconv.STALLED) == 1
    complete(streams, record)


@pytest.mark.parametrize("waiting_for", [WaitingFor.FIRST_CHUNK, WaitingFor.NEXT_CHUNK, WaitingFor.TOOL])
def test_a_stream_that_hangs_is_one_event_however_many_readers(waiting_for: WaitingFor) -> None:
    signals = Signals(readers=2)
    streams = signals.streams()
    record = begin(streams, agent())
    record.chunk(ChunkKind.TEXT, 5, record.clock(), 0.0)
    stall(record, waiting_for)
    for reader in (0, 1, 0, 1):
        signals.collect(reader)
    (event,) = signals.named(semconv.STALLED_EVENT)
    assert event.severity_number is SeverityNumber.WARN
    assert event.attributes[semconv.WAITING_FOR] == waiting_for
    assert event.attributes[semconv.SILENCE] == pytest.approx(60, abs=5)
    assert event.attributes[semconv.CHUNKS] == 1
    assert event.attributes[semconv.AGENT_NAME] == "writer"
    assert set(event.attributes) <= {attribute.name for attribute in semconv.STALLED_EVENT_ATTRIBUTES}
    assert event.body.startswith("invoke_agent writer has been silent for 60")
    assert record.span is not None
    assert event.span_id == record.span.get_span_context().span_id
    record.step_ends(record.clock())
    stall(record)
    signals.collect()
    assert len(signals.named(semconv.STALLED_EVENT)) == 1, "once for each stream"
    complete(streams, record)


def test_a_stream_that_waits_for_a_person_has_no_event(signals: Signals) -> None:
    streams = signals.streams()
    record = begin(streams, agent())
    stall(record, WaitingFor.PERSON)
    signals.collect()
    assert signals.events == []
    complete(streams, record)


class Nowhere(MetricExporter):
    """An exporter that only counts its exports."""

    def __init__(self) -> None:
        super().__init__()
        self.exports = 0

    def export(self, metrics_data: Any, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        """Count."""
        self.exports += 1
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Do nothing: nothing is buffered."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Do nothing: nothing is open."""


def test_what_a_collection_emits_does_not_block_it(signals: Signals) -> None:
    """With the SDK's own threads: streams are let go and stall while two readers collect and a batch of logs is sent."""
    events, exporter = InMemoryLogExporter(), Nowhere()
    logger_provider = LoggerProvider(shutdown_on_exit=False)
    logger_provider.add_log_record_processor(
        BatchLogRecordProcessor(events, schedule_delay_millis=5, max_queue_size=20_000)
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=5)
    meter_provider = MeterProvider([reader, InMemoryMetricReader()], shutdown_on_exit=False)
    streams = Streams(Telemetry(signals.tracer_provider, meter_provider, logger_provider), Settings())

    def work() -> None:
        for number in range(200):
            record = begin(streams, chat())
            record.chunk(ChunkKind.TEXT, 1, record.clock(), 0.0)
            stall(record)
            if number % 10 == 0:
                time.sleep(0.005)
            open_streams.let_go(record)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(40)
        assert not worker.is_alive()
    meter_provider.force_flush()
    logger_provider.force_flush()
    cut = [entry for entry in events.get_finished_logs() if entry.log_record.event_name == semconv.CUTOFF_EVENT]
    hung = [entry for entry in events.get_finished_logs() if entry.log_record.event_name == semconv.STALLED_EVENT]
    assert exporter.exports > 0
    assert len(cut) == 600
    assert len(hung) == len({entry.log_record.span_id for entry in hung}) > 0
    meter_provider.shutdown()
    logger_provider.shutdown()
