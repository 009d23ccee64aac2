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
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lastchunk.version import __version__

if TYPE_CHECKING:
    from lastchunk.instrumentor import AutoGenStreamsInstrumentor

__all__ = ["AutoGenStreamsInstrumentor", "__version__"]


def __getattr__(name: str) -> object:
    # Not before it is asked for: `lastchunk doctor` must run where OpenTelemetry cannot even be imported.
    if name == "AutoGenStreamsInstrumentor":
        from lastchunk.instrumentor import AutoGenStreamsInstrumentor

        return AutoGenStreamsInstrumentor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
