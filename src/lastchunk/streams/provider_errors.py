# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the cause that a provider's error names, by its status, codes and words.

An HTTP body, an event, an object in the stream, a failed response: all are read the same. The texts are looked at, and
never kept. `tests/streams/error_words.py` has each known one with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lastchunk.semconv import Cause
from lastchunk.streams.shapes import is_list, is_mapping, own_attributes

_STATUSES = {
    429: Cause.RATE_LIMITED,
    408: Cause.IDLE_TIMEOUT,
    504: Cause.IDLE_TIMEOUT,
    524: Cause.IDLE_TIMEOUT,
}
"""HTTP statuses that name a cause, also as a code: 408 and 504 say that a proxy, or the server itself, waited long enough;
524 is Cloudflare's."""

_TOO_LARGE = 413
"""An HTTP status that names the size of the request, unless the words beside it name another limit."""

_RATE_LIMITED = (
    r"rate.?(limit|quota)|burst.?rate|throttl|too.?many.?requests|resource.?exhausted|insufficient.?quota|quota.?exceeded"
    r"|exceeded.{0,30}quota|tokens per (min|day|hour)|requests per (min|day|hour)|limit.?requests|\bmax (rpm|tpm)\b"
    r"|too many .{0,40}(wait|slow down|try again)|over.?capacity|capacity.{0,20}exceeded|server (is )?busy"
    r"|max\w*.{0,20}(concurren|pending|queue)|too many concurren|concurren\w*.?(limit|exceed)"
    r"|频率|速率|频繁|限流|限速|并发|访问量过大"
)
_CONTEXT_LIMIT = (
    r"context.?(length|window|size|limit)|maximum context|string_above_max_length|too many (input )?tokens"
    r"|(prompt|input|message|conversation)s?( is| are|.was)? (too long|too large|exceeds?)"
    r"|request( is|.was| entity| payload| body)?( size)? (too long|too large|exceed(s|ed)?\b)"
    r"|(payload|content|body)( size)?( is)? (too large|exceeds)|上下文|超长|长度超|超出.{0,10}长度"
    r"|(prompt|input|context)[^.]{0,30}(length|tokens?)[^.]{0,60}(exceed|maximum|must be <|should be|is \d+ but|limit)"
    r"|(exceed|maximum|longer than)[^.]{0,40}(prompt|input|context)[^.]{0,10}(length|tokens?)"
    r"|`inputs`.{0,40}(max_new_tokens|tokens)|max_new_tokens.{0,20}must be|tokens \(prompt"
    r"|exceed_context|max.?prompt.?length|reduce (the|your) (length|prompt)"
)
_CONTENT_FILTER = (
    r"content.?(filter|policy|management)|responsible.?ai|data.?inspection.?failed|moderation|guardrail|safety (system|filter)"
    r"|inappropriate content|blocked by|safety.?check|(usage|community) (guidelines|policies)|new_sensitive"
    r"|sensitive (words?|content|information)|(unsafe|harmful) (or \w+ )?content|high risk|content exists risk"
    r"|敏感|违规|不安全"
)
_NO_STREAMING = (
    r"stream(ing|ed)?\b.{0,40}(not|un).?(support|available|allowed|enabled|permitted)"
    r"|(not|n't|un).?(support|available|allow|enable|permit)\w*.{0,20}\bstream(s|ed|ing)?\b|verified to stream"
)
_IDLE_TIMEOUT = r"time[d-]?.?out(exception|error)?\b|took too long|deadline.?exceeded|gateway.?time"

_BY_WORDS = tuple(
    (cause, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for cause, pattern in (
        (Cause.RATE_LIMITED, _RATE_LIMITED),
        (Cause.CONTEXT_LIMIT, _CONTEXT_LIMIT),
        (Cause.CONTENT_FILTER, _CONTENT_FILTER),
        (Cause.NO_STREAMING_SUPPORT, _NO_STREAMING),
        (Cause.IDLE_TIMEOUT, _IDLE_TIMEOUT),
    )
)
"""In the order in which they are asked: "too many tokens, please wait" is a limit of the rate, not of the context."""

_STATUS = re.compile(r"\b(?:(?:error|status) code|http)[: ]+(\d{3})\b", re.IGNORECASE)
"""A status within a text, as the SDKs' own exceptions have it."""

_CODES = ("code", "status_code", "statusCode", "status", "type", "error_type", "param")
_MESSAGES = (
    "message",
    "msg",
    "detail",
    "error",
    "error_msg",
    "error_message",
    "status_msg",
    "body",
    "metadata",
    "data",
    "errors",
    "response",
)
_TEXTS = ("message", "msg", "detail", "error_msg", "status_msg")
_FINE = frozenset({"200", "ok", "success", "queued", "pending", "in_progress", "processing"})
"""Codes that are none of an error."""
_MOST, _LONGEST = 32, 1000
"""At most so many texts and codes are read, and at most so many characters of each."""
_DEPTH = 4


def cause_named_by(error: object) -> Cause | None:
    """The cause that an error names: a text, an exception, or an object, as JSON or as the SDK's own; None if it names none."""
    said = [*islice(_said(error, _DEPTH), _MOST)]
    for status in said:
        if isinstance(status, int) and status in _STATUSES:
            return _STATUSES[status]
    words = " \n ".join(text for text in said if isinstance(text, str))
    named = next((cause for cause, pattern in _BY_WORDS if pattern.search(words)), None)
    return Cause.CONTEXT_LIMIT if named is None and _TOO_LARGE in said else named


def is_error_object(value: object) -> bool:
    """An object that stands where a chunk should, and is an error: it has one, calls itself one, or has a code and a message."""
    if not is_mapping(value):
        return False
    if any(value.get(name) for name in ("error", "errors")):
        return True
    if any(value.get(name) == "error" for name in ("object", "type", "status")):
        return True
    return (
        not value.get("choices")
        and any(value.get(n) and str(value.get(n)).lower() not in _FINE for n in ("code", "status", "status_code"))
        and any(isinstance(value.get(n), str) and value.get(n) for n in _TEXTS)
    )


def _said(error: object, depth: int) -> Iterator[int | str]:
    """Codes as numbers where they are, and texts, each bounded."""
    if isinstance(error, str):
        text = error[:_LONGEST]
        yield text
        if (status := _STATUS.search(text)) is not None:
            yield int(status[1])
    elif is_list(error) and depth:
        for part in error[:_DEPTH]:
            yield from _said(part, depth - 1)
    elif error is not None and not isinstance(error, int | float | bytes) and depth:
        for name in _CODES:
            yield from _code(_field(error, name))
        for name in _MESSAGES:
            yield from _said(_field(error, name), depth - 1)


def _code(code: object) -> Iterator[int | str]:
    if isinstance(code, int) and not isinstance(code, bool):
        yield int(code)
    elif isinstance(code, str):
        yield int(code) if code.isascii() and code.isdigit() and len(code) == 3 else code[:_LONGEST]


def _field(source: object, name: str) -> object:
    return (source if is_mapping(source) else own_attributes(source)).get(name)
