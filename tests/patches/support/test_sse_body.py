# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The body of a response, byte by byte: what the SDKs swallow, however the network cuts it."""

from __future__ import annotations

import json

import pytest

from lastchunk.patches.support.sse_body import CHAT, SseBody
from lastchunk.semconv import Cause, LastEvent
from lastchunk.streams.wire import Wire

TEXT = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n'
DONE = b"data: [DONE]\n\n"
BOM = b"\xef\xbb\xbf"
PAGE = b"<html><head><title>504 Gateway Time-out</title></head><body><h1>504 Gateway Time-out</h1></body></html>"


def _read(*reads: bytes, skips_errors: bool = False) -> Wire:
    """Return what is known after these reads of a body, and each read as it was passed on."""
    wire = Wire()
    wire.obtained("text/event-stream")
    body = SseBody(wire, CHAT, skips_errors=skips_errors)
    assert tuple(body.look_sync(iter(reads))) == reads
    return wire


def _cuts(whole: bytes) -> list[tuple[bytes, ...]]:
    """The same bytes in one read, byte by byte, and cut at each place."""
    return [
        (whole,),
        tuple(whole[at : at + 1] for at in range(len(whole))),
        *((whole[:at], whole[at:]) for at in range(1, len(whole))),
    ]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("done", [b"data: [DONE]", b"data:[DONE]"])
def test_the_end_marker_in_any_framing_and_cut_anywhere(line_end: bytes, done: bytes) -> None:
    """The space is optional, a line ends in three ways, and the network cuts where it likes."""
    whole = (b": hi\nid: 1\n" + TEXT + done + b"\n\n").replace(b"\n", line_end)
    for reads in _cuts(whole):
        assert _read(*reads).end_marker


def test_the_end_marker_without_a_line_end() -> None:
    """Nothing comes after it, so it needs none."""
    assert _read(TEXT, b"data: [DONE]").end_marker


@pytest.mark.parametrize("data", [b'data: {"content": "data: [DONE]"}\n\n', b"[DONE]\n\n", b": data: [DONE]\n\n"])
def test_what_is_no_end_marker(data: bytes) -> None:
    """A text that quotes it, an unknown field, a comment."""
    assert not _read(TEXT, data).end_marker


@pytest.mark.parametrize(
    ("reads", "most"),
    [
        ((TEXT, TEXT, TEXT + DONE), 1),
        ((TEXT * 5 + DONE,), 5),
        ((TEXT, TEXT * 4, TEXT, DONE), 4),
        ((TEXT[:9], TEXT[9:] + TEXT * 2), 2),
    ],
)
def test_how_much_came_at_once(reads: tuple[bytes, ...], most: int) -> None:
    """The record keeps the largest number of events that began in one read."""
    assert _read(*reads).together == most


def test_what_was_read_counts_when_it_has_been_handed_on() -> None:
    """One read may hold many events; the SDK asks for more when it has given them all."""
    wire = Wire()
    reads = SseBody(wire, CHAT).look_sync(iter([TEXT + DONE]))
    next(reads)
    assert not wire.end_marker
    next(reads, None)
    assert wire.end_marker
    assert wire.last_event is LastEvent.END_MARKER


def test_an_error_that_the_sdk_tripped_over_counts() -> None:
    """An end marker behind it does not, for the SDK never came to it."""
    wire = Wire()
    next(SseBody(wire, CHAT).look_sync(iter([b"event: error\ndata: upstream connect error\n\n"])))
    wire.over(exhausted=False, failed=True)
    assert wire.provider_error
    wire = Wire()
    next(SseBody(wire, CHAT).look_sync(iter([b"data: {broken\n\n" + DONE])))
    wire.over(exhausted=False, failed=True)
    assert not wire.end_marker


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (b'error: {"code":400,"message":"the request exceeds the available context size"}\n\n', Cause.CONTEXT_LIMIT),
        (b"error: rate limit exceeded\n\n", Cause.RATE_LIMITED),
        (b"event: error\ndata: upstream connect error or disconnect/reset before headers\n\n", None),
        (b'event: error\ndata: {"code": 429}\n\n', Cause.RATE_LIMITED),
        (b'{"error": {"code": "408", "message": "gone"}}\n', Cause.IDLE_TIMEOUT),
        (PAGE, Cause.IDLE_TIMEOUT),
        (b"<!DOCTYPE html>\n<html>oops</html>", None),
    ],
)
def test_errors_between_the_events_cut_anywhere(error: bytes, cause: Cause | None) -> None:
    """Wherever one stands, it is the provider's, with the cause that it names."""
    for reads in _cuts(error):
        wire = _read(TEXT, *reads)
        assert wire.provider_error
        assert wire.error_cause is cause


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'data: {"error": {"code": 1}}\n\n', True),
        (b'data: {"id": 1}\n\ndata:{"error":"gone"}\n\n', True),
        (b'data: { "object": "error", "message": "gone"}\n\n', True),
        (b'data: {"code": 50505, "message": "Model service overloaded."}\n\n', True),
        (b'data: {"choices": [], "content": "\\ndata: {\\"error\\": 1}"}\n\n', False),
        (b'data: {"object": "chat.completion.chunk", "error": null}\n\n', False),
    ],
)
def test_errors_that_an_sdk_skips(data: bytes, error: bool) -> None:
    """They count only if the SDK skips them. Other SDKs pass them on, or raise."""
    assert _read(TEXT, data, skips_errors=True).provider_error is error
    assert not _read(TEXT, data).provider_error


