# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Environment variables and keyword arguments, made into one frozen `Settings`.

A bad value never stops an application: it is one clear warning that names the setting, the value and the default that is
used instead.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

_logger = logging.getLogger(__name__)

AutoGenSpans = Literal["replace", "keep"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. Each field is a keyword argument of `instrument()`, else an environment variable."""

    chunk_events: int = 32
    """Token-chunk events kept per span; 0 for none. `LASTCHUNK_CHUNK_EVENTS`."""
    stall_after: float = 30.0
    """Seconds of silence after which an open stream is stalled. `LASTCHUNK_STALL_AFTER`."""
    autogen_spans: AutoGenSpans = "replace"
    """`replace` AutoGen's `invoke_agent` and per-item runtime spans, or `keep` them. `LASTCHUNK_AUTOGEN_SPANS`."""
    time_per_output_chunk: bool = False
    """Record the per-chunk histogram, at about 5 µs a chunk. `LASTCHUNK_TIME_PER_OUTPUT_CHUNK`."""


def _count(value: object) -> int:
    number = int(str(value))
    if number < 0 or isinstance(value, bool):
        raise ValueError(value)
    return number


def _seconds(value: object) -> float:
    number = float(str(value))
    if not 0 < number < float("inf"):
        raise ValueError(value)
    return number


def _spans(value: object) -> AutoGenSpans:
    word = str(value).strip().lower()
    if word not in ("replace", "keep"):
        raise ValueError(value)
    return word


def _boolean(value: object) -> bool:
    word = str(value).strip().lower()
    if word not in ("true", "false"):
        raise ValueError(value)
    return word == "true"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: the field of `Settings`, its environment variable, how it is read and what it takes."""

    field: str
    variable: str
    read: Callable[[object], object]
    takes: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "chunk_events",
        "LASTCHUNK_CHUNK_EVENTS",
        _count,
        "a whole number from 0",
        "chunk events kept per span; 0 for none",
    ),
    Setting(
        "stall_after",
        "LASTCHUNK_STALL_AFTER",
        _seconds,
        "a number of seconds above 0",
        "seconds of silence after which an open stream counts as stalled",
    ),
    Setting(
        "autogen_spans",
        "LASTCHUNK_AUTOGEN_SPANS",
        _spans,
        "`replace` or `keep`",
        "`replace` AutoGen's `invoke_agent` and per-chunk runtime spans, or `keep` them",
    ),
    Setting(
        "time_per_output_chunk",
        "LASTCHUNK_TIME_PER_OUTPUT_CHUNK",
        _boolean,
        "`true` or `false`",
        "record the per-chunk histogram",
    ),
)


def load(arguments: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """Read every setting from `arguments`, else from `environ` (by default the process's own), else its default."""
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for setting in SETTINGS:
        if arguments.get(setting.field) is not None:
            name, value = setting.field, arguments[setting.field]
        elif environ.get(setting.variable, "").strip():
            name, value = setting.variable, environ[setting.variable]
        else:
            continue
        try:
            values[setting.field] = setting.read(value)
        except ValueError:
            default = getattr(Settings(), setting.field)
            _logger.warning("%s=%s is not %s: using the default, %s.", name, value, setting.takes, default)
    return Settings(**values)  # type: ignore[arg-type]  # each value was read by its own setting
