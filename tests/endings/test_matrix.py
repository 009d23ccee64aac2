# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every row of the matrix: what the span says, and that the application noticed nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import uvloop

from lastchunk import semconv
from tests.endings.check import below, expected, faults, shown
from tests.endings.drive import CHANCES, Performance, is_ours, perform
from tests.endings.matrix import ROWS
from tests.endings.table import Row
from tests.endings.ways import SCRIPTS, WAYS
from tests.telemetry.agreement import check
from tests.telemetry.signals import Signals

pytestmark = pytest.mark.timeout(900)
"""The first test performs every row. `make test` gives each file to one process, so that only one performs them."""

FEW = 15
"""Rows of a thousand that may need another chance although the machine had time for them. On a quiet machine three did."""


@dataclass(frozen=True)
class Performed:
    """Rows that were performed without and with us, and what the second performance exported beside its spans."""

    rows: list[Row]
    bare: Performance
    observed: Performance
    signals: Signals


@pytest.fixture(scope="module", name="performed")
def _performed(exporter: Any, request: pytest.FixtureRequest) -> Performed:
    """Every row that was asked for. (`exporter` sets the provider that AutoGen's spans go to.)"""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    asked = [call.params.get("row") for call in calls if call is not None]
    rows = [row for row in asked if isinstance(row, Row)]
    cases, signals = [row.case for row in rows], Signals()
    providers = {"meter_provider": signals.meter_provider, "logger_provider": signals.logger_provider}
    return Performed(rows, perform(cases, observed=False), perform(cases, observed=True, **providers), signals)


@dataclass(frozen=True)
class Verdict:
    """What is wrong with each row, and what was wrong at first with those that were performed again."""

    wrong: dict[str, list[str]]
    at_first: dict[str, list[str]]
    spoilt: set[str]
    """Of `at_first`: rows for which the machine had no time."""


@pytest.fixture(scope="module", name="verdict")
def _verdict(performed: Performed) -> Verdict:
    return with_chances(performed.rows, performed.bare, performed.observed)


def with_chances(rows: list[Row], bare: Performance, observed: Performance, **loop: Any) -> Verdict:
    """A row that fails is performed again, with fewer beside it."""
    wrong = {row.id: _wrong(row, bare, observed) for row in rows}
    again = [row for row in rows if wrong[row.id]]
    at_first = {row.id: wrong[row.id] for row in again}
    spoilt = {row.id for row in again if bare.was_late(row.case) or observed.was_late(row.case)}
    for _ in range(CHANCES):
        if not again:
            break
        cases = [row.case for row in again]
        bare, observed = perform(cases, observed=False, **loop), perform(cases, observed=True, **loop)
        wrong |= {row.id: _wrong(row, bare, observed) for row in again}
        again = [row for row in again if wrong[row.id]]
    return Verdict(wrong, at_first, spoilt)


def _wrong(row: Row, bare: Performance, observed: Performance) -> list[str]:
    """What is not as the row says."""
    spans = observed.streams(row.case)
    if len(spans) != 1 + len(row.below):
        return [f"{len(spans)} streams: {[span.name for span in spans]}"]
    outermost, inner = spans[0], spans[1:]
    given = dict(outermost.attributes or {})
    says, shows = expected(row), shown(outermost)
    wrong = [f"{key}: {shows[key]!r}, not {says[key]!r}" for key in says if shows[key] != says[key]]
    for name, value in {"delivery": row.delivery, "inherited": row.inherited or None, **row.also}.items():
        attribute = f"lastchunk.stream.{'termination.inherited' if name == 'inherited' else name}"
        if given.get(attribute) != value:
            wrong.append(f"{name}: {given.get(attribute)!r}, not {value!r}")
    for name in (semconv.LATE_ERROR, semconv.INNER_CUTOFFS):
        if given.get(name) and name.removeprefix("lastchunk.stream.") not in row.also:
            wrong.append(f"{name} is {given[name]!r}")
    if not given.get(semconv.OUTERMOST) or any((span.attributes or {}).get(semconv.OUTERMOST) for span in inner):
        wrong.append("outermost is not what the application iterates")
    lower = [str(one) for one in row.below]
    if [below(span) for span in inner] != lower:
        wrong.append(f"below: {[below(span) for span in inner]}, not {lower}")
    if observed.stages[row.case].sees != row.sees:
        wrong.append(f"the application sees {observed.stages[row.case].sees!r}, not {row.sees!r}")
    return wrong + list(faults(bare, observed, row.case))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: Row, verdict: Verdict, request: pytest.FixtureRequest) -> None:
    """The spans of one row are what it says, and the application saw what it sees without us."""
    if row.wrong:
        request.applymarker(pytest.mark.xfail(reason=row.wrong, strict=True))
    assert verdict.wrong[row.id] == []