ANSWER = json.dumps({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}).encode()
RATE = json.dumps({"error": {"message": "Rate limit exceeded", "code": 429}}).encode()


@pytest.mark.parametrize("bom", [b"", BOM, b"\n "])
@pytest.mark.parametrize(
    ("page", "error", "cause"),
    [
        (ANSWER, False, None),
        (RATE, True, Cause.RATE_LIMITED),
        (b"[" + RATE + b"]", True, Cause.RATE_LIMITED),
        (b"{broken", False, None),
        (PAGE, True, Cause.IDLE_TIMEOUT),
        (b"<html><title>Welcome</title></html>", False, None),
    ],
)
def test_a_body_that_is_no_stream(bom: bytes, page: bytes, error: bool, cause: Cause | None) -> None:
    """It is recognised whatever its content type says: an answer, an error, a page with or without a status."""
    for reads in ((bom + page,), (bom + page[:4], page[4:])):
        wire = _read(*reads)
        assert not wire.streamed
        assert wire.provider_error is error
        assert wire.error_cause is cause


@pytest.mark.parametrize(
    "event",
    [
        b'event: error\ndata: {"message": "x", "code": 429}\n\n',
        b'data: {"message": "x", "code": 429}\nevent: error\n\n',
        b'id: 1\ndata:{"message": "x", "code": 429}\nevent:error\nretry: 3\n\n',
    ],
)
def test_the_fields_of_an_event_come_in_any_order(event: bytes) -> None:
    """An event called `error` is one, whether its name comes before its data or after it; the next event has no name."""
    for reads in ((event,), [event[at : at + 1] for at in range(len(event))]):
        wire = _read(TEXT, *reads)
        assert (wire.provider_error, wire.error_cause) == (True, Cause.RATE_LIMITED)
    assert not _read(TEXT, b"event: message\n\n", TEXT, b"event: error\n\n").provider_error


def test_bytes_that_are_no_chunk_end_a_silence() -> None:
    """A keep-alive comment does; a chunk does so when it is handed on."""
    wire = _read(TEXT)
    before = wire.heard_at
    body = SseBody(wire, CHAT)
    body.look(TEXT)
    body.look(b": keep-alive\n\n")
    assert wire.heard_at > before


def test_whole_events_need_no_look() -> None:
    """Reads that consist of whole events are not searched. Any other byte is."""
    body = SseBody(Wire(), CHAT)
    assert body.lines(TEXT) is None
    body.look(TEXT)
    lines = [TEXT[:-2].decode(), ""]
    assert body.lines(TEXT) == lines
    assert body.lines(TEXT * 3) == lines * 3
    for other in (
        DONE,
        TEXT + DONE,
        TEXT + b": hi\n\n" + TEXT,
        TEXT + b"error: x\n" + TEXT,
        TEXT.replace(b"hi", b"\xff"),
        TEXT.replace(b"}\n\n", b"}\rid: 1}\n\n"),
        TEXT[:-1],
        bytearray(TEXT),
    ):
        assert body.lines(other) is None
    body.look(TEXT[:9])
    assert body.lines(TEXT) is None
    body.look(TEXT[9:])
    assert body.lines(TEXT) == lines
    body.look(b"id: 1\n" + TEXT)
    assert body.lines(TEXT) is None


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"data: " + b"[" * 5000 + b"\n\n", b"event: error\ndata: \xff\n\n"])
def test_nothing_is_raised(data: bytes) -> None:
    """No input raises. A fixture fails the test if Lastchunk reports an error of its own."""
    assert _read(TEXT, data, skips_errors=True).headers


def test_memory_is_bounded() -> None:
    """A line that never ends, and a body that is no stream."""
    for begin in (b"data: ", b"{"):
        body = SseBody(Wire(), CHAT)
        for _ in range(100):
            body.look(begin + b"x" * 10_000)
        assert len(body._line or b"") <= 16_384
        assert len(body._page or b"") <= 16_384
