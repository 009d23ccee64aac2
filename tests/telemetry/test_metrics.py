# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The metrics of streams: what is counted, with which attributes, and from when on."""

from __future__ import annotations

import gc
import itertools
import weakref
from dataclasses import replace

import pytest
from opentelemetry import trace
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NoOpTracerProvider

from lastchunk import AutoGenStreamsInstrumentor, semconv
from lastchunk.semconv import Cause, ChunkKind, Operation, Reason, WaitingFor
from lastchunk.settings import Settings
from lastchunk.streams import open_streams
from lastchunk.streams.ending import decide
from lastchunk.streams.evidence import Evidence, Failure, FailureKind
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import History
from lastchunk.streams.wire import Wire
from lastchunk.telemetry import Telemetry
from lastchunk.telemetry.metrics import KINDS_FROM_ZERO
from tests.telemetry.signals import Signals, agent, begin, chat, complete, team

SERVER = {semconv.SERVER_ADDRESS: "llm.example.org", semconv.SERVER_PORT: 8443}
PAGES = {
    Reason.TRUNCATED,
    Reason.EMPTY,
    Reason.CONNECTION_LOST,
    Reason.TIMEOUT,
    Reason.PROVIDER_ERROR,
    Reason.PROTOCOL_ERROR,
    Reason.TOOL_ERROR,
    Reason.ERROR,
}


def on_the_wire(record: StreamRecord, finish: str = "stop") -> Wire:
    """Tell the record what an SDK's patch would have observed."""
    wire = record.wire = Wire()
    wire.obtained("text/event-stream")
    wire.content(ChunkKind.TEXT, record.clock())
    wire.response_model = "test-model-2026"
    wire.usage(12, 34)
    wire.finished(finish)
    return wire


def everything(streams: Streams) -> None:
    """Streams of every operation, so that every metric has a value."""
    run = begin(streams, team(history=History(1, 10)))
    turn = begin(streams, agent(), run)
    for finish in ("length", "stop"):
        start = chat(history=History(2, 20))
        start.attributes.update(SERVER)
        model = begin(streams, start, turn)
        on_the_wire(model, finish)
        for _ in range(3):
            model.chunk(ChunkKind.TEXT, 5, model.clock(), 0.0)
        complete(streams, model)
    for record in (turn, run):
        complete(streams, record)


def test_every_metric_is_as_the_table_says(signals: Signals) -> None:
    everything(signals.streams(time_per_output_chunk=True))
    data = signals.readers[0].get_metrics_data()
    assert data is not None
    (scope,) = data.resource_metrics[0].scope_metrics
    assert (scope.scope.name, scope.schema_url) == (semconv.SCOPE, semconv.SCHEMA_URL)
    emitted = {metric.name: metric for metric in scope.metrics}
    assert set(emitted) == {metric.name for metric in semconv.METRICS}
    for metric in semconv.METRICS:
        found = emitted[metric.name]
        assert (found.unit, found.description) == (metric.unit, metric.brief), metric.name
        for point in found.data.data_points:
            assert set(point.attributes or {}) <= set(metric.attributes), metric.name
            assert tuple(getattr(point, "explicit_bounds", ())) == metric.buckets, metric.name
        used = {name for point in found.data.data_points for name in point.attributes or ()}
        assert used >= set(metric.attributes) - {semconv.ERROR_TYPE}, metric.name


def test_names_of_metrics_are_unique_and_buckets_ascend() -> None:
    assert len({metric.name for metric in semconv.METRICS}) == len(semconv.METRICS)
    for metric in semconv.METRICS:
        assert list(metric.buckets) == sorted(set(metric.buckets))
        assert bool(metric.buckets) == (metric.instrument == "histogram")
    assert semconv.LONGEST_GAP.buckets[-1] == 600


def test_each_stream_is_counted_on_its_own_level(signals: Signals) -> None:
    streams = signals.streams()
    run = begin(streams, team())
    turn = begin(streams, agent(), run)
    model = begin(streams, chat(), turn)
    complete(streams, model, "length")
    complete(streams, turn)
    run.last_source = "writer"
    complete(streams, run)
    ended = {point.attributes[semconv.OPERATION_NAME]: point.attributes for point in signals.points(semconv.ENDED)}
    assert set(ended) == set(Operation)
    for attributes in ended.values():
        assert attributes[semconv.TERMINATION_REASON] == "length"
        assert attributes[semconv.TERMINATION_CAUSE] == "context_limit"
        assert attributes[semconv.CUTOFF] is True
    assert [ended[operation][semconv.OUTERMOST] for operation in Operation] == [False, False, True]
    assert ended["chat"][semconv.AGENT_NAME] == ended["invoke_agent"][semconv.AGENT_NAME] == "writer"
    assert ended["invoke_workflow"][semconv.WORKFLOW_NAME] == "crew"
    assert signals.total(semconv.CUTOFFS) == 3
    assert len([point for point in signals.points(semconv.CUTOFFS) if point.value]) == 3


