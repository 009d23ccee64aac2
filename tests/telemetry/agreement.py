# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Spans, metrics and log events tell the same: what the metrics must be is computed from the spans, one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from lastchunk import semconv
from lastchunk.semconv import Metric
from tests.telemetry.signals import Point

Key = tuple[tuple[str, Any], ...]

RECORDED_OF_THE_SPAN = {
    semconv.LONGEST_GAP: semconv.MAX_GAP,
    semconv.MESSAGES_SENT: semconv.HISTORY_MESSAGES,
    semconv.BYTES_SENT: semconv.HISTORY_SIZE,
}
DURATIONS = {
    "chat": semconv.OPERATION_DURATION,
    "invoke_agent": semconv.AGENT_DURATION,
    "invoke_workflow": semconv.WORKFLOW_DURATION,
}
TOKENS = {"input": semconv.USAGE_INPUT_TOKENS, "output": semconv.USAGE_OUTPUT_TOKENS}


def check(spans: list[ReadableSpan], points: list[Point], events: list[Any]) -> None:
    """Compare the three signals of the same streams: our spans, data points and log records."""
    _check_counts(points, semconv.ENDED, Counter(_key(span, semconv.ENDED) for span in spans))
    cut = [span for span in spans if span.attributes[semconv.CUTOFF]]
    _check_counts(points, semconv.CUTOFFS, Counter(_key(span, semconv.CUTOFFS) for span in cut))
    for metric, attribute in RECORDED_OF_THE_SPAN.items():
        _check_values(points, metric, [(span, span.attributes.get(attribute)) for span in spans])
    early = [span for span in spans if span.attributes[semconv.TERMINATION_REASON] != "completed"]
    _check_values(points, semconv.IDLE, [(span, span.attributes[semconv.IDLE_AT_END]) for span in early])
    for operation, metric in DURATIONS.items():
        of_it = [span for span in spans if span.attributes[semconv.OPERATION_NAME] == operation]
        _check_values(points, metric, [(span, (span.end_time - span.start_time) / 1e9) for span in of_it])
    first = [(span, span.attributes.get(semconv.RESPONSE_TIME_TO_FIRST_CHUNK)) for span in spans]
    _check_values(points, semconv.TIME_TO_FIRST_CHUNK, first)
    for kind, attribute in TOKENS.items():
        given = [point for point in points if point.attributes.get(semconv.TOKEN_TYPE, kind) == kind]
        _check_values(given, semconv.TOKEN_USAGE, [(span, span.attributes.get(attribute)) for span in spans], kind)
    recovered = sum(int(span.attributes.get(semconv.INNER_CUTOFFS, 0)) for span in spans)
    assert sum(point.value for point in points if point.name == semconv.RECOVERED.name) == recovered
    _check_events(events, [span for span in cut if semconv.TERMINATION_INHERITED not in span.attributes])


def _key(span: ReadableSpan, metric: Metric, **more: Any) -> Key:
    """The attributes of the metric, as the span has them."""
    said = {**span.attributes, **more}
    return tuple(sorted((name, said[name]) for name in metric.attributes if name in said))


def _points(points: list[Point], metric: Metric) -> dict[Key, Point]:
    return {tuple(sorted(point.attributes.items())): point for point in points if point.name == metric.name}


def _check_counts(points: list[Point], metric: Metric, expected: Counter[Key]) -> None:
    found = {key: point.value for key, point in _points(points, metric).items() if point.value}
    assert found == expected, metric.name


def _check_values(points: list[Point], metric: Metric, values: list[tuple[ReadableSpan, Any]], kind: str = "") -> None:
    expected: defaultdict[Key, list[float]] = defaultdict(list)
    more = {semconv.TOKEN_TYPE: kind} if kind else {}
    for span, value in values:
        if value is not None:
            expected[_key(span, metric, **more)].append(float(value))
    found = _points(points, metric)
    assert set(found) == set(expected), metric.name
    for key, point in found.items():
        assert point.count == len(expected[key]), metric.name
        assert point.value == pytest.approx(sum(expected[key]), abs=1e-4), metric.name


def _check_events(records: list[Any], arose: list[ReadableSpan]) -> None:
    """One for each cutoff that the stream did not inherit, with everything that its span says."""
    cutoffs = [record for record in records if record.event_name == semconv.CUTOFF_EVENT]
    by_span = {event.span_id: event for event in cutoffs}
    assert len(by_span) == len(cutoffs)
    assert set(by_span) == {span.context.span_id for span in arose}
    for span in arose:
        event = by_span[span.context.span_id]
        said = {name: value for name, value in event.attributes.items() if name in span.attributes}
        assert said == dict(span.attributes)
        assert set(event.attributes) - set(said) == {semconv.REMEDY, semconv.RUNBOOK}
