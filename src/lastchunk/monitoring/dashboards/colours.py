# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One colour for each family of endings, the same on every panel; within a family, shades of it.

The hues are six of Okabe and Ito's and a grey, which the colour-blind can tell apart. Shades stay between the brightness of
a light and of a dark background.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lastchunk.semconv import Cause, Delivery, Reason, WaitingFor


class Family(StrEnum):
    """Who or what ended a stream."""

    COMPLETED = "completed"
    LEFT = "left by the user"
    LIMIT = "limit"
    TRANSPORT = "cut on the way"
    FAULT = "fault of provider or tool"
    NOT_STARTED = "did not start"
    OTHER = "other"


HUES: Mapping[Family, str] = {
    Family.COMPLETED: "#009E73",
    Family.LEFT: "#56B4E9",
    Family.LIMIT: "#E69F00",
    Family.TRANSPORT: "#D55E00",
    Family.FAULT: "#CC79A7",
    Family.NOT_STARTED: "#0072B2",
    Family.OTHER: "#6E6E6E",
}
GOOD, WARNING, BAD = HUES[Family.COMPLETED], HUES[Family.LIMIT], HUES[Family.TRANSPORT]
NEUTRAL = "text"
"""Grafana's name for the colour of the text: for numbers that are neither good nor bad."""

REASONS: Mapping[Reason, Family] = {
    Reason.COMPLETED: Family.COMPLETED,
    Reason.ABANDONED: Family.LEFT,
    Reason.CANCELLED: Family.LEFT,
    Reason.LENGTH: Family.LIMIT,
    Reason.CONTENT_FILTER: Family.LIMIT,
    Reason.TRUNCATED: Family.TRANSPORT,
    Reason.CONNECTION_LOST: Family.TRANSPORT,
    Reason.TIMEOUT: Family.TRANSPORT,
    Reason.EMPTY: Family.TRANSPORT,
    Reason.PROVIDER_ERROR: Family.FAULT,
    Reason.PROTOCOL_ERROR: Family.FAULT,
    Reason.TOOL_ERROR: Family.FAULT,
    Reason.REJECTED: Family.NOT_STARTED,
    Reason.PROCESS_EXIT: Family.OTHER,
    Reason.ERROR: Family.OTHER,
}
CAUSES: Mapping[Cause, Family] = {
    Cause.PARTIAL_CONSUMPTION: Family.LEFT,
    Cause.CLIENT_DISCONNECTED: Family.LEFT,
    Cause.CANCELLED_BY_APPLICATION: Family.LEFT,
    Cause.CONTEXT_LIMIT: Family.LIMIT,
    Cause.CONTENT_FILTER: Family.LIMIT,
    Cause.IDLE_TIMEOUT: Family.TRANSPORT,
    Cause.CONNECTION_LOST: Family.TRANSPORT,
    Cause.NO_STREAMING_SUPPORT: Family.TRANSPORT,
    Cause.PROVIDER_ERROR: Family.FAULT,
    Cause.TOOL_FAILURE: Family.FAULT,
    Cause.PACKAGE_MISMATCH: Family.FAULT,
    Cause.RATE_LIMITED: Family.FAULT,
    Cause.PROCESS_EXIT: Family.OTHER,
    Cause.UNKNOWN: Family.OTHER,
}

_SHADES: Mapping[Family, tuple[float, ...]] = {
    Family.COMPLETED: (0.0,),
    Family.LEFT: (0.0, 0.35, -0.45),
    Family.LIMIT: (0.0, 0.4),
    Family.TRANSPORT: (0.0, -0.25, -0.4, -0.55),
    Family.FAULT: (0.0, -0.45, 0.6, -0.6),
    Family.NOT_STARTED: (0.0,),
    Family.OTHER: (0.0, 0.5),
}
"""How far each further value of a family goes towards black (negative) or white, away from all shades of other families."""


def shade(hue: str, by: float) -> str:
    """The colour, mixed with white, or with black if `by` is negative."""
    target = 255 if by > 0 else 0
    parts = (int(hue[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (target - part) * abs(by)):02X}" for part in parts)


def _by_family(families: Mapping[Reason, Family] | Mapping[Cause, Family]) -> dict[str, str]:
    seen: dict[Family, int] = {}
    colours: dict[str, str] = {}
    for value, family in families.items():
        colours[str(value)] = shade(HUES[family], _SHADES[family][seen.get(family, 0)])
        seen[family] = seen.get(family, 0) + 1
    return colours


OF_REASON = _by_family(REASONS)
OF_CAUSE = _by_family(CAUSES)
OF_DELIVERY = {
    str(Delivery.INCREMENTAL): HUES[Family.COMPLETED],
    str(Delivery.BURST): HUES[Family.LIMIT],
    str(Delivery.SINGLE): HUES[Family.TRANSPORT],
    str(Delivery.NONE): HUES[Family.OTHER],
}
OF_WAITING = {
    str(WaitingFor.FIRST_CHUNK): HUES[Family.TRANSPORT],
    str(WaitingFor.NEXT_CHUNK): HUES[Family.LIMIT],
    str(WaitingFor.TOOL): HUES[Family.FAULT],
    str(WaitingFor.PERSON): HUES[Family.OTHER],
}
OF_CUTOFF = {"completed": GOOD, "cut": BAD}
