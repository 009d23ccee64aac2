# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Starts OpenTelemetry as `opentelemetry-instrument` does, and prints what it logged as one JSON line.

Run in a process of its own, `python -m lastchunk.doctor.environment.start`: it sets everything up, and sends nothing.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from dataclasses import asdict, dataclass, field

_ROOT = "opentelemetry"


@dataclass(slots=True)
class Started:
    """What came of a start."""

    failed: list[str] = field(default_factory=list[str])
    """Why there is no telemetry: the class and the text of each exception."""
    said: list[str] = field(default_factory=list[str])
    """What was logged besides, as a warning or worse."""
    silent: list[str] = field(default_factory=list[str])
    """Signals for which nothing was set up that would send them."""


class _Listens(logging.Handler):
    def __init__(self, started: Started) -> None:
        super().__init__(logging.WARNING)
        self._started = started

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and record.name.startswith(f"{_ROOT}.instrumentation"):
            self._started.failed.append(_words(error))
        else:
            self._started.said.append(f"{record.getMessage()}{f' ({_words(error)})' if error is not None else ''}")


def start() -> Started:
    """Start it, and ask for everything that an application asks for first."""
    started = Started()
    logger = logging.getLogger(_ROOT)
    logger.addHandler(_Listens(started))
    logger.propagate = False
    try:
        from opentelemetry.instrumentation.auto_instrumentation import initialize

        initialize()
        from opentelemetry import context, metrics, propagate, trace
        from opentelemetry._logs import get_logger_provider

        context.get_current()
        propagate.get_global_textmap()
        providers = trace.get_tracer_provider(), metrics.get_meter_provider(), get_logger_provider()
        started.silent = [
            signal for provider, (signal, *path) in zip(providers, _SENDERS, strict=True) if _is_silent(provider, path)
        ]
    except Exception as error:
        started.failed.append(_words(error))
    return Started(list(dict.fromkeys(started.failed)), list(dict.fromkeys(started.said)), started.silent)


_SENDERS = (
    ("traces", "_active_span_processor", "_span_processors"),
    ("metrics", "_metric_readers"),
    ("logs", "_multi_log_record_processor", "_log_record_processors"),
)
"""Where a provider of the SDK has what sends each signal."""


def _is_silent(provider: object, path: list[str]) -> bool:
    """Nothing sends what it gives. False where nobody can tell: a release of the SDK may call its parts otherwise."""
    if not type(provider).__module__.startswith(f"{_ROOT}."):
        return False  # somebody else's
    if not type(provider).__module__.startswith(f"{_ROOT}.sdk."):
        return True  # the API's own, which gives nothing
    found: object = provider
    for name in path:
        found = getattr(found, name, None)
    return found is not None and not found


def _words(error: BaseException) -> str:
    return " ".join("".join(traceback.format_exception_only(error)).split())[:300]


def main() -> None:
    """Print what came of it, and be gone before anything is sent."""
    print(json.dumps(asdict(start())), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
