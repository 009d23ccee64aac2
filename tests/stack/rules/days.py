# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What burns slowly, or grows without end: over a day and more. A sample every five minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.stack.rules.scenario import (
    CHAT,
    INNER,
    MODEL,
    RUN,
    Family,
    Firing,
    Scenario,
    Series,
    cut,
    ended,
    page,
    rates,
    ticket,
)

USERS = ticket("CutoffsSlow", op="invoke_workflow")
BY_MODEL = ticket("ModelCutoffsSlow", **MODEL)
REJECTED = ticket("RejectedSlow", **MODEL)
GROWS = ticket("OpenGrows", instance="a")
OTHER = {"provider": "azure.ai.openai", "model": "other"}
DAY = 324
"""Steps in 27 hours."""


def open_now(values: str, instance: str = "a") -> Series:
    return "lastchunk_stream_open", {"op": "invoke_workflow", "outermost": "true", "instance": instance}, values


def grown(steps: int, more: float = 1) -> str:
    return rates((steps, more))


def slowly(
    name: str, due: Firing, good: Series, bad_above: tuple[Series, ...], bad_below: tuple[Series, ...]
) -> list[Scenario]:
    return [
        Scenario(f"{name} just above", [good, *bad_above], {"1h10m": (), "1h15m": (due,), "26h": (due,)}),
        Scenario(f"{name} just below", [good, *bad_below], {"1h15m": (), "26h": ()}),
    ]


def over_the_day(
    name: str,
    due: Firing,
    percent: int,
    good: Callable[[str], Series],
    bad: Callable[[str], Sequence[Series]],
    meanwhile: Sequence[Firing],
) -> list[Scenario]:
    """What a day's window holds, and what the last two hours of it hold; `percent` is what is too much.

    `meanwhile` is what fires while ten in a hundred are hit.
    """
    a_little = round(10.8 * percent)
    """Of 1,000 and these: hardly too much."""
    return [
        Scenario(
            # 10 % of half a day is too much of the whole day; the two hours after it end it, and for one more it is kept.
            f"{name} for half a day that is over",
            [good(rates((DAY, 90))), *bad(rates((144, 10), (180, 0)))],
            {"12h": meanwhile, "13h50m": (due,), "14h50m": (due,), "15h10m": (), "16h30m": ()},
        ),
        Scenario(
            # The first hours count until they are a day old: half a day before the evening ends holds too few.
            f"{name} in the morning and in the evening",
            [good(rates((DAY, 1000))), *bad(rates((72, 34 * percent), (144, 0), (108, a_little)))],
            {"19h30m": (), "21h30m": (due,)},
        ),
        Scenario(
            # Too much of all that was, but not of the last day.
            f"{name} yesterday and a little today",
            [good(rates((372, 1000))), *bad(rates((48, 84 * percent), (240, 0), (84, a_little)))],
            {"29h30m": ()},
        ),
    ]


