# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What one stream costs however short it is: its begin and its end, with span, metrics and log; and where that goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks.application import OwnClient, provide, run_client
from benchmarks.measure import Paired, Row, paired
from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.streams import gathering
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.observer import Observer
from lastchunk.telemetry.logs import Logs
from lastchunk.telemetry.metrics import Metrics
from lastchunk.telemetry.spans import Spans

STREAMS = 200
BUDGETS = ((1, 150), (32, 240))
"""Chunks of a stream, and the microseconds that its begin and end may add."""
_PARTS = (
    (Observer, "begin", "begin"),
    (Streams, "begin", "begin: record, context"),
    (Spans, "begin", "begin: span"),
    (Metrics, "begin", "begin: metrics"),
    (Streams, "end", "end: bookkeeping"),
    (gathering, "outcome_of", "end: evidence and decision"),
    (Spans, "end", "end: span, attributes, events"),
    (Metrics, "end", "end: metrics"),
    (Logs, "end", "end: log"),
)
"""What is timed for the profile; a part that is called by another is taken out of it."""


async def _streams(chunks: int) -> None:
    client = OwnClient(chunks)
    for _ in range(STREAMS):
        await run_client(client)


async def rows(limit: float) -> tuple[list[Row], list[str]]:
    """The table's lines, and the profile as lines of a second table."""
    provide()
    instrumentor = AutoGenStreamsInstrumentor()
    results: list[Paired] = []
    for chunks, _ in BUDGETS:
        results.append(
            await paired(
                lambda chunks=chunks: _streams(chunks),
                STREAMS,
                instrumentor.instrument,
                instrumentor.uninstrument,
                limit=limit,
            )
        )
    lines = [
        Row(
            f"begin and end of a stream of {chunks} chunk{'s and their events' if chunks > 1 else ''}, all signals on",
            f"≤ {most} µs",
            f"{result.added_us:.0f} µs{result.noisy}",
            f"± {result.noise_us:.0f} µs",
            "",
            result.added_us <= most,
        )
        for (chunks, most), result in zip(BUDGETS, results, strict=True)
    ]
    instrumentor.instrument()
    profile = await _profile(results[-1].added_us)
    instrumentor.uninstrument()
    return lines, profile


async def _profile(added: float) -> list[str]:
    """Each part's share, and that share of the microseconds that are `added` to a stream of 32 chunks."""
    own: Counter[str] = Counter()
    stack: list[float] = []
    undo: list[Callable[[], None]] = []

    def watch(owner: Any, name: str, part: str) -> None:
        original = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            stack.append(0.0)
            began = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                took = time.perf_counter() - began
                own[part] += took - stack.pop()
                if stack:
                    stack[-1] += took

        setattr(owner, name, timed)
        undo.append(lambda: setattr(owner, name, original))

    for owner, name, part in _PARTS:
        watch(owner, name, part)
    best: Counter[str] | None = None
    for _ in range(15):
        own.clear()
        await _streams(32)
        if best is None or own.total() < best.total():
            best = Counter(own)
    for step in undo:
        step()
    assert best is not None
    # The clock of each part costs, too, and the machine may be busy: the shares are right where the times are not.
    shares = {part: best[part] / best.total() for _, _, part in _PARTS}
    return [f"| {part} | {share:.0%} | {share * added:.0f} |" for part, share in shares.items()]
