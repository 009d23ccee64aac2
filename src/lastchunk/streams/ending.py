# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Decides from the evidence why a stream ended: reason, cause and cutoff. Pure: no I/O, no OpenTelemetry."""

from __future__ import annotations

from dataclasses import dataclass

from lastchunk.remedies import remedy_for
from lastchunk.semconv import Cause, Delivery, Detail, Reason, WaitingFor
from lastchunk.streams.evidence import Evidence, Failure, FailureKind
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.idle import idle_timeout

WAITS_FOR_ALL = 5.0
"""Seconds before the first content after which an answer in one piece says that the backend does not stream.

A shorter wait may be that of a short answer: its delivery is shown (`record.py`), and nothing is made of it."""

NOT_A_CUTOFF = frozenset({Reason.COMPLETED, Reason.REJECTED})
"""Reasons that are never a cutoff. `cancelled` is one by its cause; every other reason always is."""

CANCELLED_CUTOFFS = frozenset({Cause.CLIENT_DISCONNECTED, Cause.IDLE_TIMEOUT, Cause.TOOL_FAILURE})
"""Causes with which `cancelled` is a cutoff: somebody left, or gave up waiting."""

UNSET_STATUS = frozenset(
    {
        Reason.COMPLETED,
        Reason.LENGTH,
        Reason.CONTENT_FILTER,
        Reason.CANCELLED,
        Reason.ABANDONED,
    }
)
"""Reasons with which the span's status stays unset; with every other it is ERROR."""

FROM_A_RESULT = frozenset(
    {
        Reason.COMPLETED,
        Reason.LENGTH,
        Reason.CONTENT_FILTER,
        Reason.PROVIDER_ERROR,
        Reason.EMPTY,
        Reason.TRUNCATED,
    }
)
"""Endings that come with a result, which a run can have made its last message of."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one stream ended, and why."""

    reason: Reason
    """How the stream ended."""
    cause: Cause | None
    """The probable cause. None only for an answer that is complete and came as it should."""
    error_type: str | None = None
    """`error.type` of the span. None unless the span's status is ERROR."""
    inherited: bool = False
    """Whether the stream takes over the ending of a stream below it."""
    detail: Detail | None = None
    """What the evidence shows beyond reason and cause. It selects the remedy."""

    @property
    def cutoff(self) -> bool:
        """Whether the stream was cut before its answer was complete."""
        if self.reason is Reason.CANCELLED:
            return self.cause in CANCELLED_CUTOFFS
        return self.reason not in NOT_A_CUTOFF

    @property
    def error(self) -> bool:
        """Whether the span's status is ERROR."""
        return self.reason not in UNSET_STATUS

    @property
    def remedy(self) -> str:
        """What to do, in one sentence. Empty if nothing is wrong."""
        remedy = remedy_for(self.reason, self.cause, self.detail)
        return "" if remedy is None else remedy.sentence


def decide(evidence: Evidence) -> Ending:
    """Return the one ending that follows from `evidence`."""
    if evidence.inner is not None and (inner := _inherited(evidence, evidence.inner)) is not None:
        return inner
    reason = _with_terminal(evidence) if evidence.terminal else _without_terminal(evidence)
    error_type = None
    if reason not in UNSET_STATUS:
        failure = evidence.failure
        error_type = failure.error_type if failure is not None and not evidence.terminal else str(reason)
    cause = _cause(evidence, reason)
    return Ending(reason, cause, error_type, detail=_detail(evidence, reason, cause))


def _inherited(evidence: Evidence, inner: Ending) -> Ending | None:
    if evidence.terminal:
        if inner.reason is Reason.TOOL_ERROR:
            if not evidence.failed_tool:
                return None
        elif inner.reason not in FROM_A_RESULT or (evidence.failed_tool and not inner.cutoff):
            return None
    elif evidence.failure is None or evidence.process_exit:
        return None
    return Ending(inner.reason, inner.cause, inner.error_type, inner.cause is not None, inner.detail)


def _with_terminal(evidence: Evidence) -> Reason:
    if Finish.CONTENT_FILTER in evidence.finish:
        return Reason.CONTENT_FILTER
    if Finish.LENGTH in evidence.finish:
        return Reason.LENGTH
    if Finish.ERROR in evidence.finish:
        return Reason.PROVIDER_ERROR
    if evidence.failed_tool:
        return Reason.TOOL_ERROR
    if not evidence.arrived and not evidence.may_be_silent:
        return Reason.EMPTY
    if not evidence.finished or Finish.UNFINISHED in evidence.finish:
        return Reason.TRUNCATED
    return Reason.COMPLETED


_AFTER_HEADERS = {
    FailureKind.PROVIDER: Reason.PROVIDER_ERROR,
    FailureKind.PROTOCOL: Reason.PROTOCOL_ERROR,
    FailureKind.TIMEOUT: Reason.TIMEOUT,
    FailureKind.CONNECTION: Reason.CONNECTION_LOST,
}