FAMILY = Family(
    "5m",
    (
        "LastchunkRejectedSlow",
        "LastchunkCutoffsSlow",
        "LastchunkModelCutoffsSlow",
        "LastchunkOpenGrows",
    ),
    (
        *slowly(
            "runs cut slowly",
            USERS,
            ended(RUN, "completed", rates((DAY, 9690))),
            cut(RUN, "truncated", rates((DAY, 310))),
            cut(RUN, "truncated", rates((DAY, 290))),
        ),
        *slowly(
            "a model cut slowly while runs recover",
            BY_MODEL,
            ended(INNER, "completed", rates((DAY, 9690))),
            (*cut(INNER, "truncated", rates((DAY, 310))), ended(RUN, "completed", rates((DAY, 50)))),
            (*cut(INNER, "truncated", rates((DAY, 290))), ended(RUN, "completed", rates((DAY, 50)))),
        ),
        *slowly(
            "rejected slowly",
            REJECTED,
            ended(CHAT, "completed", rates((DAY, 9500))),
            (ended(CHAT, "rejected", rates((DAY, 520))),),
            (ended(CHAT, "rejected", rates((DAY, 480))),),
        ),
        Scenario(
            "rejected and cut slowly",
            [
                ended(CHAT, "completed", rates((DAY, 90))),
                ended(CHAT, "rejected", rates((DAY, 7))),
                *cut(CHAT, "truncated", rates((DAY, 7))),
            ],
            {"1h15m": (REJECTED,), "26h": (REJECTED,)},
        ),
        Scenario(
            "one provider rejects and another cuts slowly",
            [
                ended(CHAT, "completed", rates((DAY, 90))),
                ended(CHAT, "rejected", rates((DAY, 7))),
                ended(CHAT | OTHER, "completed", rates((DAY, 90))),
                *cut(CHAT | OTHER, "truncated", rates((DAY, 7))),
            ],
            {"26h": (REJECTED, ticket("ModelCutoffsSlow", **OTHER))},
        ),
        Scenario(
            # 6 % in an hour of twenty are 0.3 % of the day.
            "an hour of trouble after a healthy day",
            [ended(RUN, "completed", rates((DAY, 94))), *cut(RUN, "truncated", rates((240, 0), (12, 6), (72, 0)))],
            {"21h30m": (), "22h30m": ()},
        ),
        *over_the_day(
            "runs cut",
            USERS,
            3,
            lambda steps: ended(RUN, "completed", steps),
            lambda steps: cut(RUN, "truncated", steps),
            (USERS, page("CutoffsFast", op="invoke_workflow")),
        ),
        *over_the_day(
            "a model cut",
            BY_MODEL,
            3,
            lambda steps: ended(INNER, "completed", steps),
            lambda steps: cut(INNER, "error", steps),
            (BY_MODEL,),
        ),
        *over_the_day(
            "rejected",
            REJECTED,
            5,
            lambda steps: ended(CHAT, "completed", steps),
            lambda steps: (ended(CHAT, "rejected", steps),),
            (page("RejectedFast", **MODEL),),
        ),
        *(
            Scenario(
                f"{count} cut of {2 * count}",
                [
                    ended(CHAT, "completed", rates((13, 0), (count, 1), (80, 0))),
                    *cut(CHAT, "truncated", rates((13, 0), (count, 1), (80, 0))),
                ],
                {"3h30m": due},
            )
            for count, due in ((4, ()), (5, (ticket("CutoffsSlow", op="chat"), BY_MODEL)))
        ),
        *(
            Scenario(
                f"{count} rejected of {2 * count}",
                [ended(CHAT, reason, rates((13, 0), (count, 1), (80, 0))) for reason in ("completed", "rejected")],
                {"3h30m": due},
            )
            for count, due in ((4, ()), (5, (REJECTED,)))
        ),
        Scenario(
            # One more every five minutes, and nothing ends.
            "open streams grow for a day",
            [open_now(grown(DAY)), ended(RUN, "completed", "5x324")],
            {"12h": (), "24h20m": (), "24h40m": (GROWS,), "26h": (GROWS,)},
        ),
        Scenario(
            "open streams grow for a day and are closed",
            [open_now(f"{grown(312)} 0x24")],
            {"26h": (GROWS,), "26h50m": (GROWS,), "27h20m": ()},
        ),
        Scenario(
            "open streams grow in one instance of three",
            [
                open_now(grown(DAY), instance="a"),
                open_now("30x324", instance="b"),
                open_now("40x100 0x224", instance="c"),
            ],
            {"26h": (GROWS,)},
        ),
        Scenario(
            # From 0 to 19 in a day; from 0 to 22.
            "open streams grow to nineteen",
            [open_now(grown(DAY, 0.06))],
            {"26h": ()},
        ),
        Scenario(
            "open streams grow to twenty-two",
            [open_now(grown(DAY, 0.07))],
            {"26h": (GROWS,)},
        ),
        Scenario(
            # Opened over the day, answered the next morning.
            "people answer next morning",
            [
                open_now(f"{grown(144, 0.5)} {rates((36, -2), start=70)} {grown(144, 0.5)}"),
                ended(RUN, "completed", "5x324"),
            ],
            {"13h": (), "20h": (), "26h": ()},
        ),
        Scenario(
            "open streams grow with the traffic",
            [open_now(grown(DAY)), ended(RUN, "completed", rates((DAY, 40)))],
            {"26h": ()},
        ),
        Scenario(
            # At 26 hours 312 are open; 240 end in an hour.
            "open streams grow faster than the traffic",
            [open_now(grown(DAY)), ended(RUN, "completed", rates((DAY, 20)))],
            {"26h": (GROWS,)},
        ),
        Scenario(
            "open streams level off",
            [open_now(f"{grown(100)} 100x224")],
            {"26h": ()},
        ),
        Scenario(
            "open streams fell in the night and grow again",
            [open_now(f"{rates((140, -1), start=200)} {rates((184, 2), start=62)}")],
            {"26h": ()},
        ),
    ),
)
