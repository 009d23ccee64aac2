# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams hang, by instance. A sample each minute; trouble begins at 20, and ten minutes later it is told."""

from __future__ import annotations

from tests.stack.rules.scenario import (
    CHAT,
    INNER,
    MODEL,
    RUN,
    Family,
    Firing,
    Labels,
    Scenario,
    Series,
    ended,
    page,
    rates,
    ticket,
)

HANG = page("StreamsHang", instance="a", **MODEL)


def of_gauge(name: str, values: str, of: Labels, waiting: str, instance: str) -> Series:
    labels = {name: value for name, value in of.items() if name not in ("agent", "workflow")}
    return name, {**labels, "waiting": waiting, "instance": instance}, values


def hanging(values: str, of: Labels = INNER, waiting: str = "next_chunk", instance: str = "a") -> Series:
    """How many have been silent for ten minutes."""
    return of_gauge("lastchunk_stream_hanging", values, of, waiting, instance)


def silent(values: str, of: Labels = INNER, waiting: str = "next_chunk", instance: str = "a") -> Series:
    """For how many seconds the one that has waited longest has waited."""
    return of_gauge("lastchunk_stream_longest_silence_seconds", values, of, waiting, instance)


def due(waiting: str, of: Labels = MODEL) -> Firing:
    return ticket("StreamSilent", instance="a", waiting=waiting, **of)


A_MINUTE_EACH = "0x19 60+60x40"
FAMILY = Family(
    "1m",
    ("LastchunkStreamsHang", "LastchunkStreamSilent"),
    (
        Scenario(
            "three hang",
            [hanging("0x29 3x10 0x20")],
            {"29m": (), "30m": (HANG,), "40m": (HANG,), "44m": (HANG,), "46m": ()},
        ),
        Scenario("two hang", [hanging("0x29 2x30")], {"40m": ()}),
        Scenario("three wait for their first chunk", [hanging("0x29 3x30", waiting="first_chunk")], {"40m": (HANG,)}),
        Scenario(
            "two wait for the first chunk and one for the next",
            [hanging("0x29 2x30", waiting="first_chunk"), hanging("0x29 1x30")],
            {"29m": (), "30m": (HANG,)},
        ),
        Scenario("long tools", [hanging("0x29 30x30", waiting="tool")], {"40m": ()}),
        Scenario(
            "runs of a service without chat streams hang",
            [hanging("0x29 4x30", RUN, "first_chunk")],
            {"29m": (), "30m": (page("StreamsHang", instance="a"),)},
        ),
        Scenario(
            "a run and the chat below it hang",
            [hanging("0x29 4x30"), hanging("0x29 4x30", RUN)],
            {"30m": (HANG,), "40m": (HANG,)},
        ),
        Scenario(
            # Five of the hundred of ten minutes.
            "five hang while ten a minute end",
            [hanging("0x29 5x30"), ended(INNER, "completed", rates((60, 10)), instance="a")],
            {"29m": (), "30m": (HANG,), "55m": (HANG,)},
        ),
        *(
            Scenario(
                # Five of the 200 of ten minutes are less than 3 %.
                f"five hang while twenty a minute end {kind}",
                [hanging("0x29 5x30", of), ended(of, "completed", rates((60, 20)), instance="a")],
                {"30m": (), "55m": ()},
            )
            for kind, of in (("in chat streams", INNER), ("in runs", RUN))
        ),
        Scenario(
            "just as many as the budget allows",
            [hanging("0x29 12x30"), ended(INNER, "completed", rates((60, 35)), instance="a")],
            {"30m": (HANG,), "55m": (HANG,)},
        ),
        Scenario(
            "one bad instance among many",
            [
                *(hanging("0x60", instance=f"b{at}") for at in range(9)),
                *(ended(INNER, "completed", rates((60, 30)), instance=f"b{at}") for at in range(9)),
                hanging("0x29 3x30"),
            ],
            {"29m": (), "30m": (HANG,)},
        ),
        Scenario("a process that hung is killed", [hanging("0x29 3x5 stale")], {"34m": (HANG,), "42m": ()}),
        *(
            Scenario(
                f"one stream waits for the {waiting}",
                [silent(A_MINUTE_EACH, waiting=waiting), ended(INNER, "completed", rates((60, 100)), instance="a")],
                {"28m": (), "30m": (due(waiting),), "55m": (due(waiting),)},
            )
            for waiting in ("first_chunk", "next_chunk")
        ),
        Scenario(
            "one of two levels is silent",
            [silent(A_MINUTE_EACH), silent("0x60", CHAT)],
            {"28m": (), "30m": (due("next_chunk"),), "55m": (due("next_chunk"),)},
        ),
        Scenario(
            "a tool hangs beside chat streams",
            [silent(A_MINUTE_EACH, RUN, "tool"), silent("0x60"), silent(A_MINUTE_EACH, RUN, "next_chunk")],
            {"28m": (), "30m": (due("tool", {}),)},
        ),
        Scenario(
            "a run of a service without chat streams is silent",
            [silent(A_MINUTE_EACH, RUN, "first_chunk")],
            {"28m": (), "30m": (due("first_chunk", {}),)},
        ),
        Scenario(
            "a silence of ten minutes that ends",
            [silent("0x19 60+60x10 0x30")],
            {"30m": (due("next_chunk"),), "34m": (due("next_chunk"),), "37m": ()},
        ),
        Scenario("a silence of nine minutes", [silent("0x19 60+60x8 0x30")], {"28m": (), "32m": ()}),
    ),
)
