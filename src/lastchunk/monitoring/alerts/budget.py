# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Alerts on the error budget: cutoffs that users saw, by service and operation; cutoffs of a provider, by model."""

from __future__ import annotations

from lastchunk.monitoring.alerts.counts import recorded, summed
from lastchunk.monitoring.alerts.promql import JOB, PROVIDER, share
from lastchunk.monitoring.alerts.table import Alert
from lastchunk.monitoring.settings import Rung, Settings

_USERS = (
    "{{ $value | humanizePercentage }} of the {{ $labels.gen_ai_operation_name }} streams of {{ $labels.job }} are cut"
)
_MODEL = (
    "{{ $value | humanizePercentage }} of the chat streams of {{ $labels.job }} from {{ $labels.gen_ai_request_model "
    "}} are cut"
)
_FAST = (
    "Users get half an answer, or none. The linked panel shows which agent, since when and why. The table below "
    "it lists each cutoff with its trace."
)
_LEFT = (
    "Users who left, limits, filters and process ends: they are not the service's fault. Rejected streams: they "
    "have their own alerts, which silence this one."
)


def climbs(part: str, whole: str, rung: Rung, settings: Settings) -> str:
    """One rung of the ladder holds. Its value is the share in its long window."""
    long, short = recorded(part, rung.long), recorded(part, rung.short)
    before = recorded(part, rung.short, settings.time(rung.short))
    return (
        f"{share(long, recorded(whole, rung.long))} >= {rung.share:g}\n"
        f"and {share(short, recorded(whole, rung.short))} >= {rung.share:g}\n"
        f"and {long} >= {rung.floor}\nand {short} >= {rung.each}\nand {before} >= {rung.each}"
    )


def fast(part: str, whole: str, settings: Settings) -> str:
    """A rung of the ladder holds: the shortest that does gives the value."""
    return "\nor ".join(f"({climbs(part, whole, rung, settings)})" for rung in settings.ladder)


def _seen_by_users(settings: Settings) -> str:
    """A model is cut, and by the same rung so many streams of its service that users saw."""
    rungs = (
        f"({climbs('chat_cut', 'chat_began', rung, settings)}\n"
        f"and on ({JOB}) sum by ({JOB}) ({recorded('outermost_cut', rung.long)}) >= {rung.floor})"
        for rung in settings.ladder
    )
    return "\nor ".join(rungs)


def slow(part: str, whole: str, threshold: float, settings: Settings) -> str:
    """Burns in both slow windows, and is not one of two."""
    long, short = settings.slow.long, settings.slow.short
    return (
        f"{share(summed(part, long, settings), summed(whole, long, settings))} >= {threshold:g}\n"
        f"and {share(summed(part, short, settings), summed(whole, short, settings))} >= {threshold:g}\n"
        f"and {summed(part, long, settings)} >= {settings.ticket_floor}"
    )


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """Fast is a page, slow a ticket."""
    burns_slowly = settings.threshold(settings.slow)
    any_rejected = "(lastchunk:rejected:fast or lastchunk:rejected:slow)"
    return (
        Alert(
            name="LastchunkCutoffsFast",
            severity="page",
            expression=(
                f"({fast('outermost_cut', 'outermost_began', settings)})\nunless on ({JOB}) lastchunk:rejected:fast"
            ),
            wait="0s",
            keep="5m",
            summary=_USERS,
            description=_FAST,
            leaves_out=_LEFT,
            panel="cutoff_rate",
        ),
        Alert(
            name="LastchunkCutoffsSlow",
            severity="ticket",
            expression=(
                f"({slow('outermost_cut', 'outermost_began', burns_slowly, settings)})\nunless on ({JOB}) "
                f"{any_rejected}"
            ),
            wait="15m",
            keep="1h",
            summary=_USERS,
            description=(
                "The error budget is being used up too fast. The linked panel shows which agent, since when and why."
            ),
            leaves_out=_LEFT,
            panel="cutoff_rate",
        ),
        Alert(
            name="LastchunkModelCutoffsFast",
            severity="page",
            expression=(f"({_seen_by_users(settings)})\nunless on ({JOB}, {PROVIDER}) lastchunk:rejected:fast"),
            wait="0s",
            keep="5m",
            summary=_MODEL,
            description=(
                "The streams of one model are cut, and users of the service see it. Switch to a fallback model, "
                "or check the provider's status page."
            ),
            leaves_out=(
                "Cutoffs from which every run recovered: users saw none, and LastchunkModelCutoffsSlow opens a "
                "ticket. " + _LEFT
            ),
            panel="by_model",
        ),
        Alert(
            name="LastchunkModelCutoffsSlow",
            severity="ticket",
            expression=(
                f"({slow('chat_cut', 'chat_began', burns_slowly, settings)})\nunless on ({JOB}, {PROVIDER}) "
                f"{any_rejected}"
            ),
            wait="15m",
            keep="1h",
            summary=_MODEL,
            description=(
                "Cutoffs from which runs recovered count, too: they cost time and tokens. The linked panel shows "
                "which cause, and since when."
            ),
            leaves_out=_LEFT,
            panel="by_model",
        ),
    )
