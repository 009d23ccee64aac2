# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Cutoffs that burn the budget within an hour, and all that must not page. A sample each minute; trouble begins at 60."""

from __future__ import annotations

from tests.stack.rules import rungs
from tests.stack.rules.scenario import CHAT, INNER, MODEL, RUN, Family, Scenario, cut, ended, page, rates, ticket

USERS = page("CutoffsFast", op="invoke_workflow")
SLOWLY = ticket("CutoffsSlow", op="invoke_workflow")
REJECTED = page("RejectedFast", **MODEL)
OTHER = {"provider": "azure.ai.openai", "model": "other"}
DIRECT = page("CutoffsFast", op="chat")
BY_MODEL = page("ModelCutoffsFast", **MODEL)
TRUNCATED = ticket("Truncated", **MODEL)
BOTH = (DIRECT, BY_MODEL)
QUIET = {"30m": (), "1h5m": (), "1h11m": (), "1h30m": (), "1h55m": ()}


def one_each_minute(begin: int, count: int, value: int = 1) -> list[str]:
    """Processes that export once, one after the other."""
    return [f"_x{begin + at} {value} stale" if begin + at else f"{value} stale" for at in range(count)]


FAMILY = Family(
    "1m",
    (
        "LastchunkCutoffsFast",
        "LastchunkModelCutoffsFast",
    ),
    (
        Scenario(
            # 8.05 % of all streams, so the hour must be full of them.
            "just above the threshold",
            [
                ended(CHAT, "completed", rates((60, 2000), (120, 1839))),
                *cut(CHAT, "truncated", rates((60, 0), (120, 161))),
            ],
            {"1h50m": (), "2h5m": (*BOTH, TRUNCATED)},
        ),
        Scenario(
            "just below the threshold",
            [
                ended(CHAT, "completed", rates((60, 2000), (120, 1841))),
                *cut(CHAT, "truncated", rates((60, 0), (120, 159))),
            ],
            {"2h5m": (TRUNCATED,), "2h9m": (TRUNCATED,)},
        ),
        Scenario(
            # Two minutes and the two before them must have some. It is over at 1h30m: eighteen minutes for the share of
            # half an hour, five that it is kept.
            "everything is cut for half an hour",
            [
                ended(CHAT, "completed", rates((60, 20), (30, 0), (60, 20))),
                *cut(CHAT, "connection_lost", rates((60, 0), (30, 20), (60, 0)), cause="connection_lost"),
            ],
            {"1h2m": (), "1h3m": BOTH, "1h30m": BOTH, "1h52m": BOTH, "1h55m": ()},
        ),
        *(
            Scenario(
                f"the service's fault {reason}",
                [
                    ended(CHAT, "completed", rates((120, 20))),
                    *cut(CHAT, reason, rates((60, 0), (60, 20)), cause="unknown"),
                ],
                {"1h2m": (), "1h30m": BOTH},
            )
            for reason in ("truncated", "empty", "timeout", "provider_error", "protocol_error", "tool_error", "error")
        ),
        Scenario(
            "a direct call of a model",
            [ended(CHAT, "completed", rates((60, 20), (60, 0))), *cut(CHAT, "truncated", rates((60, 0), (60, 20)))],
            {"1h2m": (), "1h3m": BOTH, "1h30m": BOTH},
        ),
        Scenario(
            "five of ten",
            [
                ended(CHAT, "completed", rates((60, 0), (5, 1), (55, 0))),
                *cut(CHAT, "empty", rates((60, 0), (5, 1), (55, 0))),
            ],
            {"1h4m": (), "1h7m": BOTH},
        ),
        Scenario(
            "four of eight",
            [
                ended(CHAT, "completed", rates((60, 0), (4, 1), (56, 0))),
                *cut(CHAT, "empty", rates((60, 0), (4, 1), (56, 0))),
            ],
            QUIET,
        ),
        Scenario(
            "one of two",
            [
                ended(CHAT, "completed", rates((60, 0), (1, 1), (59, 0))),
                *cut(CHAT, "empty", rates((60, 0), (1, 1), (59, 0))),
            ],
            QUIET,
        ),
        *rungs.scenarios("are cut", lambda values: cut(CHAT, "error", values), BOTH),
        Scenario(
            # The first value counts: without it the two minutes before the last two would be empty.
            "cut from its first interval on",
            [ended(RUN, "completed", "_x60 2+2x60"), *cut(RUN, "truncated", "_x60 2+2x60")],
            {"1h1m": (), "1h2m": (USERS,)},
        ),
        Scenario(
            "many are cut together and then none",
            [ended(RUN, "completed", "_x60 5x60"), *cut(RUN, "truncated", "_x60 50x60")],
            {"1h1m": (), "1h3m": (), "1h5m": (), "1h12m": ()},
        ),
        Scenario(
            "jobs that export once",
            [
                series
                for at, values in enumerate(one_each_minute(60, 12))
                for series in cut(RUN, "truncated", values, instance=f"job-{at}")
            ],
            {"1h3m": (), "1h4m": (USERS,)},
        ),
        Scenario(
            "restarts reset the counters",
            [
                ended(RUN, "completed", f"{rates((60, 100))} {rates((60, 100))}"),
                *cut(RUN, "truncated", f"{rates((60, 1))} {rates((60, 1))}"),
            ],
            QUIET,
        ),
        Scenario(
            "cut across a restart",
            [
                ended(RUN, "completed", f"{rates((60, 100))} {rates((60, 40))}"),
                *cut(RUN, "truncated", f"{rates((60, 0))} {rates((60, 60))}"),
            ],
            {"1h2m": (), "1h30m": (USERS,)},
        ),
        Scenario(
            # Thirty processes are replaced, one a minute; each cuts three streams as it ends.
            "a rolling deployment",
            [
                series
                for at in range(30)
                for series in (
                    ended(RUN, "completed", f"{rates((59 + at, 10))} stale", instance=f"old-{at}"),
                    ended(RUN, "completed", f"_x{60 + at} {rates((59, 10))}", instance=f"new-{at}"),
                    *cut(RUN, "process_exit", f"_x{58 + at} 3 3 stale", cause="process_exit", instance=f"old-{at}"),
                    (
                        "lastchunk_stream_cutoffs_total",
                        RUN | {"reason": "truncated", "instance": f"new-{at}"},
                        f"_x{60 + at} 0x59",
                    ),
                )
            ],
            QUIET,
        ),
        Scenario(
            "scale to zero in the middle of it",
            [
                ended(RUN, "completed", f"{rates((60, 20))} stale"),
                *cut(RUN, "truncated", f"{rates((40, 0), (20, 20))} stale"),
            ],
            {"1h": (USERS,), "1h10m": (USERS,), "1h30m": (SLOWLY,)},
        ),
        Scenario(
            "up and without traffic",
            [ended(RUN, "completed", "0x180"), *cut(RUN, "truncated", "0x180")],
            QUIET,
        ),
        Scenario(
            "a series that goes missing and comes back",
            [
                ended(RUN, "completed", f"{rates((50, 20))} _x20 {rates((60, 20), start=1400)}"),
                *cut(RUN, "truncated", f"{rates((50, 0.125))} _x20 {rates((60, 0.125), start=8.75)}"),
            ],
            QUIET,
        ),
        Scenario(
            "one bad instance among ten",
            [
                *(ended(RUN, "completed", rates((120, 20)), instance=f"i{at}") for at in range(9)),
                *cut(RUN, "truncated", rates((60, 0), (60, 20)), instance="i9"),
            ],
            {"1h45m": (), "1h55m": (USERS,)},
        ),
        Scenario(
            "one bad instance among twenty",
            [
                *(ended(RUN, "completed", rates((120, 20)), instance=f"i{at}") for at in range(19)),
                *cut(RUN, "truncated", rates((60, 0), (60, 20)), instance="i19"),
            ],
            QUIET,
        ),
        Scenario(
            "one bad model among twenty",
            [
                ended(RUN, "completed", rates((60, 200), (60, 190))),
                *cut(RUN, "truncated", rates((60, 0), (60, 10))),
                *(ended(INNER | {"model": f"m{at}"}, "completed", rates((120, 10))) for at in range(19)),
                *cut(INNER, "truncated", rates((60, 0), (60, 10))),
            ],
            {"1h2m": (), "1h11m": (BY_MODEL,), "1h55m": (BY_MODEL,)},
        ),
        Scenario(
            "runs recover from a bad model",
            [
                ended(RUN, "completed", rates((120, 20))),
                ended(INNER, "completed", rates((120, 20))),
                *cut(INNER, "truncated", rates((60, 0), (60, 20))),
                *cut(RUN, "truncated", rates((70, 0), (1, 4), (49, 0))),
            ],
            QUIET,
        ),
        Scenario(
            "twenty good chats in every cut run",
            [
                ended(RUN, "completed", rates((60, 5), (60, 0))),
                *cut(RUN, "connection_lost", rates((60, 0), (60, 5)), cause="connection_lost"),
                ended(INNER, "completed", rates((120, 100))),
                *cut(INNER, "connection_lost", rates((60, 0), (60, 5)), cause="connection_lost"),
            ],
            {"1h2m": (), "1h3m": (USERS,), "1h45m": (USERS,)},
        ),
        Scenario(
            # 38 % of what began; rejected streams did not begin.
            "cut while prompts are refused",
            [
                ended(CHAT, "completed", rates((60, 100), (60, 62))),
                *cut(CHAT, "truncated", rates((60, 0), (60, 38))),
                ended(CHAT, "rejected", rates((120, 100)), cause="content_filter"),
            ],
            {"1h7m": (), "1h9m": BOTH, "1h30m": BOTH},
        ),
        Scenario(
            # A tenth of the last minutes if rejected streams had begun.
            "cut while all of a sudden prompts are refused",
            [
                ended(CHAT, "completed", rates((60, 100), (60, 60))),
                *cut(CHAT, "truncated", rates((60, 0), (60, 40))),
                ended(CHAT, "rejected", rates((90, 0), (30, 400)), cause="content_filter"),
            ],
            {"1h30m": BOTH, "1h55m": BOTH},
        ),
        Scenario(
            "three of six and three of six an hour later",
            [
                ended(CHAT, "completed", rates((5, 0), (3, 1), (71, 0), (3, 1), (42, 0))),
                *cut(CHAT, "truncated", rates((5, 0), (3, 1), (71, 0), (3, 1), (42, 0))),
            ],
            {"30m": (), "1h25m": (), "1h28m": ()},
        ),
        Scenario(
            "three of six chats and three of six an hour later where users see others",
            [
                ended(RUN, "completed", rates((124, 20))),
                *cut(RUN, "truncated", rates((79, 0), (6, 1), (39, 0))),
                ended(INNER, "completed", rates((5, 0), (3, 1), (71, 0), (3, 1), (42, 0))),
                *cut(INNER, "truncated", rates((5, 0), (3, 1), (71, 0), (3, 1), (42, 0))),
            ],
            {"1h25m": (), "1h28m": ()},
        ),
        Scenario(
            "nine chats in an hour and one before it where users see others",
            [
                ended(RUN, "completed", rates((124, 20))),
                *cut(RUN, "truncated", rates((60, 0), (28, 0.5), (36, 0))),
                ended(INNER, "completed", rates((124, 1))),
                *cut(INNER, "error", rungs.NINE_AND_ONE_BEFORE),
            ],
            {"1h29m": (), "1h30m": ()},
        ),
        Scenario(
            "three of six and three of six after forty minutes",
            [
                ended(CHAT, "completed", rates((60, 0), (3, 1), (37, 0), (3, 1), (20, 0))),
                *cut(CHAT, "truncated", rates((60, 0), (3, 1), (37, 0), (3, 1), (20, 0))),
            ],
            {"1h8m": (), "1h45m": BOTH},
        ),
        Scenario(
            "rejected and then cut by the same provider",
            [
                ended(CHAT, "completed", rates((60, 20), (70, 0))),
                ended(CHAT, "rejected", rates((60, 0), (30, 20), (40, 10))),
                *cut(CHAT, "truncated", rates((90, 0), (40, 10))),
            ],
            {"1h30m": (REJECTED,), "2h": (REJECTED,)},
        ),
        Scenario(
            "one provider rejects and then another cuts",
            [
                ended(CHAT, "completed", rates((60, 20), (70, 0))),
                ended(CHAT, "rejected", rates((60, 0), (70, 20))),
                ended(CHAT | OTHER, "completed", rates((90, 20), (40, 0))),
                *cut(CHAT | OTHER, "truncated", rates((90, 0), (40, 20))),
            ],
            {"1h30m": (REJECTED,), "1h45m": (REJECTED, page("ModelCutoffsFast", **OTHER))},
        ),
        Scenario(
            # Of five minutes 37.5 %, of ten more than half.
            "a little and then half of three minutes",
            [
                ended(CHAT, "completed", rates((60, 100), (4, 80), (1, 100), (3, 50), (52, 100))),
                *cut(CHAT, "truncated", rates((60, 0), (4, 20), (1, 0), (3, 50), (52, 0))),
            ],
            {"1h7m": (), "1h8m": (), "1h9m": ()},
        ),
        Scenario(
            "a Stop button all day",
            [
                ended(CHAT, "completed", rates((120, 60))),
                *cut(CHAT, "abandoned", rates((120, 30)), cause="partial_consumption"),
                *cut(CHAT, "cancelled", rates((120, 10)), cause="client_disconnected"),
                ended(CHAT, "cancelled", rates((120, 10)), cause="cancelled_by_application"),
            ],
            QUIET,
        ),
        Scenario(
            "limits and filters",
            [
                ended(CHAT, "completed", rates((120, 60))),
                *cut(CHAT, "length", rates((120, 30)), cause="context_limit"),
                *cut(CHAT, "content_filter", rates((120, 30)), cause="content_filter"),
                ended(CHAT, "rejected", rates((120, 30)), cause="content_filter"),
            ],
            QUIET,
        ),
    ),
)
