# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence in, ending out: the tables here are the design's, written down a second time and not read from the code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastchunk.semconv import Cause, Delivery, Detail, Reason, WaitingFor
from lastchunk.streams.ending import Ending, decide
from lastchunk.streams.evidence import Evidence, Failure, FailureKind
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.idle import idle_timeout

CUTOFF = {
    "completed": False,
    "length": True,
    "content_filter": True,
    "tool_error": True,
    "provider_error": True,
    "protocol_error": True,
    "timeout": True,
    "connection_lost": True,
    "rejected": False,
    "abandoned": True,
    "process_exit": True,
    "empty": True,
    "truncated": True,
    "error": True,
}
"""By reason; `cancelled` is missing, because its cause decides."""

CANCELLED_CUTOFF = {
    "client_disconnected": True,
    "idle_timeout": True,
    "tool_failure": True,
    "cancelled_by_application": False,
}

UNSET = {"completed", "length", "content_filter", "cancelled", "abandoned"}
"""Reasons that leave the status of the span unset; every other makes it ERROR."""

KIND = FailureKind


def _failed(evidence: Evidence, *kinds: FailureKind) -> bool:
    return evidence.failure is not None and (not kinds or evidence.failure.kind in kinds)


def _broke(evidence: Evidence) -> bool:
    """The stream failed, and not by a cancel."""
    return _failed(evidence) and not _failed(evidence, KIND.CANCEL)


WITH_TERMINAL: list[tuple[str, Callable[[Evidence], bool]]] = [
    ("content_filter", lambda e: Finish.CONTENT_FILTER in e.finish),
    ("length", lambda e: Finish.LENGTH in e.finish),
    ("provider_error", lambda e: Finish.ERROR in e.finish),
    ("tool_error", lambda e: e.failed_tool),
    ("empty", lambda e: not e.arrived and not e.may_be_silent),
    ("truncated", lambda e: not e.finished or Finish.UNFINISHED in e.finish),
    ("completed", lambda e: True),
]

WITHOUT_TERMINAL: list[tuple[str, Callable[[Evidence], bool]]] = [
    ("content_filter", lambda e: _failed(e, KIND.CONTENT_FILTER)),
    ("length", lambda e: _failed(e, KIND.LENGTH)),
    ("process_exit", lambda e: e.process_exit or _failed(e, KIND.EXIT)),
    ("tool_error", lambda e: _broke(e) and e.waiting_for is WaitingFor.TOOL),
    ("provider_error", lambda e: Finish.ERROR in e.finish or (e.began and _failed(e, KIND.PROVIDER))),
    ("protocol_error", lambda e: e.began and _failed(e, KIND.PROTOCOL)),
    ("timeout", lambda e: e.began and _failed(e, KIND.TIMEOUT)),
    ("connection_lost", lambda e: e.began and _failed(e, KIND.CONNECTION)),
    ("rejected", lambda e: not e.began and _broke(e)),
    ("cancelled", lambda e: _failed(e, KIND.CANCEL)),
    ("abandoned", lambda e: e.left and not _failed(e)),
    ("empty", lambda e: not e.arrived and (not _failed(e) or _failed(e, KIND.CUT))),
    ("truncated", lambda e: e.arrived and (not _failed(e) or _failed(e, KIND.CUT))),
    ("error", lambda e: True),
]


def _idle(evidence: Evidence) -> bool:
    return evidence.idle >= evidence.stall_after


def _cut_idle(evidence: Evidence) -> bool:
    return idle_timeout(evidence.idle, evidence.own_gap, evidence.stall_after)


def _hint(evidence: Evidence) -> str | None:
    return str(evidence.failure.hint) if evidence.failure is not None and evidence.failure.hint else None


