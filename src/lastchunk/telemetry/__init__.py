# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What is emitted when a stream begins and ends."""

from __future__ import annotations

from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import TracerProvider, get_tracer_provider

from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord
from lastchunk.telemetry.spans import Spans


class Telemetry:
    """Everything that is emitted, from the same record and the same outcome."""

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._tracer_provider = tracer_provider
        self._spans = Spans(tracer_provider)

    def enabled(self) -> bool:
        """Somebody listens: an SDK is configured, and instrumentation is not suppressed in the current context."""
        return is_instrumentation_enabled() and _is_sdk(self._tracer_provider or get_tracer_provider())

    def begin(self, record: StreamRecord) -> None:
        """A stream begins, in the context of its consumer."""
        self._spans.begin(record)

    def enter(self, record: StreamRecord) -> None:
        """Make the stream's span current, inside the stream's private context."""
        self._spans.enter(record)

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """The stream has ended."""
        self._spans.end(record, outcome)


def _is_sdk(provider: object) -> bool:
    """`provider` is not one of the API's own, which do nothing."""
    return not type(provider).__module__.startswith("opentelemetry.trace")
