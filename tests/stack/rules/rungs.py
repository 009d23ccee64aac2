# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Each rung of the ladder at its boundaries, for whatever is counted: cut, or rejected. A sample each minute.

Streams that end at minutes that are named are few, and no rung but the one in question can hold for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tests.stack.rules.scenario import CHAT, Firing, Scenario, Series, ended, rates

Bad = Callable[[str], Iterable[Series]]
"""Streams with these values that a rung counts."""
_LAST = 124
_EACH_MINUTE = rates((_LAST, 1))
_EVERY_OTHER = rates(*[(1, 0), (1, 1)] * (_LAST // 2))


def at(*minutes: int) -> str:
    """A counter that rises by one at each of these minutes."""
    words, before = [(minutes[0] - 1, 0.0)], minutes[0] - 1
    for minute in minutes:
        if minute > before + 1:
            words.append((minute - before - 1, 0.0))
        words.append((1, 1.0))
        before = minute
    return rates(*words, (_LAST - before, 0.0))


NINE_AND_ONE_BEFORE = at(22, 42, 45, 48, 62, 65, 68, 82, 85, 88)
"""Three in each of two quarters of an hour and nine in the hour: of two hours they would be ten."""


def scenarios(what: str, bad: Bad, due: Sequence[Firing]) -> list[Scenario]:
    """Scenarios of streams that are `what`, which raise `due`."""

    def one(name: str, good: str, values: str, fires: dict[str, Sequence[Firing]]) -> Scenario:
        return Scenario(f"{name} {what}", [ended(CHAT, "completed", good), *bad(values)], fires)

    return [
        # 5m and 2m: those that come together are in no two of its short windows.
        one(
            "five of ten together",
            _EACH_MINUTE,
            rates((61, 0), (1, 5), (58, 0)),
            {"1h2m": (), "1h4m": (), "1h6m": ()},
        ),
        # 15m and 5m: the sixth, and two of them in each of its last two short windows.
        one(
            "six in a quarter of an hour",
            _EACH_MINUTE,
            at(62, 64, 67, 69, 72, 74),
            {"1h13m": (), "1h15m": due},
        ),
        one(
            "six in a quarter of an hour and of the last five minutes one",
            _EVERY_OTHER,
            at(62, 64, 66, 67, 68, 73),
            {"1h13m": (), "1h14m": (), "1h16m": ()},
        ),
        one(
            "a fifth",
            rates((60, 200), (60, 160)),
            rates((60, 0), (60, 40)),
            {"1h12m": (), "1h18m": due},
        ),
        # 1h and 15m: the tenth, and three of them in each of its last two short windows.
        one(
            "ten in an hour",
            _EACH_MINUTE,
            at(62, 68, 74, 80, 86, 92, 96, 100, 108, 112, 116),
            {"1h50m": (), "1h53m": due},
        ),
        one(
            "ten in an hour and of its last quarter two",
            _EACH_MINUTE,
            at(62, 68, 74, 80, 86, 92, 96, 100, 110, 116),
            {"1h52m": (), "1h57m": ()},
        ),
        one(
            "nine in an hour and one before it",
            _EACH_MINUTE,
            NINE_AND_ONE_BEFORE,
            {"1h10m": (), "1h29m": (), "1h30m": ()},
        ),
    ]
