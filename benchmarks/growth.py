# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What grows with the number of streams: many in one loop, a begin beside many that are open, spans that wait for export."""

from __future__ import annotations

import gc
import time
import tracemalloc

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from benchmarks.application import QUESTION, OwnClient, provide, run_client
from benchmarks.measure import Row
from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.settings import MOST_CHUNK_EVENTS

STREAMS, CHUNKS, ROUNDS = 10_000, 100, 3
HELD = 500
_FEW = 10


async def _side_by_side() -> float:
    """Microseconds of CPU for each of many streams that are driven in turns, a chunk at a time."""
    streams = [OwnClient(CHUNKS).create_stream(QUESTION) for _ in range(STREAMS)]
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        for _ in range(CHUNKS + 1):
            for stream in streams:
                await anext(stream)
        for stream in streams:
            await anext(stream, None)
        return (time.process_time() - began) / STREAMS * 1e6
    finally:
        gc.enable()


async def _begin(beside: int) -> float:
    """Microseconds of the first step of a stream while so many others are open; the best of many."""
    client, best = OwnClient(CHUNKS), float("inf")
    others = [client.create_stream(QUESTION) for _ in range(beside)]
    for other in others:
        await anext(other)
    gc.collect()
    gc.disable()
    for _ in range(300):
        stream = client.create_stream(QUESTION)
        began = time.perf_counter()
        await anext(stream)
        best = min(best, time.perf_counter() - began)
        await stream.aclose()
    gc.enable()
    for other in others:
        await other.aclose()
    return best * 1e6


async def _held(chunk_events: int) -> float:
    """Bytes that one finished span holds."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor, client = AutoGenStreamsInstrumentor(), OwnClient(CHUNKS)
    instrumentor.instrument(tracer_provider=provider, chunk_events=chunk_events)
    await run_client(client)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(HELD):
        await run_client(client)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    instrumentor.uninstrument()
    return held / HELD


async def _event_exported() -> float:
    """Bytes that OTLP has for one chunk event of a finished span, the most that a stream may have taken together."""
    spans: list[ReadableSpan] = []
    for chunk_events in (0, MOST_CHUNK_EVENTS):
        exporter, provider = (
            InMemorySpanExporter(),
            TracerProvider(span_limits=SpanLimits(max_events=MOST_CHUNK_EVENTS)),
        )
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        instrumentor = AutoGenStreamsInstrumentor()
        instrumentor.instrument(tracer_provider=provider, chunk_events=chunk_events)
        await run_client(OwnClient(3 * MOST_CHUNK_EVENTS))
        instrumentor.uninstrument()
        spans += exporter.get_finished_spans()
    without, with_events = (len(encode_spans([span]).SerializeToString()) for span in spans)
    return (with_events - without) / len(spans[1].events)


async def rows() -> list[Row]:
    """The table's lines."""
    provide()
    instrumentor = AutoGenStreamsInstrumentor()
    took: dict[str, list[float]] = {"off": [], "on": []}
    for _ in range(ROUNDS):
        took["off"].append(await _side_by_side())
        instrumentor.instrument()
        took["on"].append(await _side_by_side())
        instrumentor.uninstrument()
    off, on = min(took["off"]), min(took["on"])
    instrumentor.instrument()
    few, many = await _begin(_FEW), await _begin(STREAMS)
    instrumentor.uninstrument()
    events = (await _held(32) - await _held(0)) / 1024
    exported = await _event_exported()
    return [
        Row(
            f"{STREAMS:,} streams of {CHUNKS} chunks in one loop, added per stream",
            "≤ 500 µs",
            f"{on - off:.0f} µs on {off:.0f} µs",
            "",
            "",
            on - off <= 500,
        ),
        Row(
            f"begin of a stream with {STREAMS:,} open",
            f"as with {_FEW}",
            f"{many:.1f} µs",
            "",
            f"{few:.1f} µs with {_FEW} open",
            many <= few * 1.1,
        ),
        Row(
            "a finished span with 32 events, above one without",
            "≤ 6 KiB",
            f"{events:.2f} KiB",
            "",
            "",
            events <= 6,
        ),
        Row("one of at most 1,000 chunk events, in the exported span", "", f"{exported:.0f} bytes", "", "", None),
    ]
