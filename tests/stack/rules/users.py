# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""People leave. A sample every five minutes; six hours of past."""

from __future__ import annotations

from tests.stack.rules.jumps import PAST, buckets
from tests.stack.rules.scenario import CHAT, RUN, Family, Scenario, cut, ended, rates, ticket

LEAVE = ticket("PeopleLeave", op="invoke_workflow")
AT_A_MINUTE = ticket("PeopleLeaveTogether", op="invoke_workflow", silence="55 to 65 s")


def leaves(name: str, before: float, then: float, due: tuple = (), known: int = PAST) -> Scenario:  # type: ignore[type-arg]
    """Of a thousand, so many left in the past and so many leave now."""
    return Scenario(
        name,
        [
            ended(RUN, "completed", rates((PAST, 1000 - before), (24, 1000 - then))),
            *cut(RUN, "abandoned", rates((PAST, before), (24, then)), cause="partial_consumption"),
        ],
        {"6h": (), "7h30m": due},
    )


def together(name: str, late: dict[str, float], of: float, silence: str) -> Scenario:
    """Who leaves now, by the silence before."""
    due = (ticket("PeopleLeaveTogether", op="invoke_workflow", silence=silence),) if silence else ()
    return Scenario(name, buckets(RUN, "cancelled", late, of), {"6h5m": (), "7h15m": due})


FAMILY = Family(
    "5m",
    (
        "LastchunkPeopleLeave",
        "LastchunkPeopleLeaveTogether",
    ),
    (
        leaves("a tenth leave", 0, 105, (LEAVE,)),
        leaves("less than a tenth leave", 0, 95),
        leaves("three times as many leave", 50, 160, (LEAVE,)),
        leaves("less than three times as many leave", 50, 140),
        leaves("as many leave as ever", 400, 400),
        Scenario(
            "web clients leave for an hour",
            [
                ended(RUN, "completed", rates((PAST, 100), (12, 50), (36, 100))),
                *cut(RUN, "cancelled", rates((PAST, 0), (12, 50), (36, 0)), cause="client_disconnected"),
            ],
            # A tenth of the hour after a quarter of an hour; a quarter of an hour later it fires. For an hour it is kept.
            {"6h25m": (), "6h30m": (LEAVE,), "7h50m": (LEAVE,), "8h40m": (LEAVE,), "9h10m": ()},
        ),
        *(
            Scenario(
                f"{count} leave",
                [
                    ended(RUN, "completed", rates((PAST, 8), (24, 1))),
                    *cut(RUN, "abandoned", rates((PAST + 2, 0), (8, count / 8), (14, 0)), cause="partial_consumption"),
                ],
                {"7h10m": due},
            )
            for count, due in ((19, ()), (21, (LEAVE,)))
        ),
        *(
            Scenario(
                f"they leave after a past of {count}",
                [
                    ended(RUN, "completed", rates((12, 0), (8, count / 8), (52, 0), (24, 20))),
                    *cut(RUN, "abandoned", rates((PAST, 0), (24, 20)), cause="partial_consumption"),
                ],
                {"7h30m": due},
            )
            for count, due in ((18, ()), (22, (LEAVE,)))
        ),
        together("they leave at a minute", {"55": 40, "65": 91}, 100, "55 to 65 s"),
        together("they leave at five minutes as scraped", {"290.0": 40, "310.0": 91}, 100, "290 to 310 s"),
        *(
            together(f"they leave after {low} to {high}", {str(low): 40, str(high): 91}, 100, f"{low} to {high} s")
            for low, high in ((25, 35), (85, 95), (115, 125), (175, 185), (235, 245), (590, 610))
        ),
        Scenario(
            "they leave at a minute for twenty minutes",
            [
                ("lastchunk_stream_idle_at_end_seconds_" + kind, RUN | {"reason": "abandoned"} | le, values)
                for kind, le, values in (
                    ("bucket", {"le": "55"}, "0x120"),
                    ("bucket", {"le": "65"}, rates((PAST, 0), (4, 10), (44, 0))),
                    ("count", {}, rates((PAST, 0), (4, 10), (44, 0))),
                )
            ],
            # As long as the hour holds them, and one hour more.
            {"6h5m": (), "6h10m": (AT_A_MINUTE,), "8h": (AT_A_MINUTE,), "8h30m": ()},
        ),
        Scenario(
            "they leave at any time and then at a minute",
            [
                ("lastchunk_stream_idle_at_end_seconds_" + kind, RUN | {"reason": "abandoned"} | le, values)
                for kind, le, values in (
                    ("bucket", {"le": "55"}, "0x120"),
                    ("bucket", {"le": "65"}, rates((PAST + 18, 0), (6, 10), (24, 0))),
                    ("count", {}, rates((PAST, 0), (6, 100), (12, 0), (6, 10), (24, 0))),
                )
            ],
            {"7h25m": (), "8h": (AT_A_MINUTE,)},
        ),
        Scenario(
            "runs are left at a minute and chats at any time",
            [
                *buckets(RUN, "cancelled", {"55": 40, "65": 91}, 100),
                *buckets(CHAT, "cancelled", {"55": 40, "65": 50}, 100),
            ],
            {"7h15m": (AT_A_MINUTE,)},
        ),
        together("half of them leave at a minute", {"55": 40, "65": 89}, 100, ""),
        together("they leave at any time", {"25": 30, "35": 40, "55": 50, "65": 60, "85": 70, "95": 80}, 100, ""),
        *(
            Scenario(
                f"{count} leave at a minute",
                [
                    ("lastchunk_stream_idle_at_end_seconds_" + kind, RUN | {"reason": "abandoned"} | le, values)
                    for kind, le, values in (
                        ("bucket", {"le": "55"}, "0x96"),
                        ("bucket", {"le": "65"}, rates((PAST + 2, 0), (count, 1), (20 - count, 0))),
                        ("count", {}, rates((PAST + 2, 0), (count, 1), (20 - count, 0))),
                    )
                ],
                {"6h55m": due},
            )
            for count, due in (
                (4, ()),
                (5, (AT_A_MINUTE,)),
            )
        ),
    ),
    changes="all but past windows",
)
