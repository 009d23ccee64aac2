# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry instrumentation for AutoGen streams: every stream a span, every ending a reason, every cutoff an alert.

Usage without a change of code::

    opentelemetry-instrument python app.py

Usage in code::

    from lastchunk import AutoGenStreamsInstrumentor

    AutoGenStreamsInstrumentor().instrument()

Each stream (`run_stream` of agents and teams, `create_stream` of model clients, `create(stream=True)` of provider SDKs)
becomes one span with `lastchunk.stream.termination.reason`, `.termination.cause` and `lastchunk.stream.cutoff`. The names are
in `lastchunk.semconv`, the settings in `lastchunk.settings`.

An application that wants to act on a cutoff imports what it needs, and needs nothing else, no SDK either::

    from lastchunk import StreamCutOff, ending_of, guard

    async for item in guard(agent.run_stream(task=task), stall=60):
        ...

`guard` hands out the same items, and raises `StreamCutOff` where an answer was cut and nobody said so. See
docs/acting-on-cutoffs.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lastchunk.version import __version__

if TYPE_CHECKING:
    from lastchunk.acting.client import GuardedChatCompletionClient
    from lastchunk.acting.endings import ending_of
    from lastchunk.acting.errors import StreamCutOff, StreamStalled
    from lastchunk.acting.guard import guard
    from lastchunk.acting.keepalive import KEEPALIVE, KeepAlive, keepalive
    from lastchunk.acting.retry import retry_if_cutoff, wait_retry_after
    from lastchunk.instrumentor import AutoGenStreamsInstrumentor
    from lastchunk.semconv import Cause, Operation, Reason
    from lastchunk.streams.about import About
    from lastchunk.streams.ending import Ending

__all__ = [
    "KEEPALIVE",
    "About",
    "AutoGenStreamsInstrumentor",
    "Cause",
    "Ending",
    "GuardedChatCompletionClient",
    "KeepAlive",
    "Operation",
    "Reason",
    "StreamCutOff",
    "StreamStalled",
    "__version__",
    "ending_of",
    "guard",
    "keepalive",
    "retry_if_cutoff",
    "wait_retry_after",
]

_WHERE = {
    "About": "streams.about",
    "AutoGenStreamsInstrumentor": "instrumentor",
    "Cause": "semconv",
    "Ending": "streams.ending",
    "GuardedChatCompletionClient": "acting.client",
    "KEEPALIVE": "acting.keepalive",
    "KeepAlive": "acting.keepalive",
    "Operation": "semconv",
    "Reason": "semconv",
    "StreamCutOff": "acting.errors",
    "StreamStalled": "acting.errors",
    "ending_of": "acting.endings",
    "guard": "acting.guard",
    "keepalive": "acting.keepalive",
    "retry_if_cutoff": "acting.retry",
    "wait_retry_after": "acting.retry",
}
"""The module of each name that is imported on first use. Those in `acting` begin to observe streams.

Not before: `lastchunk doctor` must run where OpenTelemetry cannot even be imported.
"""


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