def _without_terminal(evidence: Evidence) -> Reason:
    failure = evidence.failure
    kind = failure.kind if failure is not None else None
    if kind is FailureKind.CONTENT_FILTER:
        return Reason.CONTENT_FILTER
    if kind is FailureKind.LENGTH:
        return Reason.LENGTH
    if evidence.process_exit or kind is FailureKind.EXIT:
        return Reason.PROCESS_EXIT
    if kind not in (None, FailureKind.CANCEL) and evidence.waiting_for is WaitingFor.TOOL:
        return Reason.TOOL_ERROR
    if Finish.ERROR in evidence.finish:
        return Reason.PROVIDER_ERROR
    if kind is FailureKind.CANCEL:
        return Reason.CANCELLED
    if kind is not None and not evidence.began:
        return Reason.REJECTED
    if kind not in (None, FailureKind.CUT):
        return _AFTER_HEADERS.get(kind, Reason.ERROR)
    if kind is None and evidence.left:
        return Reason.ABANDONED
    return Reason.TRUNCATED if evidence.arrived else Reason.EMPTY


def _cause(evidence: Evidence, reason: Reason) -> Cause | None:
    hint = evidence.failure.hint if evidence.failure is not None and not evidence.terminal else evidence.said
    idle = evidence.idle >= evidence.stall_after or evidence.gave_up
    """Somebody who waited may have had enough …"""
    cut_idle = idle_timeout(evidence.idle, evidence.own_gap, evidence.stall_after)
    """… and something on the way may have closed the connection, which has a timeout of its own."""
    match reason:
        case Reason.COMPLETED:
            slow = evidence.unexplained_wait >= WAITS_FOR_ALL and evidence.delivery in (Delivery.SINGLE, Delivery.BURST)
            return Cause.NO_STREAMING_SUPPORT if slow else None
        case Reason.LENGTH:
            return Cause.CONTEXT_LIMIT
        case Reason.CONTENT_FILTER:
            return Cause.CONTENT_FILTER
        case Reason.TOOL_ERROR:
            return Cause.TOOL_FAILURE
        case Reason.PROCESS_EXIT:
            return Cause.PROCESS_EXIT
        case Reason.PROVIDER_ERROR:
            return hint or Cause.PROVIDER_ERROR
        case Reason.PROTOCOL_ERROR:
            return Cause.PACKAGE_MISMATCH if hint is Cause.PACKAGE_MISMATCH else Cause.PROVIDER_ERROR
        case Reason.TIMEOUT:
            silent = evidence.waiting_for is not None and 0 < evidence.idle >= evidence.max_gap
            return Cause.IDLE_TIMEOUT if silent or idle else Cause.UNKNOWN
        case Reason.CONNECTION_LOST:
            return Cause.IDLE_TIMEOUT if cut_idle else Cause.CONNECTION_LOST
        case Reason.REJECTED:
            return hint or _rejected(evidence.failure)
        case Reason.CANCELLED:
            if idle:
                return _gave_up_on(evidence)
            return Cause.CLIENT_DISCONNECTED if evidence.disconnected else Cause.CANCELLED_BY_APPLICATION
        case Reason.ABANDONED:
            if idle:
                return _gave_up_on(evidence)
            return Cause.CLIENT_DISCONNECTED if evidence.disconnected else Cause.PARTIAL_CONSUMPTION
        case Reason.EMPTY | Reason.TRUNCATED:
            if not evidence.streamed:
                return Cause.NO_STREAMING_SUPPORT
            return Cause.IDLE_TIMEOUT if cut_idle else Cause.UNKNOWN
        case Reason.ERROR:
            if evidence.disconnected and evidence.waiting_for is WaitingFor.PERSON:
                return Cause.CLIENT_DISCONNECTED
            return Cause.PACKAGE_MISMATCH if hint is Cause.PACKAGE_MISMATCH else Cause.UNKNOWN


def _rejected(failure: Failure | None) -> Cause:
    if failure is None or failure.kind not in (FailureKind.TIMEOUT, FailureKind.CONNECTION):
        return Cause.PROVIDER_ERROR
    if failure.detail is Detail.NO_FREE_CONNECTION:
        return Cause.UNKNOWN
    timeout = failure.kind is FailureKind.TIMEOUT and failure.detail is not Detail.NOT_CONNECTED
    return Cause.IDLE_TIMEOUT if timeout else Cause.CONNECTION_LOST


def _detail(evidence: Evidence, reason: Reason, cause: Cause | None) -> Detail | None:
    match reason:
        case Reason.LENGTH:
            return Detail.CONTEXT_FULL if evidence.context_full else None
        case Reason.EMPTY:
            return Detail.MODEL_LOADED if evidence.model_loaded else None
        case Reason.REJECTED:
            failure = evidence.failure
            silent = failure is not None and failure.kind in (FailureKind.TIMEOUT, FailureKind.CONNECTION)
            return (failure.detail if failure is not None else None) or (Detail.BEFORE_ANSWER if silent else None)
        case Reason.PROVIDER_ERROR:
            return Detail.GATEWAY_TIMEOUT if cause is Cause.IDLE_TIMEOUT else None
        case _:
            return None


def _gave_up_on(evidence: Evidence) -> Cause:
    return Cause.TOOL_FAILURE if evidence.waiting_for is WaitingFor.TOOL else Cause.IDLE_TIMEOUT
