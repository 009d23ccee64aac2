# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams hang, by instance: a dead process lingers for five minutes, so a sum over instances shows streams that are gone."""

from __future__ import annotations

from lastchunk.monitoring.alerts.promql import (
    CHAT,
    INSTANCE,
    JOB,
    MODEL,
    OUTERMOST,
    PROVIDER,
    WAITING_FOR,
    counted,
    one_of,
    selector,
)
from lastchunk.monitoring.alerts.table import Alert, Recording
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import ENDED, OPEN, STALLED, WaitingFor

_HANGS = "10m"
_BY_PROCESS = (JOB, INSTANCE)
_BY_MODEL = (JOB, INSTANCE, PROVIDER, MODEL)
_MODEL = one_of(WAITING_FOR, [WaitingFor.FIRST_CHUNK, WaitingFor.NEXT_CHUNK])
_MANY = 20
_HALF_DAY, _DAY = "12h", "24h"


def _stalled(streams: str) -> str:
    return f"sum by ({', '.join(_BY_MODEL)}) ({selector(STALLED, streams, _MODEL)})"


def _ended(streams: str, window: str) -> str:
    return counted(_BY_MODEL, selector(ENDED, streams), window)


def recordings(settings: Settings) -> tuple[Recording, ...]:
    """Per process: stalled while waiting for the model, ended meanwhile, open."""
    window, hour = settings.time(_HANGS), settings.time("1h")
    process = ", ".join(_BY_PROCESS)
    return (
        Recording("lastchunk:stalled:now", f"{_stalled(CHAT)} or on ({process}) {_stalled(OUTERMOST)}"),
        Recording("lastchunk:ended:meanwhile", f"{_ended(CHAT, window)} or on ({process}) {_ended(OUTERMOST, window)}"),
        Recording("lastchunk:open:now", f"sum by ({process}) ({selector(OPEN, OUTERMOST)})"),
        Recording("lastchunk:ended:hour", counted(_BY_PROCESS, selector(ENDED, OUTERMOST), hour)),
    )


def _open(aggregate: str, settings: Settings, offset: str = "") -> str:
    ago = f" offset {settings.time(offset)}" if offset else ""
    return f"{aggregate}_over_time(lastchunk:open:now[{settings.time('1h')}:{settings.time('5m')}]{ago})"


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """Users in front of a silent screen are a page; a count that only grows is a ticket."""
    return (
        Alert(
            name="LastchunkStreamsHang",
            severity="page",
            expression=(
                f"lastchunk:stalled:now >= {settings.hanging_floor}\nunless lastchunk:ended:meanwhile > "
                "lastchunk:stalled:now"
            ),
            wait=_HANGS,
            keep="5m",
            summary=(
                "{{ $value }} streams of {{ $labels.job }} at {{ $labels.instance }} hang"
                "{{ with $labels.gen_ai_request_model }}, waiting for {{ . }}{{ end }}"
            ),
            description=(
                "For ten minutes more streams have been silent than ended. The model server, or a connection that "
                "nobody closes."
            ),
            leaves_out=(
                "Waiting for a person or a tool. Single streams that hang while many end: slow answers look the same; "
                "the panel "
                "shows them. Fewer than the floor."
            ),
            panel="stalled_now",
        ),
        Alert(
            name="LastchunkOpenGrows",
            severity="ticket",
            expression=(
                f"{_open('min', settings)} >= {_MANY}\n"
                f"and {_open('min', settings)} > {_open('max', settings, _HALF_DAY)}\n"
                f"and {_open('min', settings, _HALF_DAY)} > {_open('max', settings, _DAY)}\n"
                "unless lastchunk:ended:hour >= lastchunk:open:now"
            ),
            wait="30m",
            keep="1h",
            summary="{{ $value }} streams of {{ $labels.job }} are open at {{ $labels.instance }}, and ever more",
            description=(
                "The count has grown for a day, and more are open than end in an hour: streams that nobody reads on "
                "or closes."
            ),
            leaves_out=(
                "A process younger than a day. More traffic, and people who answer next morning: their count falls "
                "again within "
                "the day."
            ),
            panel="open_now",
        ),
    )