CAUSES: dict[str, Callable[[Evidence], str | None]] = {
    "completed": lambda e: (
        "no_streaming_support" if e.delivery in (Delivery.SINGLE, Delivery.BURST) and e.unexplained_wait >= 5 else None
    ),
    "length": lambda e: "context_limit",
    "content_filter": lambda e: "content_filter",
    "tool_error": lambda e: "tool_failure",
    "process_exit": lambda e: "process_exit",
    "provider_error": lambda e: (None if e.terminal else _hint(e)) or "provider_error",
    "protocol_error": lambda e: "package_mismatch" if _hint(e) == "package_mismatch" else "provider_error",
    "timeout": lambda e: (
        "idle_timeout" if _idle(e) or (e.waiting_for is not None and 0 < e.idle >= e.max_gap) else "unknown"
    ),
    "connection_lost": lambda e: "idle_timeout" if _cut_idle(e) else "connection_lost",
    "rejected": lambda e: (
        _hint(e)
        or ("idle_timeout" if _failed(e, KIND.TIMEOUT) else "")
        or ("connection_lost" if _failed(e, KIND.CONNECTION) else "provider_error")
    ),
    "cancelled": lambda e: (
        ("tool_failure" if e.waiting_for is WaitingFor.TOOL else "idle_timeout")
        if _idle(e)
        else ("client_disconnected" if e.disconnected else "cancelled_by_application")
    ),
    "abandoned": lambda e: (
        ("tool_failure" if e.waiting_for is WaitingFor.TOOL else "idle_timeout")
        if _idle(e)
        else ("client_disconnected" if e.disconnected else "partial_consumption")
    ),
    "empty": lambda e: "no_streaming_support" if not e.streamed else "idle_timeout" if _cut_idle(e) else "unknown",
    "truncated": lambda e: "no_streaming_support" if not e.streamed else "idle_timeout" if _cut_idle(e) else "unknown",
    "error": lambda e: (
        "client_disconnected"
        if e.disconnected and e.waiting_for is WaitingFor.PERSON
        else "package_mismatch"
        if _hint(e) == "package_mismatch"
        else "unknown"
    ),
}

SECONDS = st.sampled_from([0.0, 0.1, 4.9, 5.0, 29.9, 30.0, 30.1, 600.0])
EVIDENCE = st.builds(
    Evidence,
    terminal=st.booleans(),
    finish=st.frozensets(st.sampled_from(Finish)),
    finished=st.booleans(),
    arrived=st.booleans(),
    may_be_silent=st.booleans(),
    began=st.booleans(),
    streamed=st.booleans(),
    failure=st.none()
    | st.builds(Failure, st.sampled_from(KIND), st.just("some.Error"), st.none() | st.sampled_from(Cause)),
    left=st.booleans(),
    process_exit=st.booleans(),
    disconnected=st.booleans(),
    failed_tool=st.booleans(),
    waiting_for=st.none() | st.sampled_from(WaitingFor),
    idle=SECONDS,
    max_gap=SECONDS,
    own_gap=st.none() | SECONDS,
    stall_after=st.sampled_from([0.1, 30.0]),
    delivery=st.sampled_from(Delivery),
    unexplained_wait=SECONDS,
)


@settings(max_examples=600)
@given(EVIDENCE)
def test_the_first_reason_of_the_order_that_holds(evidence: Evidence) -> None:
    """Every combination of evidence has one reason, by the design's order of precedence, and the cause of its table."""
    order = WITH_TERMINAL if evidence.terminal else WITHOUT_TERMINAL
    reason = next(reason for reason, holds in order if holds(evidence))
    ending = decide(evidence)
    assert ending.reason == reason
    assert ending.cause == CAUSES[reason](evidence)
    assert not ending.inherited
    assert ending == decide(evidence)


@settings(max_examples=600)
@given(EVIDENCE)
def test_cutoff_status_and_error_type_follow_the_reason(evidence: Evidence) -> None:
    """`error.type` stands with status ERROR, and only there; no ending but a healthy one is without a cause."""
    ending = decide(evidence)
    cancelled = ending.reason is Reason.CANCELLED
    assert ending.cutoff == (CANCELLED_CUTOFF[str(ending.cause)] if cancelled else CUTOFF[str(ending.reason)])
    assert ending.error == (str(ending.reason) not in UNSET)
    assert (ending.error_type is not None) == ending.error
    if ending.error and not evidence.terminal and evidence.failure is not None:
        assert ending.error_type == "some.Error"
    elif ending.error:
        assert ending.error_type == ending.reason
    if ending.cause is None:
        assert (ending.reason, ending.cutoff) == (Reason.COMPLETED, False)


