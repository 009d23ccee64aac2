# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Counts after how many seconds of silence streams end: if most end at one value, it is a timeout."""

from __future__ import annotations

from lastchunk.monitoring.alerts.counts import recorded
from lastchunk.monitoring.alerts.promql import (
    BY_MODEL,
    BY_OPERATION,
    CHAT,
    OUTERMOST,
    REASON,
    counted,
    one_of,
    selector,
)
from lastchunk.monitoring.alerts.table import Recording
from lastchunk.monitoring.names import series
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import IDLE, Reason

_OWNERS: dict[tuple[int, int], str] = {
    (25, 35): "30 s is a default of Google Cloud's load balancer.",
    (55, 65): "60 s is a default of nginx and of AWS load balancers.",
    (85, 95): "90 s is no well-known default: somebody has set it.",
    (115, 125): "120 s is no well-known default: somebody has set it.",
    (175, 185): "180 s is no well-known default: somebody has set it.",
    (235, 245): "240 s is a default of Azure's load balancer.",
    (290, 310): "300 s is a default of Envoy for idle streams.",
    (590, 610): "600 s is a default of the OpenAI and Anthropic SDKs.",
}

"""The narrow buckets of `lastchunk.stream.idle_at_end`, in seconds, and who usually has such a timeout."""


def said(low: int, high: int) -> str:
    """The value of the label `silence`."""
    return f"{low} to {high} s"


LIKELY_OWNER = "".join(
    f'{{{{ if eq $labels.silence "{said(*span)}" }}}}{owner} {{{{ end }}}}' for span, owner in _OWNERS.items()
)
"""The usual owner of the timeout at which they gather, and a space; for a text that goes on after it."""

_MOST = 0.5
_STREAMS = {
    "chat": (
        BY_MODEL,
        CHAT,
        (Reason.CONNECTION_LOST, Reason.TIMEOUT, Reason.TRUNCATED, Reason.EMPTY, Reason.PROVIDER_ERROR),
    ),
    "people": (BY_OPERATION, OUTERMOST, (Reason.ABANDONED, Reason.CANCELLED)),
}


def _bucket(seconds: int) -> str:
    """Prometheus 3 writes scraped bounds as `65.0`; others, and those that are pushed, as `65`."""
    return f'le=~"{seconds}([.]0)?"'


def recordings(settings: Settings) -> tuple[Recording, ...]:
    """Streams by the range of silence after which they ended; and how many there are."""
    window = settings.time(settings.hour)
    made: list[Recording] = []
    for name, (by, streams, reasons) in _STREAMS.items():
        of = (streams, one_of(REASON, reasons))

        def up_to(seconds: int, by: tuple[str, ...] = by, of: tuple[str, ...] = of) -> str:
            return counted(by, selector(f"{series(IDLE)}_bucket", *of, _bucket(seconds)), window)

        spans = [
            f'label_replace({up_to(high)} - {up_to(low)}, "silence", "{said(low, high)}", "", "")'
            for low, high in _OWNERS
        ]
        made.append(Recording(recorded(f"{name}_silence", settings.hour), "\nor ".join(spans)))
        made.append(
            Recording(
                recorded(f"{name}_silent", settings.hour), counted(by, selector(f"{series(IDLE)}_count", *of), window)
            )
        )
    return tuple(made)


def gathers(name: str, floor: int, settings: Settings) -> str:
    """The range in which most of them end, with the label `silence`: at most one for each set of the other labels."""
    by, gathered = ", ".join(_STREAMS[name][0]), recorded(f"{name}_silence", settings.hour)
    return (
        f"{gathered} / on ({by}) group_left () ({recorded(f'{name}_silent', settings.hour)} > 0) > {_MOST:g}\n"
        f"and {gathered} >= {floor}"
    )


def gathered(expression: str, name: str, settings: Settings) -> str:
    """The expression, with the label `silence` where these streams gather at one."""
    by = ", ".join(_STREAMS[name][0])
    gather = gathers(name, settings.ticket_floor, settings)
    return f"({expression}) * on ({by}) group_left (silence) (0 * ({gather}) + 1)\nor on ({by}) ({expression})"
