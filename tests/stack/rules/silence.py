# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Telemetry gone, or no traffic, against the same hours of past days. A sample every five minutes, for more than a week."""

from __future__ import annotations

from collections.abc import Callable

from tests.stack.rules.scenario import RUN, Family, Scenario, Series, ended, ticket

HOUR, DAY = 12, 288
NOON = 7 * DAY + 12 * HOUR
"""Steps until noon of the eighth day, when the trouble begins."""
GONE, IDLE = ticket("TelemetryGone"), ticket("NoTraffic")


def open_while(there: Callable[[int], bool]) -> Series:
    """The gauge of open streams, at the steps at which the process is there."""
    values = ["1" if there(at) else "" for at in range(NOON + 5 * HOUR)]
    return "autogen_stream_open", {"op": "invoke_workflow", "outermost": "true"}, runs(values)


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


def traffic(each_step: float, until: int = NOON) -> Series:
    """Streams that end, at every step until then."""
    last = each_step * until
    return ended(RUN, "completed", f"0+{each_step:g}x{until} {last:g}x{5 * HOUR}")


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
            {"180h": (), "180h10m": (), "180h20m": (GONE,), "182h55m": (GONE,), "183h": (GONE,), "183h10m": ()},
        ),
        Scenario("renamed at noon", [open_while(lambda at: at < NOON)], {"180h10m": (), "181h": (GONE,)}),
        Scenario("younger than a week", [open_while(lambda at: DAY < at < NOON)], {"181h": ()}),
        Scenario("not there yesterday", [open_while(lambda at: at < 4 * DAY)], {"181h": ()}),
        Scenario("there only in the morning", [open_while(lambda at: hour(at) < 12)], {"180h30m": (), "183h": ()}),
        Scenario(
            "a nightly job at noon that runs for half an hour",
            [open_while(lambda at: hour(at) == 12 and at % HOUR < 6 and at < NOON)],
            {"180h30m": (), "182h": ()},
        ),
        Scenario("deployed at noon", [open_while(lambda at: not NOON <= at < NOON + 2)], {"180h20m": (), "181h": ()}),
        Scenario(
            "busy and then asked nothing", [ALWAYS, traffic(2)], {"181h": (), "181h20m": (IDLE,), "184h": (IDLE,)}
        ),
        Scenario("busy and always asked", [ALWAYS, traffic(2, until=NOON + 4 * HOUR)], {"181h20m": (), "183h": ()}),
        Scenario("hardly twenty an hour", [ALWAYS, traffic(1.75)], {"182h": (IDLE,)}),
        Scenario("not twenty an hour", [ALWAYS, traffic(1.5)], {"182h": ()}),
        Scenario(
            "busy for less than a week",
            [ALWAYS, ended(RUN, "completed", f"0x{2 * DAY} 2+2x{NOON - 2 * DAY} {2 * (NOON - 2 * DAY + 1)}x60")],
            {"182h": ()},
        ),
        Scenario("busy until yesterday", [ALWAYS, traffic(2, until=NOON - DAY)], {"182h": ()}),
        Scenario(
            "busy and then gone",
            [open_while(lambda at: at < NOON), ended(RUN, "completed", f"0+2x{NOON - 1} stale")],
            {"182h": (GONE,)},
        ),
    ),
)
