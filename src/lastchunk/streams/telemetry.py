# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What streams need of telemetry, as a protocol: `lastchunk.telemetry` implements it. `NoTelemetry` emits nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord


class Telemetry(Protocol):
    """What is emitted; `lastchunk.telemetry` has the real one."""

    def enabled(self) -> bool:
        """Whether anybody listens: an SDK is configured, and instrumentation is not suppressed in the current context."""
        ...

    def flush(self, timeout_millis: int) -> None:
        """Send what has ended."""
        ...

    def begin(self, record: StreamRecord) -> None:
        """A stream begins, in the context of its consumer; sets its span."""
        ...

    def enter(self, record: StreamRecord) -> None:
        """Make the stream's span current; called inside the stream's private context, once."""
        ...

    def lend(self, record: StreamRecord, span: Any) -> None:
        """The library has made the span of a stream that has begun."""
        ...

    def visit(self, record: StreamRecord) -> AbstractContextManager[None]:
        """Make the stream's span current for one step in the consumer's context."""
        ...

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """The stream has ended."""
        ...


class NoTelemetry:
    """Nothing is emitted: only the application itself wants to know how its streams end."""

    def enabled(self) -> bool:
        """Nobody listens."""
        return False

    def begin(self, record: StreamRecord) -> None:
        """Never called."""

    def enter(self, record: StreamRecord) -> None:
        """Never called."""

    def lend(self, record: StreamRecord, span: Any) -> None:
        """The library keeps its span."""

    def visit(self, record: StreamRecord) -> AbstractContextManager[None]:
        """There is no span."""
        return nullcontext()

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """Never called."""

    def flush(self, timeout_millis: int) -> None:
        """There is nothing to send."""
