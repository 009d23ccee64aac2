# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What Lastchunk adds to each chunk, in four applications."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from benchmarks import floors
from benchmarks.application import (
    OwnClient,
    create_stream,
    http_client,
    provide,
    run_stream,
    run_team,
)
from benchmarks.measure import Paired, Row, paired
from benchmarks.server import served
from benchmarks.side_by_side import SideBySide, side_by_side
from lastchunk import AutoGenStreamsInstrumentor

IN_PROCESS = 5_000
LONG = 10_000_000
"""Chunks that no measurement gets to the end of."""
OVER_HTTP = 40_000
OF_A_TEAM = 500


async def _compare(run: Callable[[Any], Coroutine[Any, Any, None]], client: Any, chunks: int, limit: float) -> Paired:
    instrumentor = AutoGenStreamsInstrumentor()
    return await paired(lambda: run(client), chunks, instrumentor.instrument, instrumentor.uninstrument, limit=limit)


async def _in_process(open_stream: Callable[[Any], Any], limit: float) -> SideBySide:
    instrumentor = AutoGenStreamsInstrumentor()
    client = OwnClient(LONG)
    return await side_by_side(
        lambda: open_stream(client), LONG, 400, instrumentor.instrument, instrumentor.uninstrument, limit
    )


async def _over_http(open_stream: Callable[[Any], Any], limit: float) -> SideBySide:
    instrumentor = AutoGenStreamsInstrumentor()
    with served() as address:
        client = http_client(f"{address}/{OVER_HTTP}/v1")
        result = await side_by_side(
            lambda: open_stream(client), OVER_HTTP, 20, instrumentor.instrument, instrumentor.uninstrument, limit
        )
        await client.close()
        return result


def _added(name: str, budget: float, result: SideBySide, floor: str = "") -> Row:
    measured = f"{result.added_us:.2f} µs on {result.bare_us:.2f} µs{result.noisy}"
    return Row(name, f"≤ {budget:.1f} µs", measured, f"± {result.noise_us:.2f} µs", floor, result.added_us <= budget)


def _ratio(name: str, budget: float, result: Paired | SideBySide, floor: str = "") -> Row:
    measured = f"{result.ratio:.3f} × ({result.added_us:+.1f} µs on {result.bare_us:.1f} µs){result.noisy}"
    noise = f"± {result.noise_us / result.bare_us:.3f} ×"
    return Row(name, f"≤ {budget:.2f} ×", measured, noise, floor, result.ratio <= budget)


async def rows(limit: float) -> list[Row]:
    """The table's lines; `limit` is how many seconds each may take."""
    provide()
    at_least = await floors.measure(IN_PROCESS, limit)
    floor = ", ".join(f"{result.added_us:.2f} µs {name}" for name, result in at_least.items())
    return [
        _added(
            "`create_stream` in process, added per chunk",
            0.5,
            await _in_process(create_stream, limit),
            floor,
        ),
        _added(
            "`agent.run_stream` in process (run and model stream), added per chunk",
            1.1,
            await _in_process(run_stream, limit),
            "twice the above",
        ),
        _ratio("`create_stream` over HTTP, openai SDK", 1.05, await _over_http(create_stream, limit), "1"),
        _ratio("`agent.run_stream` over HTTP, openai SDK, all layers", 1.07, await _over_http(run_stream, limit), "1"),
        _ratio(
            "a team's `run_stream` in process",
            1.0,
            await _compare(run_team, OwnClient(OF_A_TEAM), OF_A_TEAM, limit),
        ),
    ]


if __name__ == "__main__":
    for row in asyncio.run(rows(float(sys.argv[1]))):
        print(row)
