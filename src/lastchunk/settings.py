# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads environment variables and keyword arguments into one frozen `Settings`.

A bad value never stops an application: it is one clear warning that names the setting, the value and the default that is
used instead.
"""

from __future__ import annotations

import inspect
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

_logger = logging.getLogger(__name__)

AutoGenSpans = Literal["replace", "keep"]
OnEnding = Callable[[Any, Any], object]
"""Called with the `Ending` of a stream, and with `About`: what it is the ending of."""

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_SERVER = re.compile(r"([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")

MOST_CHUNK_EVENTS = 1000
"""A stream with that many holds 80 kB while it is open, and its span is 200 kB on the way, where a receiver of OTLP takes 4 MB
of a whole batch by default: more would lose spans, the application's own among them."""


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
    on_ending: OnEnding | str | None = None
    """A function, or `module:function`, that is called with each ending. `LASTCHUNK_ON_ENDING`."""
    finish_optional: tuple[str, ...] | None = None
    """Servers, `host` or `host:port`, that send neither a finish reason nor an end marker. `LASTCHUNK_FINISH_OPTIONAL`."""


def _count(value: object) -> int:
    number = int(str(value))
    if not 0 <= number <= MOST_CHUNK_EVENTS or isinstance(value, bool):
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


def _function(value: object) -> OnEnding | str:
    if isinstance(value, str) and _FUNCTION.fullmatch(value.strip()):
        return value.strip()
    if not callable(value) or inspect.iscoroutinefunction(value):
        raise ValueError(value)
    return value


def _servers(value: object) -> tuple[str, ...]:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, Iterable):
        raise ValueError(value)
    servers = tuple(str(server).strip().lower() for server in given if str(server).strip())
    if not servers or not all(_SERVER.fullmatch(server) for server in servers):
        raise ValueError(value)
    return servers


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
        f"a whole number from 0 to {MOST_CHUNK_EVENTS}",
        f"chunk events kept per span, at most {MOST_CHUNK_EVENTS}; 0 for none",
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
    Setting(
        "on_ending",
        "LASTCHUNK_ON_ENDING",
        _function,
        "`module:function`, or a function that is not `async`",
        "a function, as `module:function`, that is called with each ending: see docs/acting-on-cutoffs.md",
    ),
    Setting(
        "finish_optional",
        "LASTCHUNK_FINISH_OPTIONAL",
        _servers,
        "a list of servers, `host` or `host:port`, with commas between them",
        "servers, as `host` or `host:port` with commas between them, that send neither a finish reason nor an end marker",
    ),
)


PROVIDERS = ("tracer_provider", "meter_provider", "logger_provider")
"""What else `instrument()` takes."""


def providers(arguments: Mapping[str, object]) -> dict[str, Any]:
    """Those that were given to `instrument()`."""
    return {name: arguments[name] for name in PROVIDERS if arguments.get(name) is not None}


def load(arguments: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """Read every setting from `arguments`, else from `environ` (by default the process's own), else its default."""
    environ = os.environ if environ is None else environ
    _tell_what_is_unknown(arguments, environ)
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


def _tell_what_is_unknown(arguments: Mapping[str, object], environ: Mapping[str, str]) -> None:
    """One warning for each argument that nobody reads, and for each variable that is called nearly like one of ours."""
    known = [*(setting.field for setting in SETTINGS), *PROVIDERS]
    for name in arguments:
        if name not in known:
            _logger.warning(
                "instrument() has no argument %s: it is ignored.%s The arguments are %s.",
                name,
                _nearest(name, known),
                ", ".join(known),
            )
    variables = [setting.variable for setting in SETTINGS]
    for name in environ:
        if name.startswith("LASTCHUNK_") and name not in variables and (nearest := _nearest(name, variables)):
            _logger.warning("%s is not a setting of Lastchunk: it is ignored.%s", name, nearest)


def _nearest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches  # Only for whoever misspelled something.

    nearest = get_close_matches(name, known, 1, 0.8)
    return f" Did you mean {nearest[0]}?" if nearest else ""
