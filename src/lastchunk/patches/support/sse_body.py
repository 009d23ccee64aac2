# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the body of a response beside the SDK: errors that the SDK ignores, and data that it cannot decode.

The end marker, an error in any of the places where servers put one, a page of a gateway, a body that is no stream. Lines are
read as the SSE standard says: https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from lastchunk.own_errors import report
from lastchunk.semconv import Cause
from lastchunk.streams import clock
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.provider_errors import cause_named_by, is_error_object
from lastchunk.streams.wire import Wire

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_NO_STREAM = (b"{", b"[", b"<")
"""How JSON and HTML begin, and no event does. Some servers send either as `text/event-stream`."""
_EVENT_END = b"}\n\n"
_KEPT = 16_384
"""Bytes that are kept of a line that has not ended, and of a body that is no stream."""
_STATUS_OF_PAGE = re.compile(r"<(?:title|h1|h2)[^>]*>[^<]*?\b([45]\d\d)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Framing:
    """The form of nearly every event with a piece of text. A whole event in this form is not searched."""

    begin: bytes
    lines: int
    """Line ends of one event."""


CHAT = Framing(b"data: {", 2)
RESPONSES = Framing(b"event: response.output_text.delta\ndata: {", 3)
MESSAGES = Framing(b"event: content_block_delta\ndata: {", 3)


class SseBody:
    """Looks at what is read. Most servers send each event by itself, so its first condition is paid per chunk.

    What one read gave may be handed on much later, so it counts when the SDK asks for the next one, or is through. Between the
    network and the SDK, whatever is raised ends the application's stream: so nothing is.
    """

    __slots__ = (
        "_begin",
        "_between",
        "_data",
        "_event",
        "_line",
        "_lines",
        "_numbered",
        "_page",
        "_skips_errors",
        "_wire",
        "plain",
    )

    def __init__(self, wire: Wire, framing: Framing, *, skips_errors: bool = False) -> None:
        """With `skips_errors`, the SDK passes on nothing of an event that has no choices."""
        self._wire = wire
        self._begin, self._between, self._lines = framing.begin, b"\n\n" + framing.begin, framing.lines
        self._skips_errors = skips_errors
        self._numbered = False
        """An event had an `id`, which a decoder remembers for those after it."""
        self.plain = False
        """What comes next is the begin of an event, and a decoder that has been given all so far remembers nothing of it."""
        self._line: bytes | None = None
        """The begin of a line that has not ended; None before anything came."""
        self._event = b""
        """The name of the event that is being read …"""
        self._data = b""
        """… and its last line of data."""
        self._page: bytearray | None = None
        """The begin of what is no stream."""

    async def look_async(self, source: AsyncIterator[bytes], *, until_plain: bool = False) -> AsyncIterator[bytes]:
        """Yield what `source` yields, and look at it; with `until_plain`, stop where `lines` can take over."""
        with no_frame_of_ours:
            async for data in source:
                if self.lines(data) is not None:
                    yield data
                    continue
                self.look(data)
                yield data
                self.asked()
                if self.plain and until_plain:
                    return
        self.end()

    def look_sync(self, source: Iterator[bytes]) -> Iterator[bytes]:
        """Yield what `source` yields, and look at it."""
        with no_frame_of_ours:
            for data in source:
                if self.lines(data) is not None:
                    yield data
                    continue
                self.look(data)
                yield data
                self.asked()
        self.end()

    def lines(self, data: object) -> list[str] | None:
        """Return the lines of `data` if it consists of whole events that the SDK passes on, else None."""
        if not (self.plain and type(data) is bytes and data.startswith(self._begin) and data.endswith(_EVENT_END)):
            return None
        if b"\r" in data:
            return None
        try:
            lines = data[:-1].decode().split("\n")
        except UnicodeDecodeError:
            return None
        if len(lines) != self._lines:
            events = 1 + data.count(self._between)
            if len(lines) != self._lines * events:
                return None
            self._wire.read_together(events)
        return lines

    def asked(self) -> None:
        """The SDK asks for more: everything that it was given has been passed on."""
        try:
            self._wire.caught_up()
        except Exception as exc:
            report("reading data from the network", exc)

    def look(self, data: bytes) -> None:
        """Look at what was read."""
        self.plain = False
        try:
            self._wire.heard_at = clock.monotonic()
            self._wire.read_together(data.count(self._begin))
            self._read(data)
        except Exception as exc:
            report("reading data from the network", exc)

    def end(self) -> None:
        """The body is at its end."""
        try:
            if self._page is None and self._line:
                self._read(b"\n")
            if self._page is not None:
                self._read_page(bytes(self._page))
            self.asked()
        except Exception as exc:
            report("reading the end of a response from the network", exc)
        self.plain = False

    def _read(self, data: bytes) -> None:
        if self._line is None:
            self._line = b""
            data = data.removeprefix(_BOM)
            if data.lstrip().startswith(_NO_STREAM):
                self._wire.streamed = False
                self._page = bytearray()
        if self._page is not None:
            self._page += data[: _KEPT - len(self._page)]
            return
        *lines, rest = _LINE_END.split(self._line + data)
        for line in lines:
            self._read_line(line)
        if self._page is None:
            self._line = rest[:_KEPT]
            if rest.startswith(b"data:") and rest[5:].strip() == b"[DONE]":
                self._wire.end_marker_read = True
            whole = not rest and not self._event and data.endswith(b"\n\n")
            self.plain = whole and not self._skips_errors and not self._numbered

    def _read_line(self, line: bytes) -> None:
        if self._page is not None:
            self._page += line[: _KEPT - len(self._page)]
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            self._event = self._data = b""
        elif name == b"event":
            self._event = value
            if value == b"error" and self._data:  # the fields of an event may come in any order
                self._wire.read_error(_cause(self._data))
        elif name == b"id":
            self._numbered = True
        elif name == b"data":
            self._data = value[:_KEPT]
            self._read_data(value)
        elif name == b"error":
            self._wire.read_error(_cause(value))
        elif line.lstrip().startswith(b"<"):
            self._page = bytearray(line[:_KEPT])
        elif line.startswith(b"{") and is_error_object(_parsed(line)):
            self._wire.read_error(_cause(line))

    def _read_data(self, value: bytes) -> None:
        if value.startswith(b"[DONE]"):
            self._wire.end_marker_read = True
        elif self._event == b"error" or (
            self._skips_errors and b'"choices"' not in value and is_error_object(_parsed(value))
        ):
            self._wire.read_error(_cause(value))

    def _read_page(self, page: bytes) -> None:
        text = page.decode("utf-8", "replace").strip()
        if text.startswith("<"):
            status = _STATUS_OF_PAGE.search(text)
            if status is not None:
                self._wire.read_error(cause_named_by({"code": status[1]}))
            elif self._wire.streamed:
                self._wire.read_error(None)
            return
        found = _parsed(page)
        first = found[0] if isinstance(found, list) and found else found
        if is_error_object(first):
            self._wire.read_error(cause_named_by(first))


def _parsed(value: bytes) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _cause(value: bytes) -> Cause | None:
    """Return the cause of an error, given as JSON or in words."""
    parsed = _parsed(value)
    return cause_named_by(value.decode("utf-8", "replace") if parsed is None else parsed)
