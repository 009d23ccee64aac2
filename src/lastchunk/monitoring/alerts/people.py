# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Tickets for users who leave. They never page, because a Stop button is used all day."""

from __future__ import annotations

from lastchunk.monitoring.alerts.causes import jumped
from lastchunk.monitoring.alerts.counts import recorded
from lastchunk.monitoring.alerts.promql import BY_OPERATION, OUTERMOST, REASON, counted, one_of, selector
from lastchunk.monitoring.alerts.silences import LIKELY_OWNER, gathers
from lastchunk.monitoring.alerts.table import Alert, Recording
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import ENDED, Reason

_SHARE, _FLOOR = 0.1, 20
_LEAVE = (Reason.ABANDONED, Reason.CANCELLED)


def recordings(settings: Settings) -> tuple[Recording, ...]:
    """Streams that were left."""
    left = counted(BY_OPERATION, selector(ENDED, OUTERMOST, one_of(REASON, _LEAVE)), settings.time(settings.hour))
    return (Recording(recorded("left", settings.hour), left),)


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """Far more than usual; or all after the same silence."""
    return (
        Alert(
            name="LastchunkPeopleLeave",
            severity="ticket",
            expression=jumped("left", "outermost_began", _SHARE, _FLOOR, settings),
            wait="15m",
            keep="1h",
            summary=(
                "{{ $value | humanizePercentage }} of the {{ $labels.gen_ai_operation_name }} streams of {{ "
                "$labels.job }} are left early"
            ),
            description=(
                "The share is at least three times that of the past day. People who wait too long leave: look at "
                "the time to the first chunk and the longest gap."
            ),
            leaves_out="A Stop button that is used as often as before. A service with fewer than 20 streams in its past.",
            panel="left_early",
        ),
        Alert(
            name="LastchunkPeopleLeaveTogether",
            severity="ticket",
            expression=gathers("people", settings.ticket_floor, settings),
            wait="5m",
            keep="1h",
            summary=(
                "{{ $value | humanizePercentage }} of those who leave {{ $labels.job }} do so after {{ "
                "$labels.silence }} of silence"
            ),
            description="People leave at different times; a timeout is always the same. "
            + LIKELY_OWNER
            + "Send pings while the model is silent, or raise the timeout.",
            leaves_out=(
                "Silences below 25 s, and those between the known timeouts: they may be a timeout or a person."
            ),
            panel="idle_at_end",
        ),
    )
