# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Which of the streams inside a run it hands on, and how many cutoffs it survived."""

from __future__ import annotations

import pytest

from lastchunk.semconv import Cause, Delivery, Operation, Reason, Source
from lastchunk.streams.answers import answer_of
from lastchunk.streams.ending import Ending
from lastchunk.streams.inner_streams import InnerStream, InnerStreams
from lastchunk.streams.raised import Raised

WELL = Ending(Reason.COMPLETED, None)
CUT = Ending(Reason.TRUNCATED, Cause.UNKNOWN, "truncated")
LOST = Ending(Reason.CONNECTION_LOST, Cause.CONNECTION_LOST, "some.Error")
LEFT = Ending(Reason.ABANDONED, Cause.PARTIAL_CONSUMPTION)


ERRORS = {number: ConnectionResetError(number) for number in range(4, 8)}


def _raised(number: int) -> Raised | None:
    return Raised(ERRORS[number]) if number else None


def _model(ending: Ending, *, raised: int = 0, left: bool = False, text: str = "") -> InnerStream:
    return InnerStream(
        Operation.CHAT,
        "",
        ending,
        Delivery.INCREMENTAL,
        Source.WIRE,
        raised=_raised(raised),
        left=left,
        answer=answer_of(text),
    )


def _turn(name: str, ending: Ending, *, raised: int = 0) -> InnerStream:
    return InnerStream(Operation.INVOKE_AGENT, name, ending, Delivery.INCREMENTAL, Source.WIRE, raised=_raised(raised))


def _run(*streams: InnerStream) -> InnerStreams:
    inner = InnerStreams()
    for stream in streams:
        inner.add(stream)
    return inner


def test_a_run_without_streams() -> None:
    """This is AutoGen's default, `model_client_stream=False`."""
    assert _run().behind_result("alice", team=False) is None
    assert _run().behind_failure(ERRORS[4], team=True) is None


def test_a_result_comes_from_the_last_stream_of_an_agent() -> None:
    """The stream before it was for a tool call."""
    cut = _model(CUT)
    assert _run(_model(WELL), cut).behind_result("alice", team=False) is cut


def test_a_short_call_beside_the_answer() -> None:
    """A title of a complete answer met its limit: the answer is complete. A summary that is the answer is not."""
    well, title = _model(WELL, text="the complete answer"), _model(CUT, text="Title of")
    inner = _run(well, title)
    assert inner.behind_result("alice", team=False, answer=answer_of("the complete answer")) is well
    assert inner.behind_result("alice", team=False, answer=answer_of("Dear user, the complete answer")) is well
    assert inner.behind_result("alice", team=False, answer=answer_of("Title of")) is title
    assert (
        inner.behind_result("alice", team=False, answer=answer_of("something else that is much longer than both"))
        is title
    )


def test_a_result_does_not_come_from_a_stream_that_raised() -> None:
    """The run continued without that stream."""
    assert _run(_model(LOST, raised=5)).behind_result("alice", team=False) is None


def test_a_teams_result_comes_from_the_turn_of_who_said_it() -> None:
    """Whoever ended last may be somebody else: a selector, or another agent that was told to be quiet."""
    alice, bob = _turn("alice", CUT), _turn("bob", WELL)
    inner = _run(alice, bob)
    assert inner.behind_result("alice", team=True) is alice
    assert inner.behind_result("bob", team=True) is bob


@pytest.mark.parametrize("source", [None, "", "nobody"])
def test_a_teams_result_from_nobody_known(source: str | None) -> None:
    """The ending is then that of the last model stream, which the team's manager asked for itself."""
    model = _model(CUT)
    assert _run(_turn("alice", WELL), model, _turn("bob", WELL)).behind_result(source, team=True) is model
    turn = _turn("alice", CUT)
    assert _run(turn).behind_result(source, team=True) is turn


def test_the_last_turn_of_an_agent_counts() -> None:
    """It spoke before, and was cut then."""
    again = _turn("alice", WELL)
    assert _run(_turn("alice", CUT), again).behind_result("alice", team=True) is again


def test_a_failure_comes_from_the_stream_that_raised_it() -> None:
    """By the exception's identity, whoever ended after it."""
    error = KeyError()
    error.__context__ = ERRORS[5]
    lost = _model(LOST, raised=5)
    assert _run(lost, _turn("alice", WELL)).behind_failure(error, team=False) is lost
    turn = _turn("alice", LOST, raised=5)
    assert _run(turn, _model(WELL), _turn("bob", WELL)).behind_failure(ERRORS[5], team=True) is turn


def test_another_failure_is_the_runs_own() -> None:
    """A stream failed, the run recovered, and then something else was raised."""
    assert _run(_model(LOST, raised=5)).behind_failure(ERRORS[6], team=False) is None
    assert _run(_model(WELL)).behind_failure(ERRORS[6], team=False) is None


def test_a_failure_over_a_cut_result() -> None:
    """Structured output that does not validate, because its end is missing."""
    cut = _model(CUT)
    assert _run(cut).behind_failure(ERRORS[6], team=False) is cut


def test_a_team_raises_a_text() -> None:
    """Its exception has no cause, so the turn is taken that failed first, whoever worked at the same time."""
    lost = _turn("alice", LOST, raised=5)
    assert _run(lost).behind_failure(ERRORS[6], team=True) is lost
    assert _run(lost, _turn("bob", WELL)).behind_failure(ERRORS[6], team=True) is lost
    assert _run(lost, _turn("bob", CUT, raised=7)).behind_failure(ERRORS[6], team=True) is lost


def test_a_cancelled_turn_is_no_failure_of_the_team() -> None:
    """It is cancelled with the team, or because of what failed."""
    cancelled = _turn("alice", Ending(Reason.CANCELLED, Cause.CANCELLED_BY_APPLICATION), raised=5)
    lost = _turn("bob", LOST, raised=6)
    assert _run(cancelled, lost).behind_failure(ERRORS[7], team=True) is lost


def test_cutoffs() -> None:
    """Each is counted, by its cause; one that ended because the stream above was left is none that anything survived."""
    inner = _run(_model(CUT), _model(WELL), _turn("a", LOST), _model(LEFT, left=True), _model(LEFT), _model(CUT))
    assert inner.cutoffs == {Cause.UNKNOWN: 2, Cause.CONNECTION_LOST: 1, Cause.PARTIAL_CONSUMPTION: 1}


def test_an_answer_that_was_not_streamed() -> None:
    """It is evidence as far as it says how it finished, and delivered nothing."""
    stream = InnerStream.of_result(CUT, True, None)
    assert (stream.operation, stream.source, stream.delivery) == (Operation.CHAT, Source.RESULT, Delivery.NONE)
    assert InnerStream.of_result(LOST, False, Raised(ERRORS[7])).source is Source.NONE
