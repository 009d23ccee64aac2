# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Telemetry gone, or no traffic, against the same hours of past days. A sample every five minutes, for more than a week."""

from __future__ import annotations

from collections.abc import Callable

from tests.stack.rules.scenario import RUN, Family, Scenario, Series, ended, rates, ticket

HOUR, DAY = 12, 288
NOON = 7 * DAY + 12 * HOUR
"""Steps until noon of the eighth day, when the trouble begins."""
GONE, IDLE = ticket("TelemetryGone"), ticket("NoTraffic")


def open_while(there: Callable[[int], bool]) -> Series:
    """The gauge of open streams, at the steps at which the process is there."""
    values = ["1" if there(at) else "" for at in range(NOON + 5 * HOUR)]
    return "lastchunk_stream_open", {"op": "invoke_workflow", "outermost": "true"}, runs(values)


def runs(values: list[str]) -> str:
    """Values of every step in promtool's words; empty is missing, and begins with a stale marker."""
    words: list[str] = []
    begin = 0
    for at in range(1, len(values) + 1):
        if at == len(values) or values[at] != values[begin]:
            length = at - begin
            if values[begin]:
                words.append(f"{values[begin]}x{length - 1}" if length > 1 else values[begin])
            elif begin:
                words.append("stale" if length == 1 else f"stale _x{length - 1}")
            else:
                words.append(f"_x{length}")
            begin = at
    return " ".join(words)


def traffic(*parts: tuple[int, float]) -> Series:
    """Streams that end: for so many steps, so many at each."""
    return ended(RUN, "completed", rates(*parts))


def first_at(begin: int, **labels: str) -> Series:
    """Thirty streams at once, and then hardly twenty an hour until noon."""
    values = rates((NOON - begin, 1.75), (60, 0), start=30)
    return ended(RUN, "completed", f"_x{begin} {values}", **labels)


def hour(at: int) -> int:
    return at // HOUR % 24


ALWAYS = open_while(lambda at: True)
FAMILY = Family(
    "5m",
    ("LastchunkTelemetryGone", "LastchunkNoTraffic"),
    (
        Scenario(
            "gone at noon and back at three",
            [open_while(lambda at: not NOON <= at < NOON + 3 * HOUR)],
            {"180h": (), "180h10m": (), "180h20m": (GONE,), "182h55m": (GONE,), "183h": (GONE,), "183h5m": ()},
        ),
        Scenario(
            "gone at noon and for some hours two days before",
            [open_while(lambda at: at < NOON and not NOON - 50 * HOUR <= at < NOON - 44 * HOUR)],
            {"180h20m": (GONE,)},
        ),
        Scenario(
            "there by day and gone at noon",
            [open_while(lambda at: 8 <= hour(at) < 18 and at < NOON)],
            {"180h20m": (GONE,)},
        ),
        Scenario("renamed at noon", [open_while(lambda at: at < NOON)], {"180h10m": (), "181h": (GONE,)}),
        Scenario("younger than a week", [open_while(lambda at: DAY < at < NOON)], {"180h10m": (), "181h": (GONE,)}),
        Scenario("in its second day", [open_while(lambda at: NOON - 26 * HOUR < at < NOON)], {"181h": (GONE,)}),
        Scenario("in its first day", [open_while(lambda at: NOON - 20 * HOUR < at < NOON)], {"181h": ()}),
        Scenario(
            "there on other days of the week",
            [open_while(lambda at: at < 6 * HOUR or NOON - 26 * HOUR < at < NOON)],
            {"181h": ()},
        ),
        Scenario("not there yesterday", [open_while(lambda at: at < 4 * DAY)], {"181h": ()}),
        Scenario("there only in the morning", [open_while(lambda at: hour(at) < 12)], {"180h30m": (), "183h": ()}),
        Scenario(
            "a nightly job at noon that runs for half an hour",
            [open_while(lambda at: hour(at) == 12 and at % HOUR < 6 and at < NOON)],
            {"180h30m": (), "182h": ()},
        ),
        Scenario("deployed at noon", [open_while(lambda at: not NOON <= at < NOON + 2)], {"180h20m": (), "181h": ()}),
        Scenario(
            "busy and then asked nothing",
            [ALWAYS, traffic((NOON, 2), (60, 0))],
            {"181h": (), "181h5m": (), "181h20m": (IDLE,), "184h": (IDLE,)},
        ),
        Scenario(
            "busy and asked nothing for two hours and a half",
            [ALWAYS, traffic((NOON, 2), (30, 0), (30, 2))],
            {"182h30m": (IDLE,), "182h35m": (IDLE,), "182h40m": ()},
        ),
        Scenario(
            "busy by day and then asked nothing",
            [
                ALWAYS,
                traffic(*[(8 * HOUR, 0), (10 * HOUR, 2), (6 * HOUR, 0)] * 7, (8 * HOUR, 0), (4 * HOUR, 2), (60, 0)),
            ],
            {"181h20m": (IDLE,)},
        ),
        Scenario("busy and always asked", [ALWAYS, traffic((NOON + 4 * HOUR, 2))], {"181h20m": (), "183h": ()}),
        Scenario("hardly twenty an hour", [ALWAYS, traffic((NOON, 1.75), (60, 0))], {"182h": (IDLE,)}),
        Scenario("not twenty an hour", [ALWAYS, traffic((NOON, 1.5), (60, 0))], {"182h": ()}),
        Scenario(
            "not twenty an hour since yesterday",
            [ALWAYS, traffic((6 * DAY, 2), (NOON - 6 * DAY, 1.5), (60, 0))],
            {"182h": ()},
        ),
        Scenario(
            "not twenty an hour a week ago",
            [ALWAYS, traffic((6 * HOUR, 2), (DAY, 1.5), (NOON - DAY - 6 * HOUR, 2), (60, 0))],
            {"182h": ()},
        ),
        Scenario(
            # The new model had a hundred streams before yesterday, and twelve in yesterday's hour.
            "another model since the day before yesterday",
            [
                ALWAYS,
                traffic((140 * HOUR, 2), (45 * HOUR, 0)),
                ended(
                    RUN | {"model": "new"}, "completed", f"_x{140 * HOUR} {rates((40 * HOUR, 1), (60, 0), start=100)}"
                ),
            ],
            {"182h": ()},
        ),
        # Thirty streams within a minute, from which the series is there; after that not twenty in that hour.
        Scenario("its first streams a week ago", [ALWAYS, first_at(13 * HOUR + 6)], {"182h15m": (IDLE,)}),
        Scenario(
            "the first streams of another model yesterday",
            [ALWAYS, traffic((157 * HOUR, 2), (28 * HOUR, 0)), first_at(157 * HOUR + 6, model="new")],
            {"182h15m": (IDLE,)},
        ),
        Scenario(
            "busy for less than a week",
            [ALWAYS, ended(RUN, "completed", f"0x{2 * DAY} 2+2x{NOON - 2 * DAY} {2 * (NOON - 2 * DAY + 1)}x60")],
            {"182h": ()},
        ),
        Scenario("busy until yesterday", [ALWAYS, traffic((NOON - DAY, 2), (DAY + 60, 0))], {"182h": ()}),
        Scenario(
            "busy and then gone",
            [open_while(lambda at: at < NOON), ended(RUN, "completed", f"0+2x{NOON - 1} stale")],
            {"182h": (GONE,)},
        ),
    ),
)
