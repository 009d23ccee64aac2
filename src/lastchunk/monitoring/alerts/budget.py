# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Cutoffs burn the error budget: what users saw by service and operation, what a provider did by model."""

from __future__ import annotations

from lastchunk.monitoring.alerts.counts import summed
from lastchunk.monitoring.alerts.promql import JOB, PROVIDER, share
from lastchunk.monitoring.alerts.table import Alert
from lastchunk.monitoring.settings import Settings

_USERS = (
    "{{ $value | humanizePercentage }} of the {{ $labels.gen_ai_operation_name }} streams of {{ $labels.job }} are cut"
)
_MODEL = (
    "{{ $value | humanizePercentage }} of the chat streams of {{ $labels.job }} from {{ $labels.gen_ai_request_model "
    "}} are cut"
)
_FAST = (
    "Users get half an answer, or none. Which agent, since when and why: the linked panel; each cutoff with its "
    "trace: the table below it."
)
_LEFT = (
    "Users who left, limits, filters and process ends are no fault of the service. Rejected streams have alerts of "
    "their own, which silence this one."
)


def fast(part: str, whole: str, settings: Settings) -> str:
    """Burns in both fast windows, and is not one of two."""
    threshold = f"{settings.threshold(settings.fast):g}"
    return (
        f"{share(f'lastchunk:{part}:long', f'lastchunk:{whole}:long')} >= {threshold}\n"
        f"and {share(f'lastchunk:{part}:short', f'lastchunk:{whole}:short')} >= {threshold}\n"
        f"and lastchunk:{part}:long >= {settings.page_floor}"
    )


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
    seen = f"sum by ({JOB}) (lastchunk:outermost_cut:long) >= {settings.page_floor}"
    return (
        Alert(
            name="LastchunkCutoffsFast",
            severity="page",
            expression=(
                f"({fast('outermost_cut', 'outermost_began', settings)})\nunless on ({JOB}) lastchunk:rejected:fast"
            ),
            wait="2m",
            keep="10m",
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
                "The error budget is used up before its time. Which agent, since when and why: the linked panel."
            ),
            leaves_out=_LEFT,
            panel="cutoff_rate",
        ),
        Alert(
            name="LastchunkModelCutoffsFast",
            severity="page",
            expression=(
                f"({fast('chat_cut', 'chat_began', settings)})\nand on ({JOB}) {seen}\n"
                f"unless on ({JOB}, {PROVIDER}) lastchunk:rejected:fast"
            ),
            wait="2m",
            keep="10m",
            summary=_MODEL,
            description=(
                "One model is cut, and users of the service see cutoffs. A fallback model, or the provider's status "
                "page, comes first."
            ),
            leaves_out=(
                "Cutoffs from which every run recovered: users saw none; LastchunkModelCutoffsSlow files a ticket. "
                + _LEFT
            ),
            panel="cutoffs_by_cause",
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
                "Also cutoffs from which runs recovered: they cost time and tokens. Which cause, since when: the "
                "linked panel."
            ),
            leaves_out=_LEFT,
            panel="inner_cutoffs",
        ),
    )
