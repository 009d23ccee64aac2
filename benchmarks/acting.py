# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What it costs that an application is told its endings: observing without an SDK, `guard`, and `on_ending`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.application import OwnClient, create_stream, provide, run_client
from benchmarks.measure import Row, paired
from benchmarks.side_by_side import SideBySide, side_by_side
from lastchunk import AutoGenStreamsInstrumentor, guard
from lastchunk.instrumentor import observe, stop_observing
from lastchunk.streams import wanted

LONG = 10_000_000
STREAMS = 200


class _Guarded:
    """`guard` is switched on and off; observed are the streams all the time."""

    def __init__(self, **limits: float) -> None:
        self._limits = limits
        self._wrap: Callable[[Any], Any] = lambda stream: stream

    def on(self) -> None:
        self._wrap = lambda stream: guard(stream, **self._limits)

    def off(self) -> None:
        self._wrap = lambda stream: stream

    def open(self, client: OwnClient) -> Any:
        return self._wrap(create_stream(client))


def _forget() -> None:
    wanted.endings = False
    stop_observing()


def _added(name: str, result: SideBySide) -> Row:
    measured = f"{result.added_us:.2f} µs on {result.bare_us:.2f} µs{result.noisy}"
    return Row(name, "as low as can be", measured, f"± {result.noise_us:.2f} µs", "", None)


async def rows(limit: float) -> list[Row]:
    """The table's lines; `limit` is how many seconds each may take."""
    client = OwnClient(LONG)
    _forget()
    observed = await side_by_side(lambda: create_stream(client), LONG, 400, observe, _forget, limit)
    lines = [_added("`create_stream` observed without an SDK, added per chunk", observed)]
    observe()
    for name, limits in (
        ("`guard(stream)`", {}),
        ("`guard(stream, first=…, stall=…)`", {"first": 60.0, "stall": 60.0}),
    ):
        guarded = _Guarded(**limits)
        result = await side_by_side(lambda of=guarded: of.open(client), LONG, 400, guarded.on, guarded.off, limit)
        lines.append(_added(f"{name} around an observed stream, added per chunk", result))
    _forget()
    return [*lines, await _on_ending(limit)]


async def _on_ending(limit: float) -> Row:
    """With an SDK and all signals: a function that does nothing, for each stream."""
    provide()
    instrumentor, short = AutoGenStreamsInstrumentor(), OwnClient(1)
    instrumentor.instrument()

    def again(**options: Any) -> None:
        instrumentor.uninstrument()
        instrumentor.instrument(**options)

    async def streams() -> None:
        for _ in range(STREAMS):
            await run_client(short)

    result = await paired(
        streams, STREAMS, lambda: again(on_ending=lambda ending, about: None), lambda: again(), limit=limit
    )
    instrumentor.uninstrument()
    measured = f"{result.ratio:.3f} × ({result.added_us:+.1f} µs on {result.bare_us:.0f} µs){result.noisy}"
    name = "`on_ending`, one stream of one chunk, all signals on"
    return Row(name, "as low as can be", measured, f"± {result.noise_us:.1f} µs", "", None)
