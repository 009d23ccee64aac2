# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One cause jumps above its own past. A sample every five minutes; six hours of past."""

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
    cut,
    ended,
    rates,
    ticket,
)

PAST = 72
"""Steps in six hours."""


def jumps(name: str, of: Labels, reason: str, cause: str, due: Firing) -> list[Scenario]:
    """At its share (of 1,000), at three times its past, at the floor, and just below each; with too little past."""

    def part(*of_part: tuple[int, float]) -> tuple[Series, ...]:
        return cut(of, reason, rates(*of_part), cause=cause)

    def good(*of_good: tuple[int, float]) -> Series:
        return ended(of, "completed", rates(*of_good))

    return [
        Scenario(
            f"{name} at its share",
            [good((PAST, 1000), (24, 979), (24, 1000)), *part((PAST, 0), (24, 21), (24, 0))],
            {"6h": (), "6h45m": (), "7h15m": (due,), "8h": (due,), "8h30m": (due,), "8h50m": ()},
        ),
        Scenario(f"{name} below its share", [good((PAST, 1000), (24, 981)), *part((PAST, 0), (24, 19))], {"7h15m": ()}),
        Scenario(
            f"{name} at three times its past",
            [good((PAST, 986), (24, 956)), *part((PAST, 14), (24, 44))],
            {"6h": (), "7h15m": (due,)},
        ),
        Scenario(
            f"{name} below three times its past",
            [good((PAST, 986), (24, 964)), *part((PAST, 14), (24, 36))],
            {"6h": (), "7h15m": ()},
        ),
        Scenario(
            f"{name} as many as the floor",
            [good((PAST, 8), (24, 0)), *part((PAST, 0), (5, 1), (19, 0))],
            {"6h20m": (), "6h30m": (due,)},
        ),
        Scenario(
            f"{name} fewer than the floor",
            [good((PAST, 8), (24, 0)), *part((PAST, 0), (4, 1), (20, 0))],
            {"6h35m": ()},
        ),
        Scenario(
            f"{name} with a past of 22",
            [good((12, 0), (11, 2), (49, 0), (24, 20)), *part((PAST, 0), (5, 1.25), (19, 0))],
            {"6h20m": (), "6h30m": (due,)},
        ),
        Scenario(
            f"{name} with a past of 18",
            [good((12, 0), (9, 2), (51, 0), (24, 20)), *part((PAST, 0), (5, 1.25), (19, 0))],
            {"6h35m": ()},
        ),
    ]


def buckets(of: Labels, reason: str, late: dict[str, float], all_of_them: float) -> list[Series]:
    """`lastchunk.stream.idle_at_end`: how many ended up to each bound, at each step from six hours on."""
    labels = {**of, "reason": reason}
    name = "lastchunk_stream_idle_at_end_seconds"
    counted = [(f"{name}_bucket", labels | {"le": bound}, rates((PAST, 0), (24, more))) for bound, more in late.items()]
    return [*counted, (f"{name}_count", labels, rates((PAST, 0), (24, all_of_them)))]


def timeouts(of: Labels, late: dict[str, float], reason: str = "timeout") -> list[Series]:
    """From six hours on ten of two hundred time out, so many of them up to each bound."""
    return [
        ended(of, "completed", rates((PAST, 200), (24, 190))),
        *cut(of, reason, rates((PAST, 0), (24, 10)), cause="idle_timeout"),
        *buckets(of, reason, late, 10),
    ]


def timed_out(silence: str, of: Labels = MODEL) -> Firing:
    """That alert, with the seconds after which they timed out."""
    return ticket("IdleTimeouts", cause="idle_timeout", **of, **({"silence": silence} if silence else {}))


def at_silence(name: str, late: dict[str, float], silence: str) -> Scenario:
    """Ten of two hundred time out, after these seconds."""
    due = timed_out(silence)
    return Scenario(f"timeouts {name}", timeouts(CHAT, late), {"6h5m": (), "7h15m": (due,), "7h55m": (due,)})


