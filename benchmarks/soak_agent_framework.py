# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The part of the soak that is Agent Framework's: streams of a chat client, left in every way, whoever makes their spans."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from collections.abc import AsyncIterator
from typing import Any

from agent_framework import BaseChatClient, ChatResponseUpdate, Content, Message
from agent_framework.observability import OBSERVABILITY_SETTINGS, ChatTelemetryLayer
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from benchmarks.soak import BLOCKS, ENDINGS, Alive, ProviderFailed, Spans, goes_on, settle
from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.streams import open_streams


class _Client(ChatTelemetryLayer[Any], BaseChatClient[Any]):
    """Short streams, some of which fail, and some of which wait."""

    OTEL_PROVIDER_NAME = "soak"

    def _inner_get_response(self, *, messages: Any, stream: bool, options: Any, **kwargs: Any) -> Any:
        return self._build_response_stream(_updates(options["model"]))


async def _updates(how: str) -> AsyncIterator[ChatResponseUpdate]:
    for number in range(3):
        yield ChatResponseUpdate(role="assistant", contents=[Content.from_text("word ")])
        if number == 1 and how == "provider":
            raise ProviderFailed
        if number == 1 and how == "waits":
            await asyncio.sleep(3600)
    yield ChatResponseUpdate(role="assistant", contents=[], finish_reason="stop")


async def _close(stream: Any) -> list[Any]:
    got = [await anext(stream), await anext(stream)]
    await stream.close()
    return got


async def _endings(client: _Client, alive: Alive, choose: random.Random, count: int) -> None:
    """Streams one after another."""
    names = list(ENDINGS)
    for number in range(count):
        how = choose.choice(names)
        leave, items = ENDINGS[how]
        message = Message("user", ["hello"])
        stream = client.get_response([message], stream=True, options={"model": how})
        alive.watch(message)
        alive.watch(stream)
        got = await (_close if how == "aclose" else leave)(stream)
        if len(got) != items:
            raise AssertionError(f"{how}: the application got {got!r}")
        del message, stream, got
        if number % 500 == 0:
            goes_on()
            gc.collect()
    await settle()


async def nothing_is_lost(count: int, *, telemetry: bool) -> str:
    """As of AutoGen's streams; `telemetry` is Agent Framework's own, in whose spans the endings then are."""
    spans, alive, choose = Spans(), Alive(), random.Random(11)
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    provider.add_span_processor(spans)
    instrumentor = AutoGenStreamsInstrumentor()
    instrumentor.instrument(meter_provider=MeterProvider([InMemoryMetricReader()]), chunk_events=8)
    before, OBSERVABILITY_SETTINGS.enable_instrumentation = OBSERVABILITY_SETTINGS.enable_instrumentation, telemetry
    try:
        client = _Client()
        await _endings(client, alive, choose, count // 10)
        blocks = sys.getallocatedblocks()
        await _endings(client, alive, choose, count)
        blocks = sys.getallocatedblocks() - blocks
        alive.watch(client)
        del client
        await settle()
    finally:
        OBSERVABILITY_SETTINGS.enable_instrumentation = before
        instrumentor.uninstrument()
        provider._active_span_processor._span_processors = ()
    begun, ended = count + count // 10, spans.reasons.total()
    if (begun, begun) != (spans.started, ended) or "None" in spans.reasons or open_streams.open_streams():
        raise AssertionError(f"{begun} streams, {spans.started} spans begun, {dict(spans.reasons)} ended")
    if abs(blocks) > BLOCKS or len(alive):
        raise AssertionError(f"{blocks:,} blocks of memory are held, {len(alive)} objects of the application alive")
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(spans.reasons.items()))
    whose = "its own spans" if telemetry else "our spans"
    return (
        f"Agent Framework, {whose}: {ended} for {begun} streams ({reasons}); {blocks:+,} blocks held; no object alive"
    )
