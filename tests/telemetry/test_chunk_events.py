# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Chunk events are the same whether they are made when they are read or added when the span ends."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lastchunk import semconv
from lastchunk.semconv import ChunkKind, Operation
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start
from lastchunk.telemetry.chunk_events import ChunkEvents, _takes_ours, add_chunk_events

CHUNKS = 100
KEPT = 32


def record() -> StreamRecord:
    """A stream of a hundred chunks, some after a long gap."""
    made = StreamRecord(Start(operation=Operation.CHAT, subject=1), None, KEPT)
    at = made.began_at
    for index in range(CHUNKS):
        at += 2.5 if index % 30 == 29 else 0.01
        made.step_begins(at - 0.005)
        made.chunk(ChunkKind.TOOL_CALL if index % 7 == 0 else ChunkKind.TEXT, index, at, made.step_ends(at))
    return made


def events_of(of: StreamRecord) -> int:
    assert of.sample is not None
    return len(of.sample.chunks(CHUNKS))


def ended(of: StreamRecord, *, limits: SpanLimits | None = None, own_event: bool = False) -> tuple[Span, ReadableSpan]:
    """A span of the SDK with the events of `of`, and what its exporter is given."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = provider.get_tracer("test").start_span("chat")
    assert isinstance(span, Span)
    if own_event:
        span.add_event("the application's own")
    add_chunk_events(span, of)
    span.end()
    (exported,) = exporter.get_finished_spans()
    return span, exported


def told(span: ReadableSpan) -> Sequence[tuple[str, dict[str, object], int]]:
    return [(event.name, dict(event.attributes or {}), event.timestamp) for event in span.events]


def test_events_made_when_read_are_those_that_would_be_added() -> None:
    """The oldest and the newest SDK that are supported both take them: the tests run with each."""
    of = record()
    span, exported = ended(of)
    assert isinstance(span._events, ChunkEvents), "this SDK's span is not of the shape that we know"
    _, added = ended(of, own_event=True)
    own, *others = told(added)
    assert own[0] == "the application's own"
    assert told(exported) == others
    assert len(others) == events_of(of) > 20
    assert {name for name, _, _ in others} == {semconv.CHUNK_EVENT}
    assert others[-1][1][semconv.CHUNK_INDEX] == CHUNKS - 1


def test_they_are_read_as_often_as_one_likes_and_in_every_way() -> None:
    of = record()
    span, exported = ended(of)
    assert told(exported) == told(exported)
    assert len(exported.events) == len(span._events) == events_of(of)
    assert exported.events[-1].attributes == span._events[-1].attributes
    assert [event.timestamp for event in span._events[:2]] == [event.timestamp for event in exported.events[:2]]
    assert exported.dropped_events == 0
    assert len(copy.copy(exported).events) == events_of(of)
    assert f'"name": "{semconv.CHUNK_EVENT}"' in exported.to_json()


def test_the_sdk_s_limit_of_events_holds() -> None:
    of = record()
    kept = events_of(of)
    span, exported = ended(of, limits=SpanLimits(max_events=kept - 1))
    assert not isinstance(span._events, ChunkEvents)
    assert len(exported.events) == kept - 1
    assert exported.dropped_events == 1


@pytest.mark.parametrize("limits", [{"max_event_attributes": 4}, {"max_attribute_length": 8}], ids=str)
def test_a_limit_that_would_cut_an_attribute_is_left_to_the_sdk(limits: dict[str, int]) -> None:
    provider = TracerProvider(span_limits=SpanLimits(**limits), shutdown_on_exit=False)
    span = provider.get_tracer("test").start_span("chat")
    assert not _takes_ours(span, 1)
    span.end()


def test_a_span_of_another_kind_is_given_events() -> None:
    class Other(trace.NonRecordingSpan):
        given: list[str] = []  # noqa: RUF012 (of the one instance)

        def add_event(self, name: str, attributes: object = None, timestamp: object = None) -> None:
            self.given.append(name)

    span = Other(trace.INVALID_SPAN_CONTEXT)
    of = record()
    add_chunk_events(span, of)
    assert span.given == [semconv.CHUNK_EVENT] * events_of(of)


def test_a_stream_without_chunks_has_none() -> None:
    _, exported = ended(StreamRecord(Start(operation=Operation.CHAT, subject=1), None, KEPT))
    assert exported.events == ()
