# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A span exporter that prints one readable line per ended stream: `OTEL_TRACES_EXPORTER=lastchunk_console`.

    14:21:20 !   chat guide                    gpt-4o-mini   8 chunks  0.21s gap  0.02s truncated: unknown -> The answer …
    14:21:20 ! invoke_agent guide                            8 chunks  0.21s gap  0.03s truncated: unknown

A line stands at the margin if the application itself iterates the stream, and is indented if another stream does;
inner streams end first, so they stand above. `!` marks what needs a look. What to do is said once for each ending,
by the stream where it arose: on the same line, or on a terminal below it.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from lastchunk import semconv
from lastchunk.remedies import remedy_for
from lastchunk.semconv import Cause, Operation, Reason

_MARGIN = " " * len("14:02:11 ! ")
_WHAT, _MODEL = 31, 11
"""Widths of the columns that hold names: a longer name pushes the rest, for it must stay whole to be searched for."""

_NARROW = 60
"""A terminal with fewer columns has no room for the margin."""
_COLOUR = re.compile("\x1b\\[[0-9]*m")

_BOLD, _DIM, _RED, _GREEN, _YELLOW = "1", "2", "31", "32", "33"


class ConsoleStreamExporter(SpanExporter):
    """Writes one line per ended stream to `out`, and ignores every other span.

    Without `out` it writes where `print` writes at that moment: to standard output, a notebook's cell, or wherever that was
    redirected to. Colour only on a terminal; `NO_COLOR` and `FORCE_COLOR` are honoured. It never raises: an `out` that fails
    is not written to again.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out
        self._closed = False
        self._terminal = self._colour = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the lines of the streams among these spans."""
        streams = [span for span in spans if semconv.TERMINATION_REASON in (span.attributes or {})]
        if self._closed:
            return SpanExportResult.FAILURE
        try:
            out = self._out if self._out is not None else getattr(sys, "stdout", None)
            if streams and out is not None:  # a process may have no output
                self._terminal = _is_terminal(out)
                self._colour = _wants_colour(self._terminal)
                _write(out, "".join(map(self._line, streams)))
        except Exception:
            self._closed = self._out is not None
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Write nothing more. `out` stays open, for it is not ours."""
        self._closed = True

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is ever held back."""
        return True

    def _line(self, span: ReadableSpan) -> str:
        attributes = span.attributes or {}
        outermost = attributes.get(semconv.OUTERMOST) is True
        inherited = attributes.get(semconv.TERMINATION_INHERITED) is True
        reason, cause = _text(attributes, semconv.TERMINATION_REASON), _text(attributes, semconv.TERMINATION_CAUSE)
        remedy = remedy_for(reason, cause or None, _text(attributes, semconv.TERMINATION_DETAIL))
        ended = time.strftime("%H:%M:%S", time.localtime((span.end_time or 0) / 1e9))
        what = f"{'' if outermost else '  '}{_text(attributes, semconv.OPERATION_NAME)} {_name(attributes)}"
        chunks = _text(attributes, semconv.CHUNKS) or "0"
        ending = self._paint(_colour_of(attributes), reason) + (f": {cause}" if cause else "")
        recovered = _text(attributes, semconv.INNER_CUTOFFS)
        if recovered not in ("", "0"):
            ending += f" (after {recovered} inner cutoff{'' if recovered == '1' else 's'})"
        line = self._fitted(
            f"{self._paint(_DIM, ended)} {self._paint(_RED, '!') if remedy and _needs_a_look(attributes) else ' '}",
            self._paint(_BOLD if outermost else _DIM, f"{what:{_WHAT}}"),
            f"{_text(attributes, semconv.REQUEST_MODEL):{_MODEL}}",
            f"{chunks:>3} {'chunk ' if chunks == '1' else 'chunks'}",
            f"{_seconds(((span.end_time or 0) - (span.start_time or 0)) / 1e9):>6}",
            f"gap {_seconds(attributes.get(semconv.MAX_GAP)):>6}",
            ending,
        )
        if remedy is None or inherited:
            return f"{line}\n"
        more = f"lastchunk explain {remedy.anchor.partition('-')[2]}"
        trace = f"trace {span.context.trace_id:032x}" if span.context else ""
        if not self._terminal:
            return f"{line} -> {remedy.sentence} {more} {trace}\n"
        margin = _MARGIN if _columns() >= _NARROW else ""
        below = self._filled(f"-> {remedy.sentence}", margin, f"{margin}   ")
        where = f"{margin}   {more} {trace}"
        if len(where) > _columns():  # a trace is found by its whole number, which is never broken
            where = f"{margin}   {more}\n{margin}  {trace}"
        return f"{line}\n{below}\n{self._paint(_DIM, where)}\n"

    def _fitted(self, begin: str, what: str, *details: str) -> str:
        """One line; on a narrower terminal, the details are below it."""
        line = " ".join((begin, what, *details))
        if not self._terminal or _visible(line) <= _columns():
            return line
        words = " ".join(" ".join(detail.split()) for detail in details)
        return f"{begin} {_trimmed(what)}\n{self._filled(words, '    ')}"

    def _filled(self, text: str, indent: str, then: str | None = None) -> str:
        return textwrap.fill(
            text,
            _columns(),
            initial_indent=indent,
            subsequent_indent=indent if then is None else then,
            break_on_hyphens=False,
            break_long_words=False,
        )

    def _paint(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _trimmed(cell: str) -> str:
    """Without the blanks that fill a column, also where a colour ends behind them."""
    return re.sub(r" +(?=(?:\x1b\[0m)?$)", "", cell)


def _visible(line: str) -> int:
    return len(_COLOUR.sub("", line))


def _write(out: TextIO, text: str) -> None:
    text = _encodable(out, text)
    if not _is_a_file(out):
        # A notebook's cell, too: what it has as `fileno` is the terminal of its server.
        out.write(text)
        if hasattr(out, "flush"):  # `print` needs none
            out.flush()
        return
    out.flush()
    # Past the buffer of `out`: what a closed pipe leaves in there would fail again at exit, and change the application's exit
    # code.
    data, descriptor = text.encode(out.encoding), out.fileno()
    while data:
        data = data[os.write(descriptor, data) :]


def _encodable(out: TextIO, text: str) -> str:
    """`text` with a question mark for each character that `out` cannot write; what replaces a file may name no encoding."""
    try:
        encoding = getattr(out, "encoding", None)
        encoding = encoding if isinstance(encoding, str) else "utf-8"
        return text.encode(encoding, "replace").decode(encoding)
    except Exception:
        return text


def _is_a_file(out: TextIO) -> bool:
    """True for a file, a pipe or a terminal as Python opens them, not for an object that replaces one."""
    return type(out) is io.TextIOWrapper and type(getattr(out.buffer, "raw", None)) is io.FileIO


def _is_terminal(out: TextIO) -> bool:
    try:
        return bool(out.isatty())
    except Exception:
        return False


def _wants_colour(terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


def _text(attributes: Mapping[str, object], key: str) -> str:
    """An attribute as text that stays on its line: an agent's name may hold anything."""
    value = str(attributes.get(key, ""))
    return value if value.isprintable() else "".join(c if c.isprintable() else "?" for c in value)


def _name(attributes: Mapping[str, object]) -> str:
    if attributes.get(semconv.OPERATION_NAME) == Operation.INVOKE_WORKFLOW:
        return _text(attributes, semconv.WORKFLOW_NAME)
    return _text(attributes, semconv.AGENT_NAME) or _text(attributes, semconv.PROVIDER_NAME)


def _seconds(value: object) -> str:
    return f"{value:.2f}s" if isinstance(value, float | int) else "-"


def _needs_a_look(attributes: Mapping[str, object]) -> bool:
    """Everything but a healthy stream and a cancel that somebody meant."""
    return attributes.get(semconv.TERMINATION_CAUSE) != Cause.CANCELLED_BY_APPLICATION


def _colour_of(attributes: Mapping[str, object]) -> str:
    if attributes.get(semconv.CUTOFF) is True or attributes.get(semconv.TERMINATION_REASON) == Reason.REJECTED:
        return _RED
    return _YELLOW if semconv.TERMINATION_CAUSE in attributes else _GREEN