def test_few_rows_need_another_chance(verdict: Verdict, record_property: Callable[[str, object], None]) -> None:
    """Otherwise a race would be hidden by the second performance. The end of the run names the rows."""
    for row, wrong in verdict.at_first.items():
        why = "the machine had no time, " if row in verdict.spoilt else ""
        record_property("another chance", f"{row}: {why}{'; '.join(wrong)}")
    assert len(verdict.at_first.keys() - verdict.spoilt) <= FEW


def test_span_metrics_and_log_say_the_same_of_every_ending(performed: Performed) -> None:
    """Stream by stream, over the whole matrix."""
    spans = [span for span in performed.observed.spans if is_ours(span)]
    assert len(spans) >= len(performed.rows)
    check(spans, performed.signals.collect(), performed.signals.events)


_ON_UVLOOP = {
    (source, way)
    for source in ("create_stream", "sdk_async", "agent_run")
    for way in ("clean", "silent_cut", "rst", "break_dropped", "aclose", "task_cancel", "asyncio_timeout_after_silence")
}


def test_rows_on_uvloop(exporter: Any) -> None:
    """Another event loop makes no difference."""
    rows = [row for row in ROWS if row.case in _ON_UVLOOP]
    cases = [row.case for row in rows]
    loop = {"new_loop": uvloop.new_event_loop}
    bare, observed = perform(cases, observed=False, **loop), perform(cases, observed=True, **loop)
    verdict = with_chances(rows, bare, observed, **loop)
    assert {row: found for row, found in verdict.wrong.items() if found} == {}
    assert (len(rows), observed.open) == (len(_ON_UVLOOP), 0)


def test_no_row_is_there_twice() -> None:
    """One row for one case."""
    assert [case for case, count in Counter(row.case for row in ROWS).items() if count > 1] == []


def test_every_script_of_the_server_has_its_rows() -> None:
    """A new script of the server needs a row, at least for `create_stream`."""
    assert set(SCRIPTS) - {WAYS[row.way].script for row in ROWS} - {"assistant", "echo"} == set()


def test_alerts_count_every_ending_that_pages_from_zero() -> None:
    """Otherwise the first cutoff of its kind would be missed."""
    pages = {reason for reason, _ in semconv.COUNTED_BY_ALERTS}
    assert {(row.reason, row.cause) for row in ROWS if row.reason in pages} <= set(semconv.COUNTED_BY_ALERTS)


def test_nothing_is_left_behind(performed: Performed) -> None:
    """No stream is open, no code of Lastchunk failed, and nothing else failed more often than without Lastchunk."""
    bare, observed = performed.bare, performed.observed
    assert observed.open == 0
    assert observed.failures == []
    assert [line for line in observed.unraisable if "lastchunk" in line] == []
    assert set(observed.unraisable) <= set(bare.unraisable)


def test_every_stream_belongs_to_a_row(performed: Performed) -> None:
    """No span of ours is an orphan, and none stands where nothing was instrumented."""
    bare, observed = performed.bare, performed.observed
    traces = {stage.root.get_span_context().trace_id for stage in observed.stages.values()}
    assert [span.name for span in observed.spans if is_ours(span) and span.context.trace_id not in traces] == []
    assert [span.name for span in bare.spans if is_ours(span)] == []
