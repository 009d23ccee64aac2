# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams that do not start, within an hour; and what that silences. A sample each minute; trouble begins at 60."""

from __future__ import annotations

from tests.stack.rules import rungs
from tests.stack.rules.scenario import CHAT, INNER, MODEL, RUN, Family, Scenario, ended, page, rates, ticket

REJECTED = page("RejectedFast", **MODEL)

LIMITS = (
    ("rate_limited", (ticket("RateLimited", cause="rate_limited", **MODEL),)),
    ("context_limit", (ticket("ContextRejected", cause="context_limit", **MODEL),)),
    ("content_filter", ()),
)
"""What refuses without a fault of the provider, and the ticket for it."""


def limited(kind: str, cause: str) -> list[Scenario]:
    """A limit that refuses: a ticket at a tenth, and never a page."""
    due = ticket(kind, cause=cause, **MODEL)
    return [
        Scenario(
            f"{cause} refuses a tenth",
            [
                ended(CHAT, "completed", rates((120, 899))),
                ended(CHAT, "rejected", rates((60, 0), (60, 101)), cause=cause),
            ],
            {"1h55m": (), "2h8m": (due,)},
        ),
        Scenario(
            f"{cause} refuses not quite a tenth",
            [
                ended(CHAT, "completed", rates((120, 901))),
                ended(CHAT, "rejected", rates((60, 0), (60, 99)), cause=cause),
            ],
            {"1h55m": (), "2h8m": ()},
        ),
        Scenario(
            f"{cause} refuses everything",
            [
                ended(INNER, "completed", rates((60, 20), (20, 0), (120, 20))),
                ended(INNER, "rejected", rates((60, 0), (20, 20), (120, 0)), cause=cause),
            ],
            # A tenth of the hour is reached after six minutes, and left when the refusals are as old as the hour.
            {"1h9m": (), "1h12m": (due,), "2h8m": (due,), "2h40m": (due,), "2h50m": ()},
        ),
        Scenario(
            f"{cause} refuses five",
            [
                ended(CHAT, "completed", rates((60, 0), (5, 1), (55, 0))),
                ended(CHAT, "rejected", rates((60, 0), (5, 1), (55, 0)), cause=cause),
            ],
            {"1h9m": (), "1h12m": (due,), "2h8m": (due,)},
        ),
        Scenario(
            f"{cause} refuses four",
            [
                ended(CHAT, "completed", rates((60, 0), (4, 1), (56, 0))),
                ended(CHAT, "rejected", rates((60, 0), (4, 1), (56, 0)), cause=cause),
            ],
            {"1h12m": (), "1h40m": ()},
        ),
        Scenario(
            f"{cause} refuses the runs of a service without chat streams",
            [
                ended(RUN, "completed", rates((60, 20), (60, 0))),
                ended(RUN, "rejected", rates((60, 0), (60, 20)), cause=cause),
            ],
            {"1h30m": (ticket(kind, cause=cause),)},
        ),
    ]