def test_every_reason_has_its_place() -> None:
    """The tables above speak of every reason and cause of the closed sets, and of no other."""
    assert set(CUTOFF) | {"cancelled"} == {str(reason) for reason in Reason}
    assert set(CAUSES) == {str(reason) for reason in Reason}
    assert {reason for reason, _ in WITH_TERMINAL + WITHOUT_TERMINAL} == {str(reason) for reason in Reason}
    assert {row[3] for row in EXAMPLES} - {None} == {str(cause) for cause in Cause}


def _failure(kind: FailureKind, hint: Cause | None = None) -> Failure:
    return Failure(kind, "some.Error", hint)


DONE = Evidence(terminal=True, arrived=True, began=True)
OPEN = Evidence(arrived=True, began=True)
UNBEGUN = Evidence()

EXAMPLES: list[tuple[str, Evidence, str, str | None]] = [
    ("a healthy answer", DONE, "completed", None),
    (
        "the whole answer at once after 5 s",
        replace(DONE, delivery=Delivery.SINGLE, unexplained_wait=5.0),
        "completed",
        "no_streaming_support",
    ),
    ("a short answer at once", replace(DONE, delivery=Delivery.SINGLE, unexplained_wait=4.9), "completed", None),
    (
        "a slow start that then streams",
        replace(DONE, delivery=Delivery.INCREMENTAL, unexplained_wait=60.0),
        "completed",
        None,
    ),
    ("left on the terminal item", replace(DONE, left=True), "completed", None),
    ("killed after the terminal item", replace(DONE, process_exit=True), "completed", None),
    ("a late error", replace(DONE, failure=_failure(KIND.CONNECTION)), "completed", None),
    ("the output limit", replace(DONE, finish=frozenset({Finish.LENGTH})), "length", "context_limit"),
    ("the output limit, as an exception", replace(OPEN, failure=_failure(KIND.LENGTH)), "length", "context_limit"),
    ("a filter", replace(DONE, finish=frozenset({Finish.CONTENT_FILTER})), "content_filter", "content_filter"),
    (
        "a filter, as an exception",
        replace(OPEN, failure=_failure(KIND.CONTENT_FILTER)),
        "content_filter",
        "content_filter",
    ),
    (
        "two finish reasons",
        replace(DONE, finish=frozenset({Finish.LENGTH, Finish.COMPLETE, Finish.ERROR})),
        "length",
        "context_limit",
    ),
    (
        "the provider ran out",
        replace(DONE, finish=frozenset({Finish.ERROR}), failed_tool=True),
        "provider_error",
        "provider_error",
    ),
    ("the last message is a failed tool's", replace(DONE, failed_tool=True), "tool_error", "tool_failure"),
    (
        "the run raised while a tool ran",
        replace(OPEN, failure=_failure(KIND.OTHER), waiting_for=WaitingFor.TOOL),
        "tool_error",
        "tool_failure",
    ),
    ("nothing but protocol", replace(DONE, arrived=False), "empty", "unknown"),
    ("a silent turn after a tool's result", replace(DONE, arrived=False, may_be_silent=True), "completed", None),
    ("a JSON body", replace(DONE, arrived=False, streamed=False), "empty", "no_streaming_support"),
    ("an empty body after a long silence", replace(DONE, arrived=False, idle=30.0), "empty", "idle_timeout"),
    ("a silent cut", replace(DONE, finished=False), "truncated", "unknown"),
    ("a silent cut after a long silence", replace(DONE, finished=False, idle=30.0), "truncated", "idle_timeout"),
    ("no terminal item", OPEN, "truncated", "unknown"),
    ("nothing at all", UNBEGUN, "empty", "unknown"),
    ("an error event", replace(OPEN, failure=_failure(KIND.PROVIDER)), "provider_error", "provider_error"),
    (
        "an error event that says the quota is used up",
        replace(OPEN, failure=_failure(KIND.PROVIDER, Cause.RATE_LIMITED)),
        "provider_error",
        "rate_limited",
    ),
    ("malformed JSON", replace(OPEN, failure=_failure(KIND.PROTOCOL)), "protocol_error", "provider_error"),
    (
        "a chunk that the SDK cannot read",
        replace(OPEN, failure=_failure(KIND.PROTOCOL, Cause.PACKAGE_MISMATCH)),
        "protocol_error",
        "package_mismatch",
    ),
    (
        "a read timeout",
        replace(OPEN, failure=_failure(KIND.TIMEOUT), waiting_for=WaitingFor.NEXT_CHUNK, idle=10.0, max_gap=10.0),
        "timeout",
        "idle_timeout",
    ),
    (
        "a total timeout while chunks came",
        replace(OPEN, failure=_failure(KIND.TIMEOUT), waiting_for=WaitingFor.NEXT_CHUNK, idle=0.1, max_gap=3.0),
        "timeout",
        "unknown",
    ),
    (
        "a reset",
        replace(OPEN, failure=_failure(KIND.CONNECTION), idle=29.9, own_gap=40.0),
        "connection_lost",
        "connection_lost",
    ),
    (
        "a reset after a long silence",
        replace(OPEN, failure=_failure(KIND.CONNECTION), idle=30.0),
        "connection_lost",
        "idle_timeout",
    ),
    ("HTTP 500", replace(UNBEGUN, failure=_failure(KIND.PROVIDER)), "rejected", "provider_error"),
    ("HTTP 429", replace(UNBEGUN, failure=_failure(KIND.PROVIDER, Cause.RATE_LIMITED)), "rejected", "rate_limited"),
    (
        "a history too long",
        replace(UNBEGUN, failure=_failure(KIND.PROVIDER, Cause.CONTEXT_LIMIT)),
        "rejected",
        "context_limit",
    ),
    ("no answer", replace(UNBEGUN, failure=_failure(KIND.TIMEOUT)), "rejected", "idle_timeout"),
    ("no connection", replace(UNBEGUN, failure=_failure(KIND.CONNECTION)), "rejected", "connection_lost"),
    (
        "a call that the SDK does not know",
        replace(UNBEGUN, failure=_failure(KIND.PROTOCOL, Cause.PACKAGE_MISMATCH)),
        "rejected",
        "package_mismatch",
    ),
    ("a cancel", replace(OPEN, failure=_failure(KIND.CANCEL)), "cancelled", "cancelled_by_application"),
    (
        "a cancel before the begin",
        replace(UNBEGUN, failure=_failure(KIND.CANCEL)),
        "cancelled",
        "cancelled_by_application",
    ),
    (
        "a browser that left",
        replace(OPEN, failure=_failure(KIND.CANCEL), disconnected=True),
        "cancelled",
        "client_disconnected",
    ),
    (
        "a browser that gave up",
        replace(OPEN, failure=_failure(KIND.CANCEL), disconnected=True, idle=31.0),
        "cancelled",
        "idle_timeout",
    ),
    (
        "a cancel of a tool that hangs",
        replace(OPEN, failure=_failure(KIND.CANCEL), waiting_for=WaitingFor.TOOL, idle=31.0),
        "cancelled",
        "tool_failure",
    ),
    ("a break", replace(OPEN, left=True), "abandoned", "partial_consumption"),
    ("a break after a long silence", replace(OPEN, left=True, idle=30.0), "abandoned", "idle_timeout"),
    ("the loop ends", replace(OPEN, left=True, process_exit=True), "process_exit", "process_exit"),
    ("Ctrl-C", replace(OPEN, failure=_failure(KIND.EXIT)), "process_exit", "process_exit"),
    ("anything else", replace(OPEN, failure=_failure(KIND.OTHER)), "error", "unknown"),
    (
        "a library that does not load",
        replace(OPEN, failure=_failure(KIND.OTHER, Cause.PACKAGE_MISMATCH)),
        "error",
        "package_mismatch",
    ),
]


