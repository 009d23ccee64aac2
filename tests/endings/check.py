# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a row must show, compared with what was performed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from lastchunk import semconv
from tests.endings.drive import Case, Performance, is_lent
from tests.endings.stage import SECRET
from tests.endings.table import Row


def shown(span: ReadableSpan) -> dict[str, Any]:
    """What a span says of its ending, in the words of the table."""
    given = dict(span.attributes or {})
    return {
        "reason": given.get(semconv.TERMINATION_REASON),
        "cutoff": given.get(semconv.CUTOFF),
        "cause": given.get(semconv.TERMINATION_CAUSE),
        "last_event": given.get(semconv.LAST_EVENT),
        "finish": given.get(semconv.FINISH_REASON_RAW),
        "status": "error" if span.status.status_code is StatusCode.ERROR else "unset",
        "evidence": given.get(semconv.EVIDENCE),
    }


def below(span: ReadableSpan) -> str:
    """A stream below the outermost one, in the words of the table."""
    given = dict(span.attributes or {})
    reason, cause = given.get(semconv.TERMINATION_REASON), given.get(semconv.TERMINATION_CAUSE)
    inherited = "+" if given.get(semconv.TERMINATION_INHERITED) else ""
    return f"{reason}{f'/{cause}' if cause else ''}{inherited}"


def actual(bare: Performance, observed: Performance, case: Case) -> str:
    """The row as the code has it now, and what else is wrong with it: for writing rows."""
    spans = observed.streams(case)
    if not spans:
        return f"    {case[1]} no span | {observed.stages[case].sees}"
    values = shown(spans[0])
    words = [values["reason"], "yes" if values["cutoff"] else "no", *(values[key] or "-" for key in list(values)[2:])]
    extra = dict(spans[0].attributes or {})
    also = [
        f"{key}={extra[name]}"
        for key, name in (
            ("delivery", semconv.DELIVERY),
            ("waiting_for", semconv.WAITING_FOR),
            ("late_error", semconv.LATE_ERROR),
            ("inner_cutoffs", semconv.INNER_CUTOFFS),
            ("inherited", semconv.TERMINATION_INHERITED),
        )
        if extra.get(name) and extra.get(name) != "incremental"
    ]
    under = " ".join(below(span) for span in spans[1:])
    parts = [f"    {case[1]:32} {' '.join(map(str, words))}", observed.stages[case].sees, under, " ".join(also)]
    return " | ".join(parts) + "".join(f"\n        !! {fault}" for fault in faults(bare, observed, case))


def faults(bare: Performance, observed: Performance, case: Case) -> Iterator[str]:
    """What no row may show, whatever its ending."""
    without, having = bare.stages[case], observed.stages[case]
    for name in ("items", "errors", "left", "warnings", "logs", "pending"):
        expected, got = getattr(without, name), getattr(having, name)
        if name == "logs":
            expected = [line for line in expected if "Failed to detach" not in line]
            # Agent Framework's, when its streams are collected, now and then.
            expected, got = ([line for line in lines if "on ended span" not in line] for lines in (expected, got))
        if expected != got:
            yield f"{name} differ: bare {expected}, instrumented {got}"
    if having.strangers:
        yield f"strangers in the consumer's context: {sorted(set(having.strangers))}"
    for span in observed.streams(case):
        failed = span.status.status_code is StatusCode.ERROR
        if failed != (semconv.ERROR_TYPE in (span.attributes or {})) or span.status.description:
            yield f"error.type does not go with the status of {span.name}"
        if span.end_time is None or (span.start_time or 0) > span.end_time:
            yield f"{span.name} ends before it begins"
        if not is_lent(span) and any(event.name != semconv.CHUNK_EVENT for event in span.events):
            yield f"{span.name} has strange events"
    for span in observed.exported(case):
        if SECRET in _exported(span):
            yield f"content is exported: {span.name} of {getattr(span.instrumentation_scope, 'name', '')}"


def _exported(span: ReadableSpan) -> str:
    """Everything that a span says, but for the server's address: Agent Framework puts the URL there, whose path is a script."""
    said = span.to_json()
    address = (span.attributes or {}).get(semconv.SERVER_ADDRESS)
    return said.replace(str(address), "") if address and is_lent(span) else said


def expected(row: Row) -> dict[str, Any]:
    """What the row says, in the same words as `shown`."""
    return {
        "reason": row.reason,
        "cutoff": row.cutoff,
        "cause": row.cause,
        "last_event": row.last_event,
        "finish": row.finish,
        "status": row.status,
        "evidence": row.evidence,
    }
