# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams hang, by instance. A sample each minute; trouble begins at 20."""

from __future__ import annotations

from tests.stack.rules.scenario import INNER, MODEL, RUN, Family, Labels, Scenario, Series, ended, page, rates

HANG = page("StreamsHang", instance="a", **MODEL)


def stalled(values: str, of: Labels = INNER, waiting: str = "next_chunk", instance: str = "a") -> Series:
    labels = {name: value for name, value in of.items() if name not in ("agent", "workflow")}
    return "lastchunk_stream_stalled", {**labels, "waiting": waiting, "instance": instance}, values


FAMILY = Family(
    "1m",
    ("LastchunkStreamsHang",),
    (
        Scenario(
            "three hang",
            [stalled("0x19 3x20 0x20")],
            {"29m": (), "30m": (HANG,), "39m": (HANG,), "44m": (HANG,), "46m": ()},
        ),
        Scenario("two hang", [stalled("0x19 2x40")], {"40m": ()}),
        Scenario("three wait for their first chunk", [stalled("0x19 3x40", waiting="first_chunk")], {"40m": (HANG,)}),
        Scenario(
            "two wait for the first chunk and one for the next",
            [stalled("0x19 2x40", waiting="first_chunk"), stalled("0x19 1x40")],
            {"29m": (), "30m": (HANG,)},
        ),
        Scenario("a long tool", [stalled("0x19 30x40", waiting="tool")], {"40m": ()}),
        Scenario(
            "runs of a service without chat streams hang",
            [stalled("0x19 4x40", RUN, "first_chunk")],
            {"29m": (), "30m": (page("StreamsHang", instance="a"),)},
        ),
        Scenario(
            "a run and the chat below it hang",
            [stalled("0x19 4x40"), stalled("0x19 4x40", RUN)],
            {"30m": (HANG,), "40m": (HANG,)},
        ),
        *(
            Scenario(
                # Eight are thinking at any time, and ten end in ten minutes: nobody waits that long.
                f"a model that thinks {kind}",
                [stalled("8x60", of), ended(of, "completed", rates((60, 1)), instance="a")],
                {"30m": (), "50m": ()},
            )
            for kind, of in (("in chat streams", INNER), ("in runs", RUN))
        ),
        Scenario(
            # As many hang as end in ten minutes.
            "most of an instance hangs",
            [stalled("0x19 45x40"), ended(INNER, "completed", rates((60, 4)), instance="a")],
            {"29m": (), "40m": (HANG,)},
        ),
        Scenario(
            "one bad instance among many",
            [
                *(stalled("0x60", instance=f"b{at}") for at in range(9)),
                *(ended(INNER, "completed", rates((60, 30)), instance=f"b{at}") for at in range(9)),
                stalled("0x19 3x40"),
            ],
            {"29m": (), "30m": (HANG,)},
        ),
        Scenario("a process that hung is killed", [stalled("0x19 3x15 stale")], {"34m": (HANG,), "42m": ()}),
    ),
)
