# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Alerts on missing telemetry: a service that was there at this hour of past days must be there today."""

from __future__ import annotations

from lastchunk.monitoring.alerts.promql import JOB, OUTERMOST, counted, selector
from lastchunk.monitoring.alerts.table import Alert, Recording
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import ENDED, OPEN

_YESTERDAY, _AN_HOUR_LATER, _LAST_WEEK = "1d", "23h", "7d"
_DAY, _HOUR = "1d", "1h"
_BUSY = 20
"""With fewer streams an hour on both past days, silence is normal."""
_RESOLVES = "The alert resolves by itself when {}, and otherwise after one day."


def recordings(settings: Settings) -> tuple[Recording, ...]:
    """How many streams ended at this hour of past days; how many in the last hour."""
    hour, ended = settings.time("1h"), selector(ENDED, OUTERMOST)
    return (
        Recording("lastchunk:traffic:now", counted((JOB,), ended, hour)),
        Recording("lastchunk:traffic:yesterday", counted((JOB,), ended, hour, settings.time(_YESTERDAY))),
        Recording("lastchunk:traffic:last_week", counted((JOB,), ended, hour, settings.time(_LAST_WEEK))),
    )


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """No series at all, and no traffic, are told apart."""

    def present(offset: str = "") -> str:
        ago = f" offset {settings.time(offset)}" if offset else ""
        return f"count by ({JOB}) ({selector(OPEN, OUTERMOST)}{ago})"

    week, day, hour = (settings.time(span) for span in (_LAST_WEEK, _DAY, _HOUR))
    known = f"count by ({JOB}) (count_over_time(lastchunk:open:now[{day}:{hour}] offset {week}))"
    as_always = f"({present(_LAST_WEEK)}\nor ({present(_YESTERDAY)} unless on ({JOB}) {known}))"
    return (
        Alert(
            name="LastchunkTelemetryGone",
            severity="ticket",
            expression=(f"{present(_YESTERDAY)}\nand {present(_AN_HOUR_LATER)}\nand {as_always}\nunless {present()}"),
            wait="15m",
            keep="5m",
            summary="{{ $labels.job }} sends no metrics, at an hour at which it always did",
            description=(
                "The service is down, is no longer instrumented, or its telemetry does not arrive. If other "
                "services have disappeared too, look at the Collectors. Until its metrics are back, none of its "
                "cutoffs can raise an alert. " + _RESOLVES.format("metrics arrive again")
            ),
            leaves_out=(
                "A service in its first day. A service that was not there yesterday at this hour, or a week ago "
                "if it is older than a week. Jobs shorter than an hour. A service that does not run at weekends "
                "raises one false alert, on its first Saturday."
            ),
            panel="series_present",
        ),
        Alert(
            name="LastchunkNoTraffic",
            severity="ticket",
            expression=(
                f"lastchunk:traffic:yesterday >= {_BUSY}\nand lastchunk:traffic:last_week >= {_BUSY}\n"
                f"and on ({JOB}) {present()}\nunless on ({JOB}) lastchunk:traffic:now > 0"
            ),
            wait="15m",
            keep="5m",
            summary="{{ $labels.job }} is up, but no stream ended in the last hour; {{ $value }} did yesterday",
            description=(
                "Its metrics arrive, so either it gets no requests, or no stream ends. Look at what sends its "
                "requests, and at its open streams. " + _RESOLVES.format("a stream ends")
            ),
            leaves_out=(
                "Hours with fewer than 20 streams yesterday or a week ago. A service without metrics: see "
                "LastchunkTelemetryGone."
            ),
            panel="endings_by_reason",
        ),
    )