def test_a_stream_that_is_not_sampled_is_counted_all_the_same() -> None:
    signals = Signals(sampler=ALWAYS_OFF)
    everything(signals.streams())
    assert signals.spans == []
    assert signals.total(semconv.ENDED) == 4
    assert all(not point.exemplars for point in signals.collect())


def test_metrics_need_no_tracer_and_no_logger(signals: Signals) -> None:
    telemetry = Telemetry(NoOpTracerProvider(), signals.meter_provider, NoOpLoggerProvider())
    assert telemetry.enabled()
    everything(Streams(telemetry, Settings()))
    assert signals.total(semconv.ENDED) == 4


def test_nobody_listens(signals: Signals) -> None:
    assert not Telemetry(NoOpTracerProvider(), None, NoOpLoggerProvider()).enabled()
    assert Telemetry(NoOpTracerProvider(), None, signals.logger_provider).enabled()


@pytest.mark.parametrize("delta", [False, True], ids=["cumulative", "delta"])
def test_cutoffs_are_counted_from_zero_when_their_kind_is_first_seen(delta: bool) -> None:
    signals = Signals(delta=delta)
    streams = signals.streams()
    first = begin(streams, chat())
    at_first = {
        (point.attributes[semconv.TERMINATION_REASON], point.attributes[semconv.TERMINATION_CAUSE]): point.value
        for point in signals.points(semconv.CUTOFFS)
    }
    assert at_first == dict.fromkeys(semconv.COUNTED_BY_ALERTS, 0)
    streams.end(first, error=ConnectionResetError("on the way"))
    first = begin(streams, chat())
    first.chunk(ChunkKind.TEXT, 1, first.clock(), 0.0)
    streams.end(first, error=ConnectionResetError("on the way"))
    found = signals.points(semconv.CUTOFFS)
    (cut,) = (point for point in found if point.value)
    assert cut.attributes[semconv.TERMINATION_REASON] == "connection_lost"
    assert len(found) == (1 if delta else len(semconv.COUNTED_BY_ALERTS)), "zeros are given once, not for each stream"


def test_each_kind_of_streams_has_its_own_zeros(signals: Signals) -> None:
    streams = signals.streams()
    run = begin(streams, agent())
    for parent in (run, None):
        for model in ("one", "two"):
            complete(streams, begin(streams, chat(model), parent))
    complete(streams, run)
    kinds = {
        tuple(sorted((name, value) for name, value in point.attributes.items() if name in semconv.COMMON))
        for point in signals.points(semconv.CUTOFFS)
    }
    assert len(kinds) == 5
    assert len(signals.points(semconv.CUTOFFS)) == 5 * len(semconv.COUNTED_BY_ALERTS)


def test_zeros_alone_do_not_fill_the_limit_of_the_sdk(signals: Signals) -> None:
    streams = signals.streams()
    for number in range(KINDS_FROM_ZERO + 10):
        complete(streams, begin(streams, chat(f"model-{number}")))
    assert len(signals.points(semconv.CUTOFFS)) == KINDS_FROM_ZERO * len(semconv.COUNTED_BY_ALERTS) <= 1000


def test_alerts_count_every_pair_that_can_come_of_a_reason_that_pages() -> None:
    failures = [None] + [
        Failure(kind, "x", hint)
        for kind in FailureKind
        for hint in (None, Cause.PACKAGE_MISMATCH, Cause.RATE_LIMITED, Cause.CONTEXT_LIMIT, Cause.CONTENT_FILTER)
    ]
    base = Evidence()
    found = set()
    for failure, terminal, finish, waits, idle, began, streamed, failed_tool, arrived, finished in itertools.product(
        failures,
        (False, True),
        (frozenset[Finish](), frozenset({Finish.ERROR})),
        (None, WaitingFor.NEXT_CHUNK, WaitingFor.TOOL),
        (0.0, 60.0),
        (False, True),
        (False, True),
        (False, True),
        (False, True),
        (False, True),
    ):
        ending = decide(
            replace(
                base,
                failure=failure,
                terminal=terminal,
                finish=finish,
                waiting_for=waits,
                idle=idle,
                began=began,
                streamed=streamed,
                failed_tool=failed_tool,
                arrived=arrived,
                finished=finished,
            )
        )
        if ending.reason in PAGES:
            found.add((ending.reason, ending.cause))
    assert {reason for reason, _ in semconv.COUNTED_BY_ALERTS} == PAGES
    assert found <= set(semconv.COUNTED_BY_ALERTS)


