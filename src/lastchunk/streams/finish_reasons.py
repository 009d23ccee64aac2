# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a provider's finish reason means, whatever the dialect: read by the families of its words, not from a list of reasons.

Case, separators and a prefix before a colon do not matter. `tests/streams/finish_words.py` has each known word with its source.
"""

from __future__ import annotations

import re
from enum import StrEnum, auto
from functools import lru_cache


class Finish(StrEnum):
    """The meaning of a finish reason."""

    COMPLETE = auto()
    LENGTH = auto()
    CONTENT_FILTER = auto()
    ERROR = auto()
    UNFINISHED = auto()
    """The answer is over and not whole, and the provider does not say why."""


def _family(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PLACEHOLDERS = frozenset({"null", "none", "nil", "undefined", "unspecified"})
"""What stands where no finish reason is: a JSON `null` that became a text on its way, or the default of an enum."""

_NOT_FINISHED = frozenset({"not", "finished"})
"""watsonx says so in each chunk but the last."""

_FILTER = _family(
    "filter filters filtered safety unsafe policy policies moderation moderated prohibited blocklist blocked denylist "
    "spii pii recitation copyright toxic toxicity guardrail guardrails refusal refused harm harmful violation "
    "sensitive inappropriate jailbreak language risk flagged contentfilter contentfiltered"
)
_LIMIT = _family("limit limits max maximum maxtokens maxlength")
_LENGTH = _family("length context window long")
_NO_LENGTH = _family("time rate usage quota credit calls requests turns steps rounds iterations concurrency retries")
"""What is limited, if it is not the length of the answer."""
_ERROR = _family(
    "error errors failed failure fail malformed invalid unexpected missing timeout timed time deadline cancel "
    "cancelled canceled abort aborted truncation repetition not insufficient quota overloaded "
    "overload unavailable network interrupted disconnect disconnected exception evicted preempted killed crash crashed "
    "rejected throttled throttling exhausted exceeded expired too rate"
)
_UNFINISHED = _family("incomplete unfinished truncated")
"""LiteLLM's Responses API says so if the server behind it sent no finish reason."""
_CONTEXT = frozenset({"context", "window"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CALL = re.compile("tool|function", re.IGNORECASE)
_LONGEST = 64
"""At most so many characters of a finish reason are read."""


def meanings(raw: str) -> frozenset[Finish]:
    """Return the meaning of `raw`, or nothing if it is a placeholder. An unknown word still means: finished."""
    return _cached(str.__str__(raw)) if len(raw) <= _LONGEST else _meanings(raw)


def _meanings(raw: str) -> frozenset[Finish]:
    words = _words(raw)
    if not words.isdisjoint(_PLACEHOLDERS) or words >= _NOT_FINISHED or not (words or raw.strip()):
        return frozenset()
    return frozenset({_meaning(words)})


_cached = lru_cache(maxsize=64)(_meanings)
"""Asked at each end of a stream, and servers say few words."""


def says_context_full(raw: str) -> bool:
    """Whether `raw` says that the context window is full, which a larger output limit does not help."""
    return not _words(raw).isdisjoint(_CONTEXT)


def says_unfinished(raw: str) -> bool:
    """Whether `raw` says that there is more to come."""
    return _words(raw) >= _NOT_FINISHED


def names_call(raw: str) -> bool:
    """Whether `raw` says that the answer is a tool call. The call is then whole."""
    return _CALL.search(raw[:_LONGEST]) is not None


def _meaning(words: frozenset[str]) -> Finish:
    if not words.isdisjoint(_FILTER):
        return Finish.CONTENT_FILTER
    limit = not words.isdisjoint(_LIMIT)
    if (limit or not words.isdisjoint(_LENGTH)) and words.isdisjoint(_NO_LENGTH):
        return Finish.LENGTH
    if limit or not words.isdisjoint(_ERROR):
        return Finish.ERROR
    return Finish.COMPLETE if words.isdisjoint(_UNFINISHED) else Finish.UNFINISHED


def _words(raw: str) -> frozenset[str]:
    """Return its words, in lower case: `ERROR_LIMIT`, `error-limit`, `ErrorLimit` and `x: error limit` have the same."""
    bounded = raw[:_LONGEST].strip()
    said = bounded.rpartition(":")[2].strip() or bounded
    return frozenset(word.lower() for word in _WORD.findall(said))