@pytest.mark.parametrize(
    ("evidence", "reason", "cause"), [row[1:] for row in EXAMPLES], ids=[row[0] for row in EXAMPLES]
)
def test_examples(evidence: Evidence, reason: str, cause: str | None) -> None:
    """Each line is an ending that people meet."""
    ending = decide(evidence)
    assert (ending.reason, ending.cause) == (reason, cause)


CUT = Ending(Reason.TRUNCATED, Cause.UNKNOWN, "truncated")
WELL = Ending(Reason.COMPLETED, None)
LOST = Ending(Reason.CONNECTION_LOST, Cause.CONNECTION_LOST, "openai.APIConnectionError")
BAD_ANSWER = _failure(KIND.PROTOCOL, Cause.PACKAGE_MISMATCH)


@pytest.mark.parametrize(
    ("evidence", "inner", "reason", "inherited"),
    [
        pytest.param(DONE, WELL, "completed", False, id="a run of a healthy model stream is healthy itself"),
        pytest.param(DONE, CUT, "truncated", True, id="a run takes the ending of the stream behind its last message"),
        pytest.param(DONE, LOST, "completed", False, id="no result came from that stream: the run recovered"),
        pytest.param(replace(DONE, failed_tool=True), WELL, "tool_error", False, id="a failed tool, well called"),
        pytest.param(replace(DONE, failed_tool=True), CUT, "truncated", True, id="a failed tool, its arguments cut"),
        pytest.param(replace(OPEN, failure=_failure(KIND.OTHER)), LOST, "connection_lost", True, id="what it raised"),
        pytest.param(replace(OPEN, failure=BAD_ANSWER), CUT, "truncated", True, id="raised over a cut result"),
        pytest.param(OPEN, CUT, "truncated", False, id="no terminal item, and nothing raised: its own ending"),
        pytest.param(
            replace(OPEN, failure=_failure(KIND.OTHER), process_exit=True), LOST, "process_exit", False, id="the exit"
        ),
    ],
)
def test_inherited(evidence: Evidence, inner: Ending, reason: str, inherited: bool) -> None:
    """What a run takes from the model stream that it hands on."""
    ending = decide(replace(evidence, inner=inner))
    assert (ending.reason, ending.inherited) == (reason, inherited)
    if inherited:
        assert (ending.cause, ending.error_type) == (inner.cause, inner.error_type)


