# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Alerts on streams that hang, per instance: a sum over instances would include processes that died minutes ago."""

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
from lastchunk.monitoring.settings import Settings, duration, milliseconds
from lastchunk.semconv import ENDED, HANGING, HANGS_AFTER, LONGEST_SILENCE, OPEN, WaitingFor

_MEANWHILE = "10m"
"""The window of `lastchunk.stream.hanging`: who ends while others hang."""
_BY_PROCESS = (JOB, INSTANCE)
_BY_MODEL = (JOB, INSTANCE, PROVIDER, MODEL)
_MODEL = one_of(WAITING_FOR, [WaitingFor.FIRST_CHUNK, WaitingFor.NEXT_CHUNK])
_TOOL = one_of(WAITING_FOR, [WaitingFor.TOOL])
_MANY = 20
_HALF_DAY, _DAY = "12h", "24h"


def _hanging(streams: str) -> str:
    return f"sum by ({', '.join(_BY_MODEL)}) ({selector(HANGING, streams, _MODEL)})"


def _ended(streams: str, window: str) -> str:
    return counted(_BY_MODEL, selector(ENDED, streams), window)


def _silence(streams: str) -> str:
    by = (*_BY_MODEL, WAITING_FOR)
    return f"max by ({', '.join(by)}) ({selector(LONGEST_SILENCE, streams)})"


def recordings(settings: Settings) -> tuple[Recording, ...]:
    """Per process: silent for so long that nobody waits, ended meanwhile, open."""
    window, hour = settings.time(_MEANWHILE), settings.time("1h")
    process = ", ".join(_BY_PROCESS)
    return (
        Recording("lastchunk:hanging:now", f"{_hanging(CHAT)} or on ({process}) {_hanging(OUTERMOST)}"),
        Recording("lastchunk:ended:meanwhile", f"{_ended(CHAT, window)} or on ({process}) {_ended(OUTERMOST, window)}"),
        Recording("lastchunk:open:now", f"sum by ({process}) ({selector(OPEN, OUTERMOST)})"),
        Recording("lastchunk:ended:hour", counted(_BY_PROCESS, selector(ENDED, OUTERMOST), hour)),
    )


def _open(aggregate: str, settings: Settings, offset: str = "") -> str:
    ago = f" offset {settings.time(offset)}" if offset else ""
    return f"{aggregate}_over_time(lastchunk:open:now[{settings.time('1h')}:{settings.time('5m')}]{ago})"


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """Users in front of a silent screen are a page; one of them, or a count that only grows, is a ticket."""
    too_long = milliseconds(settings.time(duration(round(HANGS_AFTER * 1000)))) / 1000
    return (
        Alert(
            name="LastchunkStreamsHang",
            severity="page",
            expression=(
                f"lastchunk:hanging:now >= {settings.hanging_floor}\n"
                f"unless {settings.threshold(settings.slow):g} * lastchunk:ended:meanwhile > lastchunk:hanging:now"
            ),
            wait="0s",
            keep="5m",
            summary=(
                "{{ $value }} streams of {{ $labels.job }} at {{ $labels.instance }} hang"
                "{{ with $labels.gen_ai_request_model }}, waiting for {{ . }}{{ end }}"
            ),
            description=(
                "Each of them has been silent for more than ten minutes. Look at the model server, and for "
                "connections that nobody closes."
            ),
            leaves_out=(
                "Streams that wait for a person or a tool. Fewer streams than the floor, or a share of the ended "
                "streams that the budget allows: LastchunkStreamSilent sees each of them."
            ),
            panel="hanging_now",
        ),
        Alert(
            name="LastchunkStreamSilent",
            severity="ticket",
            expression=f"({_silence(CHAT)} or on ({', '.join(_BY_PROCESS)}) {_silence(OUTERMOST)}\n"
            f"or {_silence(f'{OUTERMOST}, {_TOOL}')}) >= {too_long:g}",
            wait="0s",
            keep="5m",
            summary=(
                "A stream of {{ $labels.job }} at {{ $labels.instance }} has been silent for {{ $value | humanizeDuration }}"
                "{{ with $labels.gen_ai_request_model }}, waiting for {{ . }}{{ end }}"
            ),
            description=(
                "Nobody waits that long for an answer. The stream waits for: "
                "{{ $labels.lastchunk_stream_waiting_for }}. A tool belongs to the application; the first and "
                "the next chunk come from the provider."
            ),
            leaves_out="Streams that wait for a person. A process that was killed: its streams ended with it.",
            panel="longest_silence",
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
            summary="{{ $value }} streams of {{ $labels.job }} are open at {{ $labels.instance }}, and their number "
            "grows",
            description=(
                "The number of open streams has grown for a day, and more are open than end in an hour. Look for "
                "streams that are neither read nor closed."
            ),
            leaves_out=(
                "A process younger than a day. More traffic, and people who answer the next morning: the number "
                "falls again within the day."
            ),
            panel="open_now",
        ),
    )
