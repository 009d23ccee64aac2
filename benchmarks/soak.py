# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Nothing is lost, nothing is kept, nothing hangs: `make soak`; `python -m benchmarks.soak --short` takes a few seconds.

Streams by the ten thousand are left in every way that an application has, also while our own hooks fail at random. Then as
many spans have ended as streams began, the memory is back, and no message, client or generator is alive. In the second part
open streams die in reference cycles while another thread collects metrics and exports spans, which must not hang.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import gc
import logging
import random
import sys
import threading
import time
import tracemalloc
import weakref
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from typing import Any

from autogen_core.models import CreateResult, UserMessage
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from benchmarks.application import CHUNK, OwnClient
from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.streams import open_streams

HANGS_AFTER = 60
"""Seconds without progress after which every thread's stack is shown, and the process ends."""
MEMORY = 2**20
"""Bytes by which memory may differ …"""
BLOCKS = 10_000
"""… and blocks of the interpreter's, of about a hundred bytes each."""


class ProviderFailed(Exception):
    """What the provider raises in one of the endings."""


class LoopFailed(Exception):
    """What the application raises in its own loop."""


class _Client(OwnClient):
    """Short streams, some of which fail, and some of which wait."""

    async def create_stream(self, messages: Any, *, how: str = "", **kwargs: Any) -> AsyncGenerator[Any, None]:
        """Three chunks and a result, unless `how` says otherwise."""
        for number in range(3):
            yield CHUNK
            if number == 1 and how == "provider":
                raise ProviderFailed
            if number == 1 and how == "waits":
                await asyncio.sleep(3600)
        yield self._result


class Spans(SpanProcessor):
    """Counts, and keeps nothing."""

    def __init__(self) -> None:
        self.started = 0
        self.reasons: Counter[str] = Counter()

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.started += 1

    def on_end(self, span: ReadableSpan) -> None:
        self.reasons[str((span.attributes or {}).get("lastchunk.stream.termination.reason"))] += 1


class Alive:
    """The application's own objects, by weak references, as far as they are still alive."""

    def __init__(self) -> None:
        self._references: dict[int, Any] = {}

    def watch(self, thing: object) -> None:
        """Remember `thing` as long as it lives."""
        reference = weakref.ref(thing, lambda dead: self._references.pop(id(dead)))
        self._references[id(reference)] = reference

    def __len__(self) -> int:
        return len(self._references)


async def _exhaust(stream: Any) -> list[Any]:
    return [item async for item in stream]


async def _break(stream: Any) -> list[Any]:
    async for item in stream:
        return [item]
    return []


async def _break_and_keep(stream: Any) -> list[Any]:
    got = await _break(stream)
    await asyncio.sleep(0)
    del stream
    return got


async def _close(stream: Any) -> list[Any]:
    got = [await anext(stream), await anext(stream)]
    await stream.aclose()
    return got


async def _cancel(stream: Any) -> list[Any]:
    task = asyncio.create_task(_exhaust(stream))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return []


async def _raise(stream: Any) -> list[Any]:
    got: list[Any] = []
    with suppress(LoopFailed):
        async for item in stream:
            got.append(item)
            raise LoopFailed
    return got


async def _provider(stream: Any) -> list[Any]:
    got: list[Any] = []
    try:
        async for item in stream:
            got.append(item)
    except ProviderFailed:
        return got
    raise AssertionError("the provider's exception did not arrive")


async def _cycle(stream: Any) -> list[Any]:
    got = [await anext(stream)]
    knot: list[Any] = [stream]
    knot.append(knot)
    return got


def goes_on() -> None:
    """Progress: the watchdog starts anew. On a busy machine all of it may take long."""
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)


Leave = Callable[[Any], Awaitable[list[Any]]]
ENDINGS: dict[str, tuple[Leave, int]] = {
    "exhaust": (_exhaust, 4),
    "break": (_break, 1),
    "break_and_keep": (_break_and_keep, 1),
    "aclose": (_close, 2),
    "waits": (_cancel, 0),
    "raise": (_raise, 1),
    "provider": (_provider, 2),
    "cycle": (_cycle, 1),
}
"""How a stream is left, and how many items the application gets."""