A_MINUTE = {"55": 2.0, "65": 8.0, "290": 9.0, "310": 9.0}
FIVE_MINUTES = {"55": 1.0, "65": 3.0, "290": 4.0, "310": 10.0}
ONE_PIECE = ticket("StoppedStreaming", cause="no_streaming_support", **MODEL)
AZURE, SMALL = {"provider": "azure.ai.openai"}, {"model": "small"}
FAMILY = Family(
    "5m",
    (
        "LastchunkIdleTimeouts",
        "LastchunkConnectionsLost",
        "LastchunkTruncated",
        "LastchunkEmpty",
        "LastchunkProviderErrors",
        "LastchunkLimitsReached",
        "LastchunkContentFilter",
        "LastchunkToolFailures",
        "LastchunkStoppedStreaming",
    ),
    (
        *jumps("truncation", CHAT, "truncated", "unknown", ticket("Truncated", **MODEL)),
        *jumps("emptiness", CHAT, "empty", "unknown", ticket("Empty", **MODEL)),
        *jumps("a provider error", CHAT, "provider_error", "provider_error", ticket("ProviderErrors", **MODEL)),
        *jumps(
            "a lost connection",
            INNER,
            "connection_lost",
            "connection_lost",
            ticket("ConnectionsLost", cause="connection_lost", **MODEL),
        ),
        *jumps(
            "an idle timeout", CHAT, "timeout", "idle_timeout", ticket("IdleTimeouts", cause="idle_timeout", **MODEL)
        ),
        *jumps("a limit", CHAT, "length", "context_limit", ticket("LimitsReached", cause="context_limit", **MODEL)),
        *jumps(
            "a filter",
            CHAT,
            "content_filter",
            "content_filter",
            ticket("ContentFilter", cause="content_filter", **MODEL),
        ),
        *jumps(
            "a tool", RUN, "tool_error", "tool_failure", ticket("ToolFailures", cause="tool_failure", workflow="Team")
        ),
        Scenario(
            "a protocol error",
            [ended(CHAT, "completed", rates((96, 90))), *cut(CHAT, "protocol_error", rates((PAST, 0), (24, 5)))],
            {"7h15m": (ticket("ProviderErrors", **MODEL),)},
        ),
        Scenario(
            "a filter that refuses",
            [
                ended(CHAT, "completed", rates((96, 90))),
                ended(CHAT, "rejected", rates((PAST, 0), (24, 10)), cause="content_filter"),
            ],
            {"7h15m": (ticket("ContentFilter", cause="content_filter", **MODEL),)},
        ),
        Scenario(
            "a tool that hangs until the run is left",
            [
                ended(RUN | {"agent": "Clerk"}, "completed", rates((96, 90))),
                *cut(RUN | {"agent": "Clerk"}, "abandoned", rates((PAST, 0), (24, 5)), cause="tool_failure"),
            ],
            {"7h15m": (ticket("ToolFailures", cause="tool_failure", workflow="Team", agent="Clerk"),)},
        ),
        at_silence("at a minute", A_MINUTE, "55 to 65 s"),
        at_silence("at a minute as scraped", {"55.0": 2, "65.0": 8, "290.0": 9, "310.0": 9}, "55 to 65 s"),
        at_silence("at five minutes", FIVE_MINUTES, "290 to 310 s"),
        at_silence("at half a minute", {"25": 1, "35": 8, "55": 9, "65": 9}, "25 to 35 s"),
        at_silence("at a minute and a half", {"85": 1, "95": 8, "115": 9, "125": 9}, "85 to 95 s"),
        at_silence("at two minutes", {"85": 1, "95": 1, "115": 2, "125": 9}, "115 to 125 s"),
        at_silence("at three minutes", {"175": 1, "185": 8, "235": 9, "245": 9}, "175 to 185 s"),
        at_silence("at four minutes", {"175": 1, "185": 2, "235": 3, "245": 9}, "235 to 245 s"),
        at_silence("at ten minutes", {"290": 1, "310": 2, "590": 3, "610": 9}, "590 to 610 s"),
        at_silence("at no one value", {"55": 1, "65": 5.5, "290": 5.5, "310": 10}, ""),
        *(
            Scenario(
                f"timeouts that end as {reason}",
                timeouts(CHAT, A_MINUTE, reason),
                {"7h15m": (timed_out("55 to 65 s"), *also)},
            )
            for reason, also in (
                ("connection_lost", ()),
                ("truncated", (ticket("Truncated", **MODEL),)),
                ("empty", (ticket("Empty", **MODEL),)),
                ("provider_error", (ticket("ProviderErrors", **MODEL),)),
            )
        ),
        Scenario(
            "timeouts of three models of two providers",
            [
                *timeouts(CHAT, A_MINUTE),
                *timeouts(CHAT | AZURE, FIVE_MINUTES),
                *timeouts(CHAT | SMALL, FIVE_MINUTES),
            ],
            {
                "7h15m": (
                    timed_out("55 to 65 s"),
                    timed_out("290 to 310 s", MODEL | AZURE),
                    timed_out("290 to 310 s", MODEL | SMALL),
                )
            },
        ),
        *(
            Scenario(
                f"rejected with {cause}",
                [
                    ended(CHAT, "completed", rates((96, 95))),
                    ended(CHAT, "rejected", rates((PAST, 0), (24, 5)), cause=cause),
                ],
                {"7h15m": ()},
            )
            for cause in ("idle_timeout", "context_limit")
        ),
        Scenario(
            # 2.04 % of those that began, 1.9 % of all.
            "a tool fails and others are rejected",
            [
                ended(RUN, "completed", rates((PAST, 990), (24, 911))),
                *cut(RUN, "tool_error", rates((PAST, 0), (24, 19)), cause="tool_failure"),
                ended(RUN, "rejected", rates((PAST, 0), (24, 70))),
            ],
            {"7h15m": (ticket("ToolFailures", cause="tool_failure", workflow="Team"),)},
        ),
        Scenario(
            # The answers of this backend came in pieces; then for two hours all of them come in one.
            "a backend stops streaming",
            [
                ended(CHAT, "completed", rates((PAST, 50), (24, 0), (24, 1000)), delivery="incremental"),
                ended(CHAT, "completed", rates((PAST, 12), (24, 50), (24, 0)), delivery="burst"),
            ],
            {"7h": (), "7h20m": (ONE_PIECE,), "8h50m": (ONE_PIECE,), "9h10m": ()},
        ),
        *(
            Scenario(
                f"a backend streams {name}",
                [
                    ended(CHAT, "completed", rates((PAST, 700), (24, streamed)), delivery="incremental"),
                    ended(CHAT, "completed", rates((PAST, before), (24, 1000 - streamed)), delivery="single"),
                ],
                {"7h20m": due},
            )
            for name, streamed, before, due in (
                ("nine in a hundred", 95, 100, (ONE_PIECE,)),
                ("eleven in a hundred", 115, 100, ()),
                ("less than it did", 50, 280, (ONE_PIECE,)),
                ("hardly less than it did", 50, 360, ()),
            )
        ),
        *(
            Scenario(
                f"{count} answers in one piece",
                [
                    ended(CHAT, "completed", rates((48, 3), (48, 0)), delivery="incremental"),
                    ended(CHAT, "completed", rates((PAST + 2, 0), (8, count / 8), (13, 0)), delivery="single"),
                ],
                {"7h20m": due},
            )
            for count, due in ((19, ()), (21, (ONE_PIECE,)))
        ),
        *(
            Scenario(
                f"one piece after a past of {count}",
                [
                    ended(CHAT, "completed", rates((12, 0), (8, count / 8), (52, 0)), delivery="incremental"),
                    ended(CHAT, "completed", rates((PAST, 0), (24, 10)), delivery="single"),
                ],
                {"7h20m": due},
            )
            for count, due in ((18, ()), (22, (ONE_PIECE,)))
        ),
        Scenario(
            "short answers are always in one piece",
            [ended(CHAT, "completed", rates((96, 50)), delivery="single")],
            {"7h20m": ()},
        ),
    ),
    changes="all but past windows",
)

