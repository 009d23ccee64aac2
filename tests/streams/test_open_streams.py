# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams that are let go, and streams that are open when the process ends or forks."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from lastchunk.semconv import Operation
from lastchunk.streams import open_streams
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start
from tests.conftest import Exported, Instrument


def _stream() -> AsyncGenerator[Any, None]:
    return ReplayChatCompletionClient(["one two three"]).create_stream([])


async def _begun() -> AsyncGenerator[Any, None]:
    stream = _stream()
    await anext(stream)
    return stream


class Locked(SpanProcessor):
    """A processor with a lock that is not re-entrant, as the SDK has several."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls: list[str] = []
        self.deadlocks = 0

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self._call(f"start {span.name}")

    def on_end(self, span: ReadableSpan) -> None:
        self._call(f"end {span.name}")

    def _call(self, what: str) -> None:
        if self.lock.acquire(timeout=0.5):
            self.calls.append(what)
            self.lock.release()
        else:
            self.deadlocks += 1


@pytest.fixture(name="locked")
def _locked(instrument: Instrument) -> Iterator[Locked]:
    processor, provider = Locked(), TracerProvider()
    provider.add_span_processor(processor)
    instrument(tracer_provider=provider)
    yield processor
    assert not processor.deadlocks


async def test_a_finaliser_does_not_call_opentelemetry(locked: Locked) -> None:
    """Garbage collection may run one while the SDK holds its lock: to end the span there would hang the process."""
    stream = await _begun()
    with locked.lock:
        del stream
        gc.collect()
    assert locked.calls == ["start chat"]
    await asyncio.sleep(0)
    assert locked.calls == ["start chat", "end chat"]


async def test_nor_does_that_of_a_stream_in_a_cycle(locked: Locked) -> None:
    """The cyclic collector finds it, at any allocation of anybody."""
    stream = await _begun()
    cycle: list[Any] = [stream]
    cycle.append(cycle)
    with locked.lock:
        del stream, cycle
        gc.collect()
    await asyncio.sleep(0)
    assert locked.calls == ["start chat", "end chat"]


async def test_a_drop_in_another_thread(locked: Locked) -> None:
    """The last reference may be dropped in any thread; the span ends on the loop."""
    held = [await _begun()]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert locked.calls == ["start chat"]
    await asyncio.sleep(0.01)
    assert locked.calls == ["start chat", "end chat"]


def test_a_drop_after_the_loop(exported: Exported) -> None:
    """Its loop was closed without closing generators; whoever begins a stream next ends this one."""
    loop = asyncio.new_event_loop()
    stream = loop.run_until_complete(_begun())
    loop.close()
    del stream
    gc.collect()
    assert exported.all == []
    other = asyncio.run(_begun())
    assert [span.attributes["lastchunk.stream.termination.reason"] for span in exported.ours] == [
        "abandoned",
        "process_exit",
    ]
    del other


async def test_the_drain_leaves_nothing(exported: Exported) -> None:
    """Each that was let go ends once, although the loop was told of each."""
    streams = [await _begun() for _ in range(5)]
    assert len(open_streams.open_streams()) == 5
    del streams
    open_streams.drain()
    assert len(exported.ours) == 5
    open_streams.drain()
    await asyncio.sleep(0.01)
    assert len(exported.ours) == 5
    assert open_streams.open_streams() == []


def test_a_stream_is_ended_by_whoever_began_it() -> None:
    """Another `instrument()` may have come since, with other settings and other meters."""
    ended: list[tuple[str, StreamRecord]] = []

    def begin(name: str) -> StreamRecord:
        def end(record: StreamRecord, **how: Any) -> None:
            assert open_streams.remove(record)
            assert set(how) == {"left", "at"}
            ended.append((name, record))

        record = StreamRecord(Start(operation=Operation.CHAT, subject=0), None, 32)
        open_streams.add(record, end)
        return record

    first, second = begin("first"), begin("second")
    for record in (second, first):
        open_streams.let_go(record)
    open_streams.drain()
    assert ended == [("second", second), ("first", first)]


PROGRAM = """
import asyncio, os, sys
from autogen_ext.models.replay import ReplayChatCompletionClient
from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.semconv import Operation
from lastchunk.streams import open_streams
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

class Printer(SpanExporter):
    def export(self, spans):
        for span in spans:
            print(os.getpid() == parent, span.name, span.attributes["lastchunk.stream.termination.reason"], flush=True)

parent = os.getpid()
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(Printer()))
trace.set_tracer_provider(provider)
AutoGenStreamsInstrumentor().instrument()
client = ReplayChatCompletionClient(["one two three"] * 9)

async def begun():
    stream = client.create_stream([])
    await anext(stream)
    return stream
"""


def _run(tmp_path: Path, program: str) -> tuple[list[str], str]:
    """Return what a separate program prints, and what it complains about."""
    file = tmp_path / "program.py"
    file.write_text(PROGRAM + program)
    environment = {**os.environ, "PYTHONWARNINGS": "ignore::DeprecationWarning"}
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, timeout=50, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_at_exit_open_streams_end(tmp_path: Path) -> None:
    """Before the provider's own handler: what it exports then is complete."""
    printed, complaints = _run(
        tmp_path,
        """
loop = asyncio.new_event_loop()
kept = loop.run_until_complete(begun())
dropped = loop.run_until_complete(begun())
loop.close()
del dropped
print("the end", flush=True)
""",
    )
    assert printed == ["the end", "True chat abandoned", "True chat process_exit"]
    assert complaints == ""


def test_after_a_fork_the_streams_are_the_parents(tmp_path: Path) -> None:
    """In the child they are neither open, nor do they end when they die there; its own do."""
    printed, complaints = _run(
        tmp_path,
        """
async def main():
    kept, let_go = await begun(), await begun()
    loop = asyncio.new_event_loop()
    del let_go
    if os.fork() == 0:
        asyncio._set_running_loop(None)
        assert open_streams.open_streams() == []
        del kept
        open_streams.drain()
        assert open_streams.open_streams() == []
        own = loop.run_until_complete(begun())
        assert len(open_streams.open_streams()) == 1
        loop.run_until_complete(own.aclose())
        provider.force_flush()
        os._exit(0)
    assert os.wait()[1] == 0
    assert len(open_streams.open_streams()) == 2
    await asyncio.sleep(0)
    await kept.aclose()
    loop.close()

asyncio.run(main())
""",
    )
    assert sorted(printed) == ["False chat abandoned", "True chat abandoned", "True chat abandoned"]
    assert complaints == ""
