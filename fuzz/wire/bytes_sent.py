# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How an answer travels: in any framing that HTTP, SSE and NDJSON allow, whole, mutated, compressed, cut anywhere, reset."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from random import Random

from fuzz.wire.answers import SENTINEL, Dialect, Event, answer

_LINE_ENDS = (b"\n", b"\n", b"\n", b"\r\n", b"\r")
_INSERTED = (
    b"\xff",
    b"{",
    b"\n\n",
    b"\0",
    b"data: {}\n\n",
    b"\xef\xbb\xbf",
    b"\r",
    b"event: error\n",
    b"\xe2\x80\xa8",
    b",",
)
_NO_ANSWERS = (
    b"",
    b"<html>502</html>",
    b'{"error": {"message": "%s", "code": "rate_limit_exceeded"}}' % SENTINEL.encode(),
    b'{"choices": []}',
    b"null",
    b"data: null\n\n",
    b"data: [1]\n\ndata: 7\n\n",
    b": only a comment\n\n",
)
_NO_LENGTH = b"zz\r\n"
"""A chunk whose length is no number."""
_STATUSES = (b"200 OK",) * 12 + (b"500 No", b"429 Slow", b"400 Bad", b"204 None", b"302 There", b"200", b"504 Late")
_KINDS = (b"text/plain", b"application/json", b"TEXT/Event-Stream; charset=latin-1", b"", b"\xff")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a server writes on one connection."""

    parts: list[bytes]
    """Written one after the other."""
    then: str
    """What it does after them: `close`, `reset`, or `hang`, until the case is over."""

    def with_lengths(self) -> Sent:
        """The same, where no chunk lacks its length."""
        written = b"".join(self.parts)
        return Sent([written.removesuffix(_NO_LENGTH)], self.then) if written.endswith(_NO_LENGTH) else self


def sent(random: Random, dialect: Dialect, *, hangs: bool) -> Sent:
    """One answer; one that `hangs` begins like any other, and never ends."""
    content, kind = _body(random, dialect), _kind(dialect)
    if random.random() < 0.05:
        kind = random.choice(_KINDS)
    version = b"HTTP/1.%d " % (random.random() < 0.9)
    head = version + random.choice(_STATUSES) + b"\r\ncontent-type: " + kind + b"\r\n"
    head += random.choice((b"", b"", b"x-request-id: q-1\r\n", b"retry-after: 1\r\n", b"x-request-id: \xff\x01\r\n"))
    if random.random() < 0.12:
        content, head = _compressed(random, content, head)
    if random.random() < 0.08:
        early = random.choice((b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"))
        head = early * random.choice((1, 1, 3)) + head
    parts = _framed(random, content, head, version)
    if hangs or random.random() < 0.06:
        # The connection stands still, or goes, somewhere before the end: in the head, at a chunk's begin, anywhere.
        written = b"".join(parts)
        least = 0 if random.random() < 0.15 else min(len(head) + 2, len(written))
        parts = _cut(random, written[: random.randrange(least, len(written) + 1)])
    if hangs:
        return Sent(parts, "hang")
    return Sent(parts, "reset" if random.random() < 0.07 else "close")


def _kind(dialect: Dialect) -> bytes:
    return {"ollama": b"application/x-ndjson", "completion": b"application/json"}.get(dialect, b"text/event-stream")


def _body(random: Random, dialect: Dialect) -> bytes:
    end = random.choice(_LINE_ENDS) if dialect not in ("ollama", "completion") else b"\n"
    written = b"".join(_event(random, event, end, dialect) for event in answer(random, dialect))
    place = random.randrange(len(written) + 1)
    match random.randrange(14):
        case 0 | 1:
            return written[:place]
        case 2:
            return written[:place] + random.choice(_INSERTED) + written[place:]
        case 3:
            return written[:place] + written[place + random.choice((1, 2, 30)) :]
        case 4 if place:
            return written[: place - 1] + bytes([written[place - 1] ^ (1 << random.randrange(8))]) + written[place:]
        case 5:
            return random.choice(_NO_ANSWERS)
        case _:
            return written


def _event(random: Random, event: Event, end: bytes, dialect: Dialect) -> bytes:
    name, said = event
    data = said if isinstance(said, str) else json.dumps(said, indent=random.choice((None,) * 9 + (1,)))
    if dialect in ("ollama", "completion"):
        return data.replace("\n", "").encode() + end
    lines = [f"data:{random.choice(('', ' '))}{line}".encode() for line in data.split("\n")]
    if name:
        lines.insert(random.choice((0, 0, 0, len(lines))), f"event:{random.choice((' ', ''))}{name}".encode())
    if random.random() < 0.06:
        lines.insert(0, random.choice((b": a comment", b"id: 1", b"retry: 5", b"id", b"unknown: field", b"data")))
    return end.join(lines) + end + end


def _compressed(random: Random, content: bytes, head: bytes) -> tuple[bytes, bytes]:
    name, packed = random.choice(((b"gzip", gzip.compress(content, mtime=0)), (b"deflate", zlib.compress(content))))
    place = random.choice((len(packed), len(packed), random.randrange(len(packed)), len(packed) - 4))
    name = random.choice((name, name, name, b"br", b"gzip, gzip", b"unknown"))
    return packed[:place], head + b"content-encoding: " + name + b"\r\n"


def _framed(random: Random, content: bytes, head: bytes, version: bytes) -> list[bytes]:
    match random.randrange(5):
        case 0:
            return [head + b"connection: close\r\n\r\n", *_cut(random, content)]
        case 1:
            length = max(0, len(content) + random.choice((0, 0, 0, 0, 7, -3)))
            return [head + b"content-length: %d\r\n\r\n" % length, *_cut(random, content)]
        case _:
            head = head.replace(version, b"HTTP/1.1 ") + b"transfer-encoding: chunked\r\n\r\n"
            extension = random.choice((b"", b"", b"", b";a=b"))
            parts = [b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in _cut(random, content)]
            ends = (b"0\r\n\r\n",) * 6 + (b"", b"0\r\nx-trailer: 1\r\n\r\n", b"0\r\n", _NO_LENGTH)
            return [head, *parts, random.choice(ends)]


def _cut(random: Random, content: bytes) -> list[bytes]:
    places = sorted(random.randrange(len(content) + 1) for _ in range(random.choice((0, 0, 1, 2, 3, 8))))
    return [part for begin, end in zip([0, *places], [*places, None], strict=True) if (part := content[begin:end])]