PAST_WINDOWS = Family(
    "5m",
    ("LastchunkTruncated",),
    (
        Scenario(
            # 5 % in the first eight hours are 1.7 % of the past day; three times that is more than 4 %.
            "truncated this morning and again",
            [
                ended(CHAT, "completed", rates((96, 950), (180, 1000), (24, 960))),
                *cut(CHAT, "truncated", rates((96, 50), (180, 0), (24, 40))),
            ],
            {"24h15m": (), "24h45m": ()},
        ),
        Scenario(
            # 20 % in the first four hours are no part of the past day.
            "truncated the day before yesterday and again",
            [
                ended(CHAT, "completed", rates((48, 800), (300, 1000), (24, 960))),
                *cut(CHAT, "truncated", rates((48, 200), (300, 0), (24, 40))),
            ],
            {"28h": (), "30h15m": (ticket("Truncated", **MODEL),)},
        ),
        Scenario(
            # Twelve streams are no past, however often they are looked at.
            "truncated after a past of twelve",
            [
                ended(CHAT, "completed", rates((12, 0), (6, 2), (54, 0), (24, 20))),
                *cut(CHAT, "truncated", rates((72, 0), (5, 1.25), (19, 0))),
            ],
            {"6h35m": ()},
        ),
        Scenario(
            # 7.5 % in the hour before last: a third of a percent of the past day, but all of it in one of its hours.
            "truncated for an hour and then less",
            [
                ended(CHAT, "completed", rates((72, 1000), (12, 925), (24, 970))),
                *cut(CHAT, "truncated", rates((72, 0), (12, 75), (24, 30))),
            ],
            {"7h": (ticket("Truncated", **MODEL),), "8h40m": ()},
        ),
    ),
    changes="past windows",
)
