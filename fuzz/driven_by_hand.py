# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Steps made, sent to, thrown into, closed and forgotten in any order: what no `async for` does, and any application may."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from random import Random
from typing import Any

from fuzz.bodies import BODIES, Boom, Log, Wait, by_hand
from fuzz.seen import outcome, overheard

Make = Callable[[int, Log, Wait], AsyncGenerator[Any, Any]]
"""Makes the generator of a body, by its number: bare, or observed."""

_MAKES = ("anext",) * 4 + ("default", "asend", "athrow", "aclose")
_DRIVES = ("send",) * 8 + ("throw", "throw", "close", "await", "used", "forget", "collect")
_THROWN: tuple[Callable[[], Any], ...] = (
    lambda: Boom("x"),
    lambda: asyncio.CancelledError("c"),
    lambda: GeneratorExit(),
    lambda: StopAsyncIteration("s"),
    lambda: KeyboardInterrupt(),
    lambda: Boom,
)


def body_of(random: Random) -> int:
    """Which body a use is of: the first thing that is drawn."""
    return random.randrange(len(BODIES))


def use(random: Random, make: Make) -> list[Any]:
    """One random use; the same for the same state of `random`."""
    log: Log = []
    seen: list[Any] = []
    with overheard(log):
        stream: Any = make(body_of(random), log, by_hand)
        in_cycle = random.random() < 0.1
        if in_cycle:
            cycle: list[Any] = [stream]
            cycle.append(cycle)
            del cycle
        steps: list[Any] = []
        over: list[Any] = []
        for _ in range(random.randrange(3, 16)):
            what = random.choice(_MAKES + _DRIVES)
            number, sent, thrown = random.randrange(30), random.choice((None, None, "v")), random.choice(_THROWN)
            result = _do(what, stream, steps, over, number, sent, thrown)
            seen.append((what, result, stream.ag_running, stream.ag_frame is None, len(log)))
        drops = [steps.clear, over.clear]
        random.shuffle(drops)
        for drop in drops[: random.randrange(3)]:
            drop()
        del stream
        seen.append(len(log))
        steps.clear()
        over.clear()
        seen.append(len(log))
        # What refuses to be closed is garbage a second time.
        for _ in range(3):
            gc.collect()
    return [*seen, log]


def _do(
    what: str, stream: Any, steps: list[Any], over: list[Any], number: int, sent: Any, thrown: Callable[[], Any]
) -> Any:
    if what in _MAKES:
        return outcome(lambda: steps.append(_made(what, stream, sent, thrown)))
    if what == "collect":
        gc.collect(0)
        return None
    # Mostly the newest; and one that is over is as good as any, to be refused.
    live = over if what == "used" else steps
    if not live:
        return None
    place = number % len(live) if number % 3 else -1
    if what == "forget":
        del live[place]
        return None
    step = live[place]
    if what == "await":
        live[place] = _awaited(step)
        return None
    call = {"throw": lambda: step.throw(thrown()), "close": step.close}.get(what, lambda: step.send(sent))
    result = outcome(call)
    if result[0] == "raises" and live is steps:
        over.append(live.pop(place))
    return result


def _made(what: str, stream: Any, sent: Any, thrown: Callable[[], Any]) -> Any:
    match what:
        case "anext":
            return anext(stream)
        case "default":
            return anext(stream, "no more")
        case "asend":
            return stream.asend(sent)
        case "athrow":
            return stream.athrow(thrown())
        case _:
            return stream.aclose()


async def _awaited(step: Any) -> Any:
    return await step