def test_models_beyond_the_cap_share_one_series(signals: Signals, caplog: pytest.LogCaptureFixture) -> None:
    streams = signals.streams()
    for number in range(150):
        complete(streams, begin(streams, chat(f"chosen-by-user-{number}")))
    models = [point.attributes[semconv.REQUEST_MODEL] for point in signals.points(semconv.ENDED)]
    assert len(models) == 101
    assert signals.total(semconv.ENDED, gen_ai__request__model=semconv.OTHER) == 50
    assert signals.total(semconv.ENDED) == 150
    assert len({span.attributes[semconv.REQUEST_MODEL] for span in signals.spans}) == 150, "spans keep their names"
    assert len([message for message in caplog.messages if "more than 100 values" in message]) == 1
    caplog.clear()


def test_a_value_leads_to_the_span_of_its_stream(signals: Signals) -> None:
    streams = signals.streams()
    application = signals.tracer_provider.get_tracer("application")
    with application.start_as_current_span("request"):
        everything(streams)
    by_id = {span.context.span_id: span for span in signals.spans}
    instruments = {metric.name: metric.instrument for metric in semconv.METRICS}
    for point in signals.collect():
        if instruments[point.name].startswith("observable") or (point.name == semconv.CUTOFFS.name and not point.value):
            assert not point.exemplars
            continue
        assert point.exemplars, point.name
        for exemplar in point.exemplars:
            span = by_id[exemplar.span_id]
            operation = point.attributes.get(semconv.OPERATION_NAME, span.attributes[semconv.OPERATION_NAME])
            assert span.attributes[semconv.OPERATION_NAME] == operation


def test_the_conventions_metrics_have_their_own_attributes(signals: Signals) -> None:
    streams = signals.streams()
    start = chat()
    start.attributes.update(SERVER)
    record = begin(streams, start)
    on_the_wire(record)
    complete(streams, record)
    client = {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "openai",
        semconv.REQUEST_MODEL: "test-model",
        semconv.RESPONSE_MODEL: "test-model-2026",
        **SERVER,
    }
    (duration,) = signals.points(semconv.OPERATION_DURATION)
    assert duration.attributes == client
    (span,) = signals.spans
    assert duration.value == pytest.approx((span.end_time - span.start_time) / 1e9, abs=1e-6)
    (first,) = signals.points(semconv.TIME_TO_FIRST_CHUNK)
    assert first.attributes == client
    assert first.value == pytest.approx(span.attributes[semconv.RESPONSE_TIME_TO_FIRST_CHUNK], abs=1e-5)
    tokens = {point.attributes[semconv.TOKEN_TYPE]: point for point in signals.points(semconv.TOKEN_USAGE)}
    assert {kind: point.value for kind, point in tokens.items()} == {"input": 12, "output": 34}
    assert tokens["input"].attributes == {**client, semconv.TOKEN_TYPE: "input"}


def test_usage_that_was_not_given_is_absent(signals: Signals) -> None:
    streams = signals.streams()
    record = begin(streams, chat())
    on_the_wire(record).output_tokens = None
    complete(streams, record)
    complete(streams, begin(streams, chat()))
    (point,) = signals.points(semconv.TOKEN_USAGE)
    assert (point.attributes[semconv.TOKEN_TYPE], point.count) == ("input", 1)


@pytest.mark.parametrize("start", [chat(), agent(), team()], ids=lambda start: str(start.operation))
def test_the_error_type_is_that_of_the_span(signals: Signals, start: semconv.Operation) -> None:
    streams = signals.streams()
    record = begin(streams, start)  # type: ignore[arg-type]
    record.chunk(ChunkKind.TEXT, 1, record.clock(), 0.0)
    streams.end(record, error=ConnectionResetError("on the way"))
    duration = {
        Operation.CHAT: semconv.OPERATION_DURATION,
        Operation.INVOKE_AGENT: semconv.AGENT_DURATION,
        Operation.INVOKE_WORKFLOW: semconv.WORKFLOW_DURATION,
    }[record.operation]
    (point,) = signals.points(duration)
    assert point.attributes[semconv.ERROR_TYPE] == signals.spans[0].attributes[semconv.ERROR_TYPE]
    assert point.attributes[semconv.ERROR_TYPE] == "ConnectionResetError"


