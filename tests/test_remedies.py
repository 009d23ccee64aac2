# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every ending that needs a hand has one sentence that says what to do, and an anchor for the rest."""

from __future__ import annotations

import pytest

from lastchunk.remedies import Remedy, remedy_for
from lastchunk.semconv import Cause, Reason

REASON_SAYS_MORE = {
    (Reason.LENGTH, Cause.CONTEXT_LIMIT),
    (Reason.PROVIDER_ERROR, Cause.PROVIDER_ERROR),
    (Reason.PROTOCOL_ERROR, Cause.PROVIDER_ERROR),
}


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.UNKNOWN])
def test_a_known_cause_decides_unless_the_reason_says_more(reason: Reason, cause: Cause):
    anchor = f"#reason-{reason}" if (reason, cause) in REASON_SAYS_MORE else f"#cause-{cause}"

    assert remedy_for(reason, cause).anchor == anchor


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.COMPLETED])
@pytest.mark.parametrize("cause", [Cause.UNKNOWN, None])
def test_without_a_known_cause_the_reason_decides(reason: Reason, cause: Cause | None):
    assert remedy_for(reason, cause).anchor == f"#reason-{reason}"


def test_a_healthy_stream_needs_none():
    assert remedy_for("completed", None) is None


def test_a_completed_stream_that_did_not_really_stream_needs_one():
    assert remedy_for("completed", "no_streaming_support").anchor == "#cause-no_streaming_support"


def test_values_outside_the_closed_sets_have_none():
    assert remedy_for("due_to_rain", "the_weather") is None


def test_sentences_are_one_readable_line_each():
    remedies: set[Remedy] = {remedy for reason in Reason for cause in Cause if (remedy := remedy_for(reason, cause))}

    assert len({remedy.sentence for remedy in remedies}) == len(remedies) == len(Cause) - 1 + len(Reason) - 1
    for sentence in (remedy.sentence for remedy in remedies):
        assert sentence.endswith(".")
        assert ": " in sentence
        assert not sentence.rstrip(".").count(". ")
        assert 40 < len(sentence) <= 160