FAMILY = Family(
    "1m",
    (
        "LastchunkRejectedFast",
        "LastchunkRateLimited",
        "LastchunkContextRejected",
    ),
    (
        Scenario(
            "8 in 100 are rejected",
            [
                ended(CHAT, "completed", rates((60, 2000), (70, 1838))),
                ended(CHAT, "rejected", rates((60, 0), (70, 162)), cause="provider_error"),
            ],
            {"1h50m": (), "2h5m": (REJECTED,), "2h9m": (REJECTED,)},
        ),
        Scenario(
            "not quite 8 in 100 are rejected",
            [
                ended(CHAT, "completed", rates((60, 2000), (70, 1842))),
                ended(CHAT, "rejected", rates((60, 0), (70, 158)), cause="provider_error"),
            ],
            {"1h50m": (), "2h5m": (), "2h9m": ()},
        ),
        Scenario(
            "all streams are rejected for half an hour",
            [
                ended(INNER, "completed", rates((60, 20), (30, 0), (60, 20))),
                ended(INNER, "rejected", rates((60, 0), (30, 20), (60, 0)), cause="unknown"),
                ended(RUN, "rejected", rates((60, 0), (30, 20), (60, 0)), cause="unknown"),
            ],
            {"1h2m": (), "1h3m": (REJECTED,), "1h30m": (REJECTED,), "1h52m": (REJECTED,), "1h55m": ()},
        ),
        Scenario(
            "five of ten are rejected",
            [
                ended(CHAT, "completed", rates((60, 0), (5, 1), (55, 0))),
                ended(CHAT, "rejected", rates((60, 0), (5, 1), (55, 0))),
            ],
            {"1h4m": (), "1h7m": (REJECTED,)},
        ),
        Scenario(
            # Of five minutes 37.5 %, of ten more than half.
            "a little and then half of three minutes are rejected",
            [
                ended(CHAT, "completed", rates((60, 100), (4, 80), (1, 100), (3, 50), (52, 100))),
                ended(CHAT, "rejected", rates((60, 0), (4, 20), (1, 0), (3, 50), (52, 0))),
            ],
            {"1h7m": (), "1h8m": (), "1h9m": ()},
        ),
        Scenario(
            "four of eight are rejected",
            [
                ended(CHAT, "completed", rates((60, 0), (4, 1), (56, 0))),
                ended(CHAT, "rejected", rates((60, 0), (4, 1), (56, 0))),
            ],
            {"1h7m": (), "1h30m": ()},
        ),
        Scenario(
            "three of six are rejected and three of six an hour later",
            [
                ended(CHAT, reason, rates((5, 0), (3, 1), (71, 0), (3, 1), (42, 0)))
                for reason in ("completed", "rejected")
            ],
            {"30m": (), "1h28m": ()},
        ),
        *(
            Scenario(
                # The limit has the hour, and the errors only its end.
                f"{cause} and then errors",
                [
                    ended(CHAT, "completed", rates((60, 20), (30, 10), (40, 15))),
                    ended(CHAT, "rejected", rates((60, 0), (30, 10), (40, 0)), cause=cause),
                    ended(CHAT, "rejected", rates((90, 0), (40, 5)), cause="provider_error"),
                ],
                {"1h33m": due, "1h50m": (*due, REJECTED)},
            )
            for cause, due in LIMITS
        ),
        *(
            Scenario(
                # The errors have the hour, and the limit its end.
                f"errors and then {cause}",
                [
                    ended(CHAT, "completed", rates((60, 20), (20, 0), (50, 10))),
                    ended(CHAT, "rejected", rates((60, 0), (20, 20), (50, 0)), cause="provider_error"),
                    ended(CHAT, "rejected", rates((80, 0), (50, 10)), cause=cause),
                ],
                {"1h20m": (REJECTED,), "1h50m": due},
            )
            for cause, due in LIMITS
        ),
        Scenario(
            "rejected from its first interval on",
            [ended(CHAT, "rejected", "_x60 2+2x60", cause="provider_error")],
            {"1h1m": (), "1h2m": (REJECTED,)},
        ),
        Scenario(
            "the runs of a service without chat streams are rejected",
            [ended(RUN, "completed", rates((60, 20), (60, 0))), ended(RUN, "rejected", rates((60, 0), (60, 20)))],
            {"1h2m": (), "1h3m": (page("RejectedFast"),)},
        ),
        Scenario(
            # What the provider did is not what the runs say of it.
            "runs are rejected and chats are not",
            [ended(RUN, "rejected", rates((60, 0), (60, 20))), ended(INNER, "completed", rates((120, 20)))],
            {"1h14m": (), "1h55m": ()},
        ),
        *rungs.scenarios(
            "are rejected", lambda values: [ended(CHAT, "rejected", values, cause="provider_error")], (REJECTED,)
        ),
        *limited("RateLimited", "rate_limited"),
        *limited("ContextRejected", "context_limit"),
    ),
)