def test_the_silence_before_the_end_is_that_of_streams_that_did_not_complete(signals: Signals) -> None:
    """Nobody reads it for others, and each of these series costs 26 in Prometheus."""
    streams = signals.streams()
    complete(streams, begin(streams, chat()))
    assert signals.points(semconv.IDLE) == []
    record = begin(streams, chat())
    record.chunk(ChunkKind.TEXT, 1, record.clock(), 0.0)
    streams.end(record, error=ConnectionResetError())
    (point,) = signals.points(semconv.IDLE)
    assert (point.attributes[semconv.TERMINATION_REASON], point.count) == (Reason.CONNECTION_LOST, 1)
    assert all(semconv.IDLE_AT_END in span.attributes for span in signals.spans)
    assert len(signals.spans) == 2


def test_the_time_between_chunks_is_off_by_default(signals: Signals) -> None:
    everything(signals.streams())
    assert signals.points(semconv.TIME_PER_OUTPUT_CHUNK) == []


def test_the_time_between_chunks_is_recorded_after_the_first(signals: Signals) -> None:
    streams = signals.streams(time_per_output_chunk=True)
    run = begin(streams, agent())
    record = begin(streams, chat(), run)
    for stream in (run, record):
        now = stream.clock()
        for number, size in enumerate((0, 4, 4, 0, 4)):
            stream.chunk(ChunkKind.TEXT, size, now + number, 0.0)
    complete(streams, record)
    complete(streams, run)
    (point,) = signals.points(semconv.TIME_PER_OUTPUT_CHUNK)
    assert (point.count, point.value) == (2, pytest.approx(3.0))
    assert semconv.ERROR_TYPE not in point.attributes


def test_inner_cutoffs_are_counted_once_where_a_run_recovered(signals: Signals) -> None:
    streams = signals.streams()
    run = begin(streams, team())
    turn = begin(streams, agent(), run)
    for finish in ("length", "content_filter", "length", "stop"):
        complete(streams, begin(streams, chat(), turn), finish)
    complete(streams, turn)
    run.last_source = "writer"
    complete(streams, run)
    found = {
        (point.attributes[semconv.OPERATION_NAME], point.attributes[semconv.TERMINATION_CAUSE]): point.value
        for point in signals.points(semconv.RECOVERED)
    }
    assert found == {("invoke_agent", "context_limit"): 2, ("invoke_agent", "content_filter"): 1}
    assert [span.attributes.get(semconv.INNER_CUTOFFS) for span in signals.spans] == [None] * 4 + [3, 0]


def test_a_run_that_takes_the_ending_has_not_recovered(signals: Signals) -> None:
    streams = signals.streams()
    turn = begin(streams, agent())
    complete(streams, begin(streams, chat(), turn), "length")
    complete(streams, turn)
    assert signals.points(semconv.RECOVERED) == []


def test_instrumented_again_nothing_is_reported_twice(signals: Signals) -> None:
    """The SDK has no complaint either."""
    for _ in range(3):
        AutoGenStreamsInstrumentor().instrument(**signals.providers)
        AutoGenStreamsInstrumentor().uninstrument()
    streams = signals.streams()
    record = begin(streams, chat())
    (point,) = signals.points(semconv.OPEN)
    assert point.value == 1
    complete(streams, record)
    assert signals.total(semconv.ENDED) == 1


def test_a_provider_that_nobody_holds_is_not_kept() -> None:
    signals = Signals()
    complete(signals.streams(), begin(signals.streams(), chat()))
    provider = weakref.ref(signals.meter_provider)
    del signals
    gc.collect()
    assert provider() is None


def test_streams_of_another_provider_are_none_of_ours(signals: Signals) -> None:
    other = Signals()
    record = begin(other.streams(), chat())
    mine = begin(signals.streams(), chat())
    assert (signals.total(semconv.OPEN), other.total(semconv.OPEN)) == (1, 1)
    complete(signals.streams(), mine)
    complete(other.streams(), record)


def test_one_signal_that_fails_does_not_silence_the_others(
    signals: Signals, monkeypatch: pytest.MonkeyPatch, reported: object
) -> None:
    streams = signals.streams()

    def fail(*args: object) -> None:
        raise RuntimeError("an exporter's")

    monkeypatch.setattr(streams.telemetry._metrics._longest_gap, "record", fail)  # type: ignore[attr-defined]
    complete(streams, begin(streams, chat()), "length")
    assert reported() == ["recording the end of a stream"]  # type: ignore[operator]
    assert len(signals.spans) == 1
    assert len(signals.named(semconv.CUTOFF_EVENT)) == 1


def test_a_stream_that_was_let_go_ends_at_the_next_collection(signals: Signals) -> None:
    streams = signals.streams()
    record = begin(streams, chat())
    record.chunk(ChunkKind.TEXT, 1, record.clock(), 0.0)
    open_streams.let_go(record)
    assert signals.total(semconv.OPEN) == 0
    assert signals.total(semconv.ENDED, lastchunk__stream__termination__reason="abandoned") == 1
    assert trace.get_current_span() is trace.INVALID_SPAN
