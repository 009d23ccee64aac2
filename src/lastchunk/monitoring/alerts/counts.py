# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The counts that several alerts use: recorded for each window of the ladder; longer windows are sums of the longest."""

from __future__ import annotations

from lastchunk.monitoring.alerts.promql import (
    BEGAN,
    BY_MODEL,
    BY_OPERATION,
    CAUSE,
    CHAT,
    FAULT,
    JOB,
    OUTERMOST,
    REJECTED,
    counted,
    none_of,
    selector,
)
from lastchunk.monitoring.alerts.table import Recording
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import CUTOFFS, ENDED, Cause

APART = (Cause.RATE_LIMITED, Cause.CONTEXT_LIMIT, Cause.CONTENT_FILTER)
"""Why streams are rejected without a fault of the provider: watched by alerts of their own."""


def recorded(what: str, window: str, before: str = "") -> str:
    """The name of a count in a window, as it was `before` this instant."""
    return f"lastchunk:{what}:{window}{f' offset {before}' if before else ''}"


def started(matcher: str, window: str) -> str:
    """Requested streams, by model: chat streams, or the outermost streams of a service that has none.

    AutoGen's agents do not stream the model by default, and then there is no chat stream.
    """
    chat = counted(BY_MODEL, selector(ENDED, CHAT, matcher) if matcher else selector(ENDED, CHAT), window)
    other = counted(BY_MODEL, selector(ENDED, OUTERMOST, matcher) if matcher else selector(ENDED, OUTERMOST), window)
    if not matcher:
        return f"{chat} or on ({JOB}) {other}"
    return f"{chat} or ({other} unless on ({JOB}) {counted((JOB,), selector(ENDED, CHAT), window)})"


def recordings(settings: Settings) -> tuple[Recording, ...]:
    """Began, cut, asked for and rejected, in each window of the ladder."""
    made: list[Recording] = []
    for name in settings.counted:
        window = settings.time(name)
        counts = {
            "outermost_began": counted(BY_OPERATION, selector(ENDED, OUTERMOST, BEGAN), window),
            "outermost_cut": counted(BY_OPERATION, selector(CUTOFFS, OUTERMOST, FAULT), window),
            "chat_began": counted(BY_MODEL, selector(ENDED, CHAT, BEGAN), window),
            "chat_cut": counted(BY_MODEL, selector(CUTOFFS, CHAT, FAULT), window),
            "asked": started("", window),
            "rejected": started(f"{REJECTED}, {none_of(CAUSE, APART)}", window),
        }
        made += [Recording(recorded(what, name), expression) for what, expression in counts.items()]
    return tuple(made)


def summed(what: str, window: str, settings: Settings, offset: str = "") -> str:
    """A count in a window that is several of the longest, from their recording."""
    step = settings.time(settings.hour)
    ago = f" offset {settings.time(offset)}" if offset else ""
    return f"sum_over_time({recorded(what, settings.hour)}[{settings.time(window)}:{step}]{ago})"
