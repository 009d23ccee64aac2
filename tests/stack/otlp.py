# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""OTLP by hand: spans as a test wants them, sent and acknowledged, and what a backend took."""

from __future__ import annotations

import itertools
import json
import os
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from lastchunk import semconv
from lastchunk.semconv import Reason
from tests.stack.servers import Collector

Value = str | bool | int | float
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Made:
    """A span that a test makes; without a parent it is the root of its trace."""

    trace: bytes
    name: str = "work"
    parent: bytes = b""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    seconds: float = 1.0
    chunks: int = 0
    """So many chunk events, as a stream's span has them."""
    events: Sequence[tuple[str, Mapping[str, Value]]] = ()
    """Other events: the name and the attributes of each."""
    id: bytes = field(default_factory=lambda: os.urandom(8))


def new_trace() -> bytes:
    """A trace id."""
    return os.urandom(16)


def number() -> int:
    """A number that no other span of this run has."""
    return next(_numbers)


def stream(reason: Reason = Reason.COMPLETED, *, trace: bytes = b"") -> list[Made]:
    """The four spans of a run with one model stream in it, the root last, as they are exported."""
    trace = trace or new_trace()
    cut: dict[str, Value] = {
        semconv.CUTOFF: reason not in (Reason.COMPLETED, Reason.REJECTED, Reason.CANCELLED),
        semconv.TERMINATION_REASON: str(reason),
    }
    root = Made(trace, "invoke_workflow writers", attributes=cut)
    agent = Made(trace, "invoke_agent writer", root.id, attributes=cut)
    chat = Made(trace, "chat test-model", agent.id, attributes={**cut, "n": number()})
    return [Made(trace, "POST", chat.id, {"http.request.method": "POST"}), chat, agent, root]


def request(spans: Iterable[Made], scope: str = semconv.SCOPE) -> bytes:
    """One export request."""
    message = ExportTraceServiceRequest()
    block = message.resource_spans.add()
    block.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value="made")))
    block_of_scope = block.scope_spans.add()
    block_of_scope.scope.name = scope
    now = time.time_ns()
    for span in spans:
        attributes = _pairs(span.attributes)
        events = [_chunk(now, index) for index in range(span.chunks)]
        events += [Span.Event(time_unix_nano=now, name=name, attributes=_pairs(each)) for name, each in span.events]
        block_of_scope.spans.append(
            Span(
                trace_id=span.trace,
                span_id=span.id,
                parent_span_id=span.parent,
                name=span.name,
                kind=Span.SPAN_KIND_INTERNAL,
                start_time_unix_nano=now - round(span.seconds * 1e9),
                end_time_unix_nano=now,
                attributes=attributes,
                events=events,
            )
        )
    return message.SerializeToString()


def _chunk(now: int, index: int) -> Span.Event:
    attributes: dict[str, Value] = {semconv.CHUNK_INDEX: index, semconv.CHUNK_KIND: "text", semconv.CHUNK_SIZE: 12}
    attributes |= {semconv.CHUNK_ELAPSED: 0.1 * index, semconv.CHUNK_GAP: 0.1}
    return Span.Event(time_unix_nano=now, name=semconv.CHUNK_EVENT, attributes=_pairs(attributes))


def log_request(name: str, body: str, attributes: Mapping[str, Value], *, scope: str) -> bytes:
    """One export request with one log record; a record with a name is an event."""
    message = ExportLogsServiceRequest()
    block = message.resource_logs.add().scope_logs.add()
    block.scope.name = scope
    record = LogRecord(time_unix_nano=time.time_ns(), event_name=name, attributes=_pairs(attributes))
    record.body.string_value = body
    block.log_records.append(record)
    return message.SerializeToString()


def counter_request(name: str, value: int) -> bytes:
    """One counter with one value, as a job exports it when it ends."""
    message = ExportMetricsServiceRequest()
    block = message.resource_metrics.add()
    block.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value="made")))
    metric = block.scope_metrics.add().metrics.add(name=name)
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    now = time.time_ns()
    metric.sum.data_points.add(start_time_unix_nano=now - 10**9, time_unix_nano=now, as_int=value)
    return bytes(message.SerializeToString())


def _pairs(attributes: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_any(value)) for name, value in attributes.items()]


def _any(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(string_value=value)


def send(url: str, body: bytes, seconds: float = 10.0, *, path: str = "traces") -> int:
    """The status with which a Collector answers an export over HTTP; 0 if it does not answer. 200 acknowledges."""
    post = urllib.request.Request(f"{url}/v1/{path}", body, {"Content-Type": "application/x-protobuf"})
    try:
        with urllib.request.urlopen(post, timeout=seconds) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0


class Backend(Collector):
    """Takes OTLP over HTTP, and writes what it took to a file."""

    def __init__(self, folder: Path, *overlays: str, **variables: str) -> None:
        super().__init__(folder, Path(__file__).with_name("backend.yaml"), *overlays, **variables)

    @property
    def taken(self) -> str:
        """All that it took, as text."""
        file = self.folder / "taken.jsonl"
        return file.read_text() if file.exists() else ""

    def spans(self) -> list[dict[str, Any]]:
        """Every span that it took, with the name of its scope."""
        return [
            span | {"scope": block_of_scope.get("scope", {}).get("name", "")}
            for block in self._blocks("resourceSpans")
            for block_of_scope in block["scopeSpans"]
            for span in block_of_scope["spans"]
        ]

    def records(self) -> list[dict[str, Any]]:
        """Every log record that it took."""
        return [
            record | {"scope": block_of_scope.get("scope", {}).get("name", "")}
            for block in self._blocks("resourceLogs")
            for block_of_scope in block["scopeLogs"]
            for record in block_of_scope["logRecords"]
        ]

    def _blocks(self, name: str) -> list[dict[str, Any]]:
        lines = self.taken.splitlines(keepends=True)
        return [block for line in lines if line.endswith("\n") for block in json.loads(line).get(name, [])]

    def traces(self) -> dict[str, set[str]]:
        """The ids of the spans of each trace, in hexadecimal."""
        found: dict[str, set[str]] = defaultdict(set)
        for span in self.spans():
            found[span["traceId"]].add(span["spanId"])
        return found


def plain(attributes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Attributes as a backend has them, as a dictionary."""
    return {item["key"]: next(iter(item["value"].values()), None) for item in attributes}


def whole(spans: Iterable[Made]) -> dict[str, set[str]]:
    """The ids of the spans of each trace, as `Backend.traces` gives them."""
    found: dict[str, set[str]] = defaultdict(set)
    for span in spans:
        found[span.trace.hex()].add(span.id.hex())
    return found
