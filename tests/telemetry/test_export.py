# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What arrives: a real scrape, and OTLP as a Collector receives it, cumulative and delta."""

from __future__ import annotations

import gzip
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import prometheus_client
import pytest
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality as Received
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from prometheus_client.parser import text_string_to_metric_families

from lastchunk import semconv
from lastchunk.semconv import ChunkKind
from lastchunk.settings import Settings
from lastchunk.streams.lifecycle import Streams
from lastchunk.telemetry import Telemetry
from tests.telemetry.signals import Signals, begin, chat, complete

REASON, CAUSE = "lastchunk_stream_termination_reason", "lastchunk_stream_termination_cause"


class Receiver:
    """An OTLP receiver on a loopback port."""

    def __init__(self) -> None:
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.logs: list[ExportLogsServiceRequest] = []
        received = {
            "/v1/metrics": (self.metrics, ExportMetricsServiceRequest),
            "/v1/logs": (self.logs, ExportLogsServiceRequest),
        }

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                kept, kind = received[self.path]
                kept.append(kind.FromString(body))  # type: ignore[attr-defined]
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def cutoffs(self) -> list[tuple[int, dict[tuple[str, str], int]]]:
        """For each export the temporality, and the value for each pair of reason and cause."""
        return [
            (
                metric.sum.aggregation_temporality,
                {
                    (said[semconv.TERMINATION_REASON], said[semconv.TERMINATION_CAUSE]): point.as_int
                    for point in metric.sum.data_points
                    for said in [{pair.key: pair.value.string_value for pair in point.attributes}]
                },
            )
            for request in self.metrics
            for metric in request.resource_metrics[0].scope_metrics[0].metrics
            if metric.name == semconv.CUTOFFS.name
        ]


@pytest.fixture(name="receiver")
def _receiver() -> Iterator[Receiver]:
    """It listens until the test is over."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join(5)


def cut(streams: Streams) -> None:
    """A stream that is cut silently."""
    record = begin(streams, chat())
    record.chunk(ChunkKind.TEXT, 5, record.clock(), 0.0)
    streams.end(record)


def test_a_scrape_sees_zero_before_the_first_cutoff(signals: Signals) -> None:
    reader = PrometheusMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    server, thread = prometheus_client.start_http_server(0, addr="127.0.0.1")
    try:
        streams = Streams(Telemetry(signals.tracer_provider, provider, signals.logger_provider), Settings())
        record = begin(streams, chat())
        first = scrape(server.server_port)
        assert first["lastchunk_stream_cutoffs_total"] == {
            (str(reason), str(cause)): 0.0 for reason, cause in semconv.COUNTED_BY_ALERTS
        }
        assert sum(first["lastchunk_stream_open"].values()) == 1
        complete(streams, record)
        cut(streams)
        second = scrape(server.server_port)
        assert second["lastchunk_stream_cutoffs_total"]["truncated", "unknown"] == 1.0
        assert sum(second["lastchunk_stream_cutoffs_total"].values()) == 1.0
        assert second["lastchunk_stream_open"] == {("", ""): 0.0}
        assert set(second["lastchunk_stream_ended_total"]) == {("completed", ""), ("truncated", "unknown")}
        assert "lastchunk_stream_max_gap_seconds_count" in second
        assert "gen_ai_client_operation_duration_seconds_bucket" in second
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
        provider.shutdown()


def scrape(port: int) -> dict[str, dict[tuple[str, str], float]]:
    """The samples by name, and by reason and cause."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    samples: dict[str, dict[tuple[str, str], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            pair = (sample.labels.get(REASON, ""), sample.labels.get(CAUSE, ""))
            samples.setdefault(sample.name, {})[pair] = sample.value
    return samples


@pytest.mark.parametrize("delta", [False, True], ids=["cumulative", "delta"])
def test_otlp_carries_zero_before_the_first_cutoff(receiver: Receiver, signals: Signals, delta: bool) -> None:
    temporality = AggregationTemporality.DELTA if delta else AggregationTemporality.CUMULATIVE
    preferred = dict.fromkeys((Counter, Histogram), temporality)
    exporter = OTLPMetricExporter(f"{receiver.url}/v1/metrics", preferred_temporality=preferred)
    provider = MeterProvider([PeriodicExportingMetricReader(exporter, 3_600_000)], shutdown_on_exit=False)
    streams = Streams(Telemetry(signals.tracer_provider, provider, signals.logger_provider), Settings())
    record = begin(streams, chat())
    provider.force_flush()
    cut(streams)
    provider.force_flush()
    complete(streams, record)
    provider.force_flush()
    zeros = {(str(reason), str(cause)): 0 for reason, cause in semconv.COUNTED_BY_ALERTS}
    cutoffs = {("truncated", "unknown"): 1}
    exports = receiver.cutoffs()
    if delta:
        assert exports == [
            (Received.AGGREGATION_TEMPORALITY_DELTA, zeros),
            (Received.AGGREGATION_TEMPORALITY_DELTA, cutoffs),
        ]
    else:
        kind = Received.AGGREGATION_TEMPORALITY_CUMULATIVE
        assert exports == [(kind, zeros), (kind, zeros | cutoffs), (kind, zeros | cutoffs)]
    provider.shutdown()


def test_otlp_carries_the_name_of_the_event_and_its_trace(receiver: Receiver, signals: Signals) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{receiver.url}/v1/logs")))
    streams = Streams(Telemetry(signals.tracer_provider, signals.meter_provider, provider), Settings())
    cut(streams)
    provider.force_flush()
    provider.shutdown()
    (scope,) = receiver.logs[0].resource_logs[0].scope_logs
    (event,) = scope.log_records
    said: dict[str, Any] = {pair.key: pair.value for pair in event.attributes}
    (span,) = signals.spans
    assert scope.scope.name == semconv.SCOPE
    assert event.event_name == semconv.CUTOFF_EVENT
    assert event.severity_text == "WARN"
    assert event.trace_id == span.context.trace_id.to_bytes(16)
    assert event.span_id == span.context.span_id.to_bytes(8)
    assert said[semconv.TERMINATION_REASON].string_value == "truncated"
    assert said[semconv.REMEDY].string_value
    assert said[semconv.RUNBOOK].string_value == "runbook.md#reason-truncated"
