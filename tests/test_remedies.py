# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every ending that needs a hand has one sentence that says what to do, and an anchor for the rest."""

from __future__ import annotations

import re

import pytest

from lastchunk.remedies import Remedy, remedy_for
from lastchunk.semconv import Cause, Detail, Reason

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
    assert remedy_for("completed", None, "context_full") is None


@pytest.mark.parametrize("detail", list(Detail))
def test_a_detail_says_most(detail: Detail):
    """Its sentence replaces the general one, with the same entry of the runbook."""
    general, exact = remedy_for("rejected", "connection_lost"), remedy_for("rejected", "connection_lost", detail)

    assert exact.sentence != general.sentence
    assert exact.anchor == general.anchor


EVERY = [(reason, cause, detail) for reason in Reason for cause in [*Cause, None] for detail in [*Detail, None]]


def test_sentences_are_one_readable_line_each():
    remedies: set[Remedy] = {remedy for which in EVERY if (remedy := remedy_for(*which))}
    sentences = {remedy.sentence for remedy in remedies}

    assert len(sentences) == len(Cause) - 1 + len(Reason) - 1 + len(Detail)
    for sentence in sentences:
        assert sentence.endswith(".")
        assert ": " in sentence
        assert not re.sub(r"\(.*?\)", "", sentence).rstrip(".").count(". ")
        assert 40 < len(sentence) <= 160


CLAIMS = {
    r"max_tokens": lambda reason, cause, detail: reason is Reason.LENGTH and detail is not Detail.CONTEXT_FULL,
    r"middle|read on|mid-stream": lambda reason, cause, detail: reason is not Reason.REJECTED,
    r"could not connect|sent nothing|no answer": lambda reason, cause, detail: reason is Reason.REJECTED,
    r"context window is full": lambda reason, cause, detail: detail is Detail.CONTEXT_FULL,
    r"loaded": lambda reason, cause, detail: detail is Detail.MODEL_LOADED,
    r"silent stream": lambda reason, cause, detail: cause is Cause.IDLE_TIMEOUT and detail is None,
    r"without an error": lambda reason, cause, detail: reason is Reason.TRUNCATED,
    r"empty answer": lambda reason, cause, detail: reason is Reason.EMPTY,
    r"while data flowed": lambda reason, cause, detail: False,
}
"""What a sentence says of the facts, and of which endings that is true."""

HAPPENS = {
    (reason, cause, None)
    for reason, causes in {
        Reason.LENGTH: [Cause.CONTEXT_LIMIT],
        Reason.CONTENT_FILTER: [Cause.CONTENT_FILTER],
        Reason.PROVIDER_ERROR: [Cause.PROVIDER_ERROR, Cause.RATE_LIMITED, Cause.CONTEXT_LIMIT, Cause.CONTENT_FILTER],
        Reason.PROTOCOL_ERROR: [Cause.PROVIDER_ERROR, Cause.PACKAGE_MISMATCH],
        Reason.TIMEOUT: [Cause.IDLE_TIMEOUT, Cause.UNKNOWN],
        Reason.CONNECTION_LOST: [Cause.CONNECTION_LOST, Cause.IDLE_TIMEOUT],
        Reason.REJECTED: [Cause.PROVIDER_ERROR, Cause.RATE_LIMITED, Cause.CONTEXT_LIMIT, Cause.UNKNOWN],
        Reason.EMPTY: [Cause.UNKNOWN, Cause.NO_STREAMING_SUPPORT, Cause.IDLE_TIMEOUT],
        Reason.TRUNCATED: [Cause.UNKNOWN, Cause.IDLE_TIMEOUT],
        Reason.ABANDONED: [Cause.PARTIAL_CONSUMPTION, Cause.IDLE_TIMEOUT, Cause.CLIENT_DISCONNECTED],
        Reason.ERROR: [Cause.UNKNOWN, Cause.PACKAGE_MISMATCH, Cause.CLIENT_DISCONNECTED],
    }.items()
    for cause in causes
} | {
    (Reason.LENGTH, Cause.CONTEXT_LIMIT, Detail.CONTEXT_FULL),
    (Reason.EMPTY, Cause.UNKNOWN, Detail.MODEL_LOADED),
    (Reason.REJECTED, Cause.UNKNOWN, Detail.NO_FREE_CONNECTION),
    (Reason.REJECTED, Cause.CONNECTION_LOST, Detail.NOT_CONNECTED),
    (Reason.REJECTED, Cause.CONNECTION_LOST, Detail.BEFORE_ANSWER),
    (Reason.REJECTED, Cause.IDLE_TIMEOUT, Detail.BEFORE_ANSWER),
    (Reason.REJECTED, Cause.IDLE_TIMEOUT, Detail.GATEWAY_TIMEOUT),
    (Reason.PROVIDER_ERROR, Cause.IDLE_TIMEOUT, Detail.GATEWAY_TIMEOUT),
    (Reason.REJECTED, Cause.NO_STREAMING_SUPPORT, Detail.STREAMING_REFUSED),
    (Reason.REJECTED, Cause.PROVIDER_ERROR, Detail.NOT_FOUND),
    (Reason.REJECTED, Cause.PROVIDER_ERROR, Detail.NOT_AUTHORIZED),
    (Reason.REJECTED, Cause.PROVIDER_ERROR, Detail.PAYMENT_REQUIRED),
    (Reason.REJECTED, Cause.CONTEXT_LIMIT, Detail.TOO_LARGE),
}
"""What `decide` gives; `tests/streams/test_ending.py` has the evidence for each detail."""


@pytest.mark.parametrize("ending", sorted(HAPPENS, key=str), ids=lambda ending: "-".join(str(part) for part in ending))
def test_no_sentence_claims_what_the_evidence_does_not_show(ending: tuple[Reason, Cause, Detail | None]):
    sentence = remedy_for(*ending).sentence

    for claim, true_of in CLAIMS.items():
        assert not re.search(claim, sentence) or true_of(*ending), (claim, sentence)
