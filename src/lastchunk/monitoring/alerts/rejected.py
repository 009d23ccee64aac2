# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Alerts on streams that do not start: the user got an error at once."""

from __future__ import annotations

from lastchunk.monitoring.alerts.budget import fast, slow
from lastchunk.monitoring.alerts.counts import recorded, started
from lastchunk.monitoring.alerts.promql import CAUSE, REJECTED, one_of, share
from lastchunk.monitoring.alerts.table import Alert, Recording
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import Cause

_SUMMARY = (
    "{{ $value | humanizePercentage }} of the streams of {{ $labels.job }}{{ with $labels.gen_ai_request_model }} "
    "from {{ . }}{{ end }} "
)
_LEFT = (
    "`rate_limited` and `context_limit`: they have their own tickets. Prompts that a filter refuses. Calls that "
    "do not stream: in a service without chat streams, the runs are counted instead."
)
_APART = 0.1
"""The share of requests at which a limit is a ticket."""


def recordings(settings: Settings) -> tuple[Recording, ...]:
    """Which models reject: what alerts, and silences the alerts on cutoffs."""
    window = settings.time(settings.hour)
    limited = {
        name: started(f"{REJECTED}, {one_of(CAUSE, [cause])}", window)
        for name, cause in (("rate_limited", Cause.RATE_LIMITED), ("context_rejected", Cause.CONTEXT_LIMIT))
    }
    return (
        Recording("lastchunk:rejected:fast", fast("rejected", "asked", settings)),
        Recording("lastchunk:rejected:slow", slow("rejected", "asked", settings.rejected_slow, settings)),
        *(Recording(recorded(name, settings.hour), expression) for name, expression in limited.items()),
    )


def _limit(part: str, settings: Settings) -> str:
    limited = recorded(part, settings.hour)
    return f"{share(limited, recorded('asked', settings.hour))} >= {_APART:g}\nand {limited} >= {settings.ticket_floor}"


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """Fast is a page, slow a ticket; limits are tickets."""
    return (
        Alert(
            name="LastchunkRejectedFast",
            severity="page",
            expression="lastchunk:rejected:fast",
            wait="0s",
            keep="5m",
            summary=_SUMMARY + "do not start",
            description=(
                "The provider refuses the requests, or cannot be reached. `error.type` shows whether it is the "
                "key, the endpoint, the model name, or an incident."
            ),
            leaves_out=_LEFT,
            panel="rejected_rate",
        ),
        Alert(
            name="LastchunkRejectedSlow",
            severity="ticket",
            expression="lastchunk:rejected:slow unless lastchunk:rejected:fast",
            wait="15m",
            keep="1h",
            summary=_SUMMARY + "do not start",
            description="Some requests fail before a stream begins. `error.type` says why.",
            leaves_out=_LEFT,
            panel="rejected_rate",
        ),
        Alert(
            name="LastchunkRateLimited",
            severity="ticket",
            expression=_limit("rate_limited", settings),
            wait="5m",
            keep="30m",
            summary=_SUMMARY + "are refused by a rate limit",
            description="The service sends more requests than the quota allows. The linked panel shows which service "
            "sends how many.",
            leaves_out=(
                "Streams that a rate limit cut after they began: they count as cutoffs. Requests for which a "
                "retry of the SDK succeeded."
            ),
            panel="rejected_rate",
            labels={CAUSE: Cause.RATE_LIMITED},
        ),
        Alert(
            name="LastchunkContextRejected",
            severity="ticket",
            expression=_limit("context_rejected", settings),
            wait="5m",
            keep="30m",
            summary=_SUMMARY + "are refused because the history is too long",
            description=(
                "These conversations get no answer any more. The linked dashboard compares the history size of "
                "cut and completed streams."
            ),
            leaves_out="Answers that an output limit cut: see LastchunkLimitsReached.",
            panel="context_errors",
            labels={CAUSE: Cause.CONTEXT_LIMIT},
        ),
    )
