# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Async generators in any use, bare and as a model client's `create_stream` under Lastchunk."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from random import Random
from typing import Any

from autogen_ext.models.replay import ReplayChatCompletionClient

from fuzz import driven_by_hand, on_a_loop
from fuzz.bodies import BODIES, Body, Log, Wait, closes_within
from fuzz.seen import frozen, overheard

USES: dict[str, Callable[[Random, driven_by_hand.Make], list[Any]]] = {
    "by hand": driven_by_hand.use,
    "on a loop": on_a_loop.use,
}


def _client(body: Body) -> Any:
    class Own(ReplayChatCompletionClient):
        def create_stream(self, log: Log, wait: Wait) -> Any:  # type: ignore[override]
            return body(log, wait)

    return Own([])


_CLIENTS = tuple(_client(body) for body in BODIES)


def bare(number: int, log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    """The generator of a body."""
    return BODIES[number](log, wait)


def observed(number: int, log: Log, wait: Wait) -> AsyncGenerator[Any, Any]:
    """The same, as a model client's `create_stream`."""
    return _CLIENTS[number].create_stream(log, wait)


def difference(seed: int) -> str | None:
    """Use a stream as `seed` says, bare and observed: None, or the first thing that differs. Lastchunk must be on."""
    name = "on a loop" if seed % 3 == 0 else "by hand"
    seen, under = (_used(name, seed, make) for make in (bare, observed))
    if seen == under or (_may_close_again(name, seed) and _events(seen) == _events(under)):
        return None
    for place, (ours, right) in enumerate(zip(_flat(under), _flat(seen), strict=False)):
        if ours != right:
            return f"seed {seed}, {name}, at {place}: bare {right}, under Lastchunk {ours}"
    return f"seed {seed}, {name}: bare {len(seen)} entries, under Lastchunk {len(under)}"


def _may_close_again(name: str, seed: int) -> bool:
    """What docs/limits.md admits: without a loop, from Python 3.13 on, a generator that waits when it is closed."""
    by_hand = name == "by hand" and sys.version_info >= (3, 13)
    return by_hand and BODIES[driven_by_hand.body_of(Random(seed))] is closes_within


def _events(seen: list[Any]) -> list[Any]:
    """What happened, in its order; but not at which step, nor what the exceptions of finalisers came from."""
    *steps, _, _, log = seen
    heard = [entry[1][:2] if entry[0] == "unraisable" else entry for entry in log]
    return [*(step[:4] for step in steps), *heard]


def _used(name: str, seed: int, make: driven_by_hand.Make) -> list[Any]:
    seen = USES[name](Random(seed), make)
    with overheard([]):
        gc.collect()  # What the use itself held until it returned is not heard in the next one.
    return seen


def differences(seeds: Iterable[int]) -> list[str]:
    """The differences of all `seeds`."""
    return [found for seed in frozen(seeds) if (found := difference(seed)) is not None]


def _flat(seen: list[Any]) -> list[Any]:
    return [part for entry in seen for part in (entry if isinstance(entry, list) else [entry])]