async def _one(client: _Client, how: str, alive: Alive) -> None:
    """One stream, and what the application got of it."""
    leave, items = ENDINGS[how]
    message = UserMessage(content="hello", source="user")
    stream: Any = client.create_stream([message], how=how)
    alive.watch(message)
    alive.watch(stream)
    got = await leave(stream)
    if len(got) != items or any(item is not CHUNK for item in got[:3]):
        raise AssertionError(f"{how}: the application got {got!r}")
    if how == "exhaust" and not isinstance(got[3], CreateResult):
        raise AssertionError("the result did not arrive")


async def _endings(client: _Client, alive: Alive, choose: random.Random, sequential: int, concurrent: int) -> int:
    """Streams one after another, and then at once; how many of the latter were counted as open."""
    names = list(ENDINGS)
    for number in range(sequential):
        await _one(client, choose.choice(names), alive)
        if number % 1000 == 0:
            goes_on()
            gc.collect()
    goes_on()
    opened: list[Any] = []
    for _ in range(concurrent):
        message = UserMessage(content="hello", source="user")
        stream = client.create_stream([message])
        alive.watch(message)
        alive.watch(stream)
        await anext(stream)
        opened.append(stream)
    counted = len(open_streams.open_streams())
    for stream in opened[: concurrent // 2]:
        await stream.aclose()
    del opened, stream, message
    await settle()
    return counted


async def settle() -> None:
    """Let finalisers and what they have the loop do run."""
    for _ in range(3):
        gc.collect()
        await asyncio.sleep(0.01)


async def nothing_is_lost(sequential: int, concurrent: int) -> str:
    """Spans ended = streams begun; the memory is back; nothing of the application's is alive."""
    spans, alive, choose = Spans(), Alive(), random.Random(5)
    provider = TracerProvider()
    provider.add_span_processor(spans)
    instrumentor = AutoGenStreamsInstrumentor()
    instrumentor.instrument(
        tracer_provider=provider, meter_provider=MeterProvider([InMemoryMetricReader()]), chunk_events=8
    )
    try:
        client = _Client(3)
        await _endings(client, alive, choose, sequential // 10, concurrent // 10)
        blocks = sys.getallocatedblocks()
        counted = await _endings(client, alive, choose, sequential, concurrent)
        blocks = sys.getallocatedblocks() - blocks
        # Tracing takes most of the time, so only a part of them is measured in bytes.
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await _endings(client, alive, choose, sequential // 10, concurrent // 10)
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        alive.watch(client)
        del client
        await settle()
    finally:
        instrumentor.uninstrument()
    begun, ended = sequential + concurrent + 2 * (sequential // 10 + concurrent // 10), spans.reasons.total()
    if begun != spans.started or ended != begun or counted != concurrent or open_streams.open_streams():
        raise AssertionError(
            f"{begun} streams, {spans.started} spans begun, {ended} ended; {counted} of {concurrent} open"
        )
    if abs(held) > MEMORY or abs(blocks) > BLOCKS:
        raise AssertionError(f"{held:,} bytes are still held, {blocks:,} blocks of memory after the larger part")
    if len(alive):
        raise AssertionError(f"{len(alive)} objects of the application are still alive")
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(spans.reasons.items()))
    return f"{ended} spans for {spans.started} streams ({reasons}); {held:+,} bytes, {blocks:+,} blocks held; no object alive"


@contextmanager
def failing_hooks(choose: random.Random, share: float) -> Iterator[Counter[str]]:
    """Our own code raises at random, wherever it is called per stream or per chunk."""
    from lastchunk.streams import gathering
    from lastchunk.streams.lifecycle import Streams
    from lastchunk.streams.record import StreamRecord
    from lastchunk.telemetry.metrics import Metrics
    from lastchunk.telemetry.spans import Spans

    raised: Counter[str] = Counter()
    undo: list[Callable[[], None]] = []

    def break_(owner: Any, name: str) -> None:
        original = vars(owner)[name]

        def failing(*args: Any, **kwargs: Any) -> Any:
            if choose.random() < share:
                raised[f"{owner.__name__}.{name}"] += 1
                raise RuntimeError("a hook failed")
            return original(*args, **kwargs)

        setattr(owner, name, failing)
        undo.append(lambda: setattr(owner, name, original))

    for owner, name in (
        (Streams, "begin"),
        (gathering, "outcome_of"),
        (StreamRecord, "chunk"),
        (StreamRecord, "result"),
        (Spans, "begin"),
        (Spans, "enter"),
        (Spans, "end"),
        (Metrics, "begin"),
        (Metrics, "end"),
    ):
        break_(owner, name)
    try:
        yield raised
    finally:
        for step in undo:
            step()


async def our_failures_change_nothing(sequential: int) -> str:
    """The application gets the same while our hooks fail at random, and nothing stays open or alive."""
    alive, choose = Alive(), random.Random(7)
    provider = TracerProvider()
    instrumentor = AutoGenStreamsInstrumentor()
    logging.getLogger("lastchunk").setLevel(logging.CRITICAL)
    instrumentor.instrument(tracer_provider=provider)
    try:
        with failing_hooks(choose, 0.1) as raised:
            await _endings(_Client(3), alive, choose, sequential, sequential // 10)
            await settle()
    finally:
        instrumentor.uninstrument()
        logging.getLogger("lastchunk").setLevel(logging.NOTSET)
    if len(alive) or open_streams.open_streams():
        raise AssertionError(f"{len(alive)} objects alive, {len(open_streams.open_streams())} streams open")
    return f"{raised.total()} failures of {len(raised)} hooks in {sequential} streams changed nothing"


class _Exporter(SpanExporter):
    def __init__(self) -> None:
        self.exported = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.exported += len(spans)
        return SpanExportResult.SUCCESS


def garbage_does_not_hang(rounds: int) -> str:
    """Open streams die in cycles, mostly inside of whatever allocates next, also with the SDK's locks held."""
    exporter, ended, reader = _Exporter(), Spans(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=5, max_queue_size=200_000))
    provider.add_span_processor(ended)
    instrumentor = AutoGenStreamsInstrumentor()
    instrumentor.instrument(tracer_provider=provider, meter_provider=MeterProvider([reader]))
    stop = threading.Event()
    collections = 0

    def collect() -> None:
        nonlocal collections
        while not stop.is_set():
            reader.get_metrics_data()
            collections += 1
            time.sleep(0.001)

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    threshold = gc.get_threshold()
    gc.set_threshold(50, 2, 2)

    async def litter() -> None:
        client = _Client(3)
        for number in range(rounds):
            await _cycle(client.create_stream([UserMessage(content="hello", source="user")]))
            if number % 100 == 0:
                goes_on()
                await asyncio.sleep(0)
        # While another thread is inside a collection of garbage, and our finalisers with it, `gc.collect()` does nothing.
        goes_on()
        until = time.monotonic() + HANGS_AFTER / 2
        while ended.reasons.total() < rounds and time.monotonic() < until:
            await settle()

    try:
        asyncio.run(litter())
    finally:
        gc.set_threshold(*threshold)
        stop.set()
        thread.join()
        instrumentor.uninstrument()
    provider.shutdown()
    if exporter.exported != rounds:
        raise AssertionError(f"{exporter.exported} spans of {rounds} streams were exported")
    return f"{rounds} open streams died in cycles during {collections} collections of metrics; none hung, all were exported"


def main(arguments: Sequence[str] | None = None) -> int:
    """Raises AssertionError if anything is lost, kept or changed; ends with all stacks if it hangs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few seconds, for CI")
    short = parser.parse_args(arguments).short
    sequential, concurrent, rounds = (1_000, 300, 1_500) if short else (100_000, 10_000, 30_000)
    parts: list[Callable[[], str]] = [
        lambda: asyncio.run(nothing_is_lost(sequential, concurrent)),
        lambda: asyncio.run(our_failures_change_nothing(sequential // 5)),
        lambda: garbage_does_not_hang(rounds),
    ]
    if find_spec("agent_framework") is not None:  # it needs a newer OpenTelemetry than the oldest we support
        from benchmarks import soak_agent_framework

        for telemetry in (True, False):
            work = partial(soak_agent_framework.nothing_is_lost, sequential // 10, telemetry=telemetry)
            parts.append(lambda work=work: asyncio.run(work()))
    for part in parts:
        goes_on()
        began = time.monotonic()
        print(f"{part()} ({time.monotonic() - began:.1f} s)", flush=True)
    faulthandler.cancel_dump_traceback_later()
    return 0


if __name__ == "__main__":
    sys.exit(main())
