# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Which rung the verdict names, decided from the runs alone."""

from __future__ import annotations

from typing import Any

import pytest

from lastchunk.doctor.ladder.advice import Asked, verdict
from lastchunk.doctor.ladder.runs import Run, Rung
from lastchunk.doctor.ladder.verdict import LONG_ENOUGH, Worse, places, worse_than
from lastchunk.doctor.report.findings import Status
from lastchunk.semconv import Cause, Delivery, Reason


def run(rung: int, number: int = 1, **known: Any) -> Run:
    """Return a healthy run, changed by the arguments."""
    healthy: dict[str, Any] = {
        "reason": Reason.COMPLETED,
        "cause": None,
        "characters": 1000,
        "delivery": "" if rung == Rung.CREATE else Delivery.INCREMENTAL,
        "model_streams": 1,
        "last_size": 1000,
    }
    return Run(rung=Rung(rung), round=number, **{**healthy, **known})


def cut(rung: int, number: int = 1) -> Run:
    """A run that was cut."""
    return run(rung, number, reason=Reason.TRUNCATED, cause=Cause.UNKNOWN)


@pytest.mark.parametrize(
    ("upper", "lower", "worse"),
    [
        (run(3), run(2), None),
        (cut(3), run(2), Worse.ENDING),
        (cut(3), cut(2), None),
        (cut(1), None, Worse.ENDING),
        (run(3), cut(2), None),
        (run(3, reason=Reason.EMPTY, cause="unknown"), run(2), Worse.ENDING),
        # delivery
        (run(2, delivery=Delivery.BURST), run(1), Worse.DELIVERY),
        (run(3, delivery=Delivery.SINGLE), run(2), Worse.DELIVERY),
        (run(3, delivery=Delivery.SINGLE), run(2, delivery=Delivery.BURST), None),
        (run(3, delivery=Delivery.SINGLE, last_size=LONG_ENOUGH - 1), run(2), None),
        (run(3, delivery=Delivery.SINGLE, last_size=LONG_ENOUGH), run(2), Worse.DELIVERY),
        (run(4, delivery=Delivery.NONE, model_streams=0), run(3), Worse.DELIVERY),
        (run(4, delivery=Delivery.NONE, model_streams=0), run(3, delivery=Delivery.SINGLE), None),
        (run(5, delivery=Delivery.NONE, model_streams=0), run(4, delivery=Delivery.NONE, model_streams=0), None),
        # never judged
        (run(3, characters=1), run(2, characters=9999), None),
        (run(3, duration=900.0, longest_gap=300.0, first_chunk=90.0), run(2, duration=0.1), None),
    ],
)
def test_worse(upper: Run, lower: Run | None, worse: Worse | None) -> None:
    assert worse_than(upper, lower) is worse


def test_the_first_that_is_worse_is_named() -> None:
    (place,) = places([run(1), run(2), cut(3), cut(4), cut(5)])
    assert (place.rung, place.times, place.of, place.always) == (Rung.CREATE_STREAM, 1, 1, True)


def test_only_runs_of_one_round_are_compared() -> None:
    """Every stream of the second round was cut: the lowest of them is worse, and no other."""
    (place,) = places([run(1), run(2), run(3), run(1, 2), cut(2, 2), cut(3, 2)])
    assert (place.rung, place.times, place.of) == (Rung.SDK_STREAM, 1, 2)


def test_what_always_happens_is_named_before_what_happens_below_it_now_and_then() -> None:
    runs = [run(1), cut(2), cut(3), run(1, 2), run(2, 2), cut(3, 2), run(1, 3), run(2, 3), cut(3, 3)]
    first, second = places([*runs[:2], run(3), *runs[3:]])
    assert (first.rung, first.times, first.of) == (Rung.SDK_STREAM, 1, 3)
    assert (second.rung, second.times) == (Rung.CREATE_STREAM, 2)
    four = [run(1), run(2), run(3), cut(4), cut(1, 2), run(2, 2), run(3, 2), cut(4, 2)]
    first, second = places(four)
    assert (first.rung, first.always) == (Rung.AGENT, True)
    assert (second.rung, second.always) == (Rung.CREATE, False)


def test_a_burst_that_was_read_slowly() -> None:
    """The SDK's stream took a moment longer to read than a burst may; the client's, in the same round, did not."""
    slowly = run(2, first_chunk=6.0, duration=6.4)
    (place,) = places([run(1), slowly, run(3, delivery=Delivery.BURST, first_chunk=6.1, duration=6.3)])
    assert (place.rung, place.worse) == (Rung.SDK_STREAM, Worse.DELIVERY)
    thoughtful = run(3, first_chunk=6.0, duration=6.4)
    assert places([run(1), slowly, thoughtful]) == []
    early = run(2, first_chunk=0.5, duration=6.4)
    (place,) = places([run(1), early, run(3, delivery=Delivery.BURST, first_chunk=6.1, duration=6.3)])
    assert place.rung is Rung.CREATE_STREAM


def test_a_rung_that_was_not_run_is_passed_over() -> None:
    (place,) = places([run(1), cut(3)])
    assert place.below is not None
    assert place.below.rung is Rung.CREATE
    assert "could not be tried on its own" in verdict([place], [run(1), cut(3)], Asked("KEY")).evidence


def test_nothing_was_run() -> None:
    assert verdict([], [], Asked("KEY")).status is Status.SKIPPED


def test_k_of_n() -> None:
    runs = [run(1), run(2), run(1, 2), cut(2, 2), run(1, 3), cut(2, 3)]
    said = verdict(places(runs), runs, Asked("KEY"))
    assert said.status is Status.PROBLEM
    assert "in 2 of 3 runs (intermittent)" in said.evidence
    assert said.runbook == "#reason-truncated"


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.COMPLETED])
@pytest.mark.parametrize("rung", Rung)
def test_every_ending_has_a_remedy_and_an_entry(rung: Rung, reason: Reason) -> None:
    runs = [*(run(lower) for lower in Rung if lower < rung), run(rung, reason=reason, cause=Cause.UNKNOWN)]
    said = verdict(places(runs), runs, Asked("KEY"))
    assert said.remedy
    assert said.runbook == f"#reason-{reason}"
    assert said.evidence.startswith(f"Rung {rung.value} (")


def test_litellm_is_named() -> None:
    """It ends every answer with `stop`: no rung can see that one broke off behind it."""
    runs = [run(1), run(2, gateway="LiteLLM"), run(3)]
    assert "LiteLLM answers here" in verdict(places(runs), runs, Asked("the key")).evidence
    runs = [run(1), run(2), run(3)]
    assert "LiteLLM" not in verdict(places(runs), runs, Asked("the key")).evidence


def test_a_call_of_a_tool_says_nothing_of_texts() -> None:
    """A run that returned only a tool call is not compared, and no rung is blamed because of it."""
    runs = [run(1, called=True), run(2, called=True), run(3, called=True), run(4, reason="truncated", cause="unknown")]
    said = verdict(places(runs), runs, Asked("the key")).evidence
    assert said.startswith("Rung 4 (agent.run_stream) already fails")
    assert "without an error" not in said