@given(
    EVIDENCE, st.builds(Ending, st.sampled_from(Reason), st.none() | st.sampled_from(Cause), st.none() | st.just("X"))
)
def test_a_run_has_its_own_ending_or_that_of_its_stream(evidence: Evidence, inner: Ending) -> None:
    """An inherited ending is taken whole, never in part."""
    ending = decide(replace(evidence, inner=inner))
    taken = Ending(inner.reason, inner.cause, inner.error_type, inherited=inner.cause is not None)
    assert ending in (decide(evidence), taken)


@pytest.mark.parametrize(
    ("evidence", "cause", "detail"),
    [
        (Evidence(terminal=True, finish=frozenset({Finish.LENGTH})), Cause.CONTEXT_LIMIT, None),
        (
            Evidence(terminal=True, finish=frozenset({Finish.LENGTH}), context_full=True),
            Cause.CONTEXT_LIMIT,
            Detail.CONTEXT_FULL,
        ),
        (Evidence(terminal=True, context_full=True, arrived=True), None, None),
        (Evidence(terminal=True, model_loaded=True), Cause.UNKNOWN, Detail.MODEL_LOADED),
        (
            Evidence(failure=Failure(FailureKind.TIMEOUT, "T", None, Detail.NO_FREE_CONNECTION)),
            Cause.UNKNOWN,
            Detail.NO_FREE_CONNECTION,
        ),
        (
            Evidence(failure=Failure(FailureKind.TIMEOUT, "T", None, Detail.NOT_CONNECTED)),
            Cause.CONNECTION_LOST,
            Detail.NOT_CONNECTED,
        ),
        (Evidence(failure=Failure(FailureKind.TIMEOUT, "T")), Cause.IDLE_TIMEOUT, Detail.BEFORE_ANSWER),
        (Evidence(failure=Failure(FailureKind.CONNECTION, "C")), Cause.CONNECTION_LOST, Detail.BEFORE_ANSWER),
        (Evidence(failure=Failure(FailureKind.CONNECTION, "C"), began=True), Cause.CONNECTION_LOST, None),
        (
            Evidence(failure=Failure(FailureKind.PROVIDER, "P", None, Detail.NOT_FOUND)),
            Cause.PROVIDER_ERROR,
            Detail.NOT_FOUND,
        ),
        (
            Evidence(terminal=True, finish=frozenset({Finish.ERROR}), said=Cause.IDLE_TIMEOUT),
            Cause.IDLE_TIMEOUT,
            Detail.GATEWAY_TIMEOUT,
        ),
    ],
)
def test_the_detail(evidence: Evidence, cause: Cause | None, detail: Detail | None) -> None:
    """What the evidence says beyond reason and cause."""
    ending = decide(evidence)
    assert (ending.cause, ending.detail) == (cause, detail)
