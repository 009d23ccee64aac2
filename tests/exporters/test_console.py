# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The console exporter: what an engineer reads, and that it never gets in the application's way."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import time
from importlib.metadata import entry_points
from typing import TextIO

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext, TraceFlags

from lastchunk import semconv
from lastchunk.exporters.console import ConsoleStreamExporter
from lastchunk.semconv import Cause, Reason

NOON = 1_700_000_000_000_000_000
CONTEXT = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))
TRACE = f"trace {0xABC:032x}"


class Terminal(io.StringIO):
    """A stream that reports to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def stream(**attributes: object) -> ReadableSpan:
    """A span of half a second: a healthy agent run, unless the attributes (with `_` for `.`) say otherwise."""
    given = {
        semconv.OPERATION_NAME: "invoke_agent",
        semconv.AGENT_NAME: "guide",
        semconv.REQUEST_MODEL: "gpt-4o-mini",
        semconv.OUTERMOST: True,
        semconv.CHUNKS: 18,
        semconv.MAX_GAP: 0.1234,
        semconv.CUTOFF: False,
        semconv.TERMINATION_REASON: "completed",
    }
    given |= {getattr(semconv, name.upper()): value for name, value in attributes.items()}
    present = {key: value for key, value in given.items() if value is not None}
    return ReadableSpan("x", context=CONTEXT, attributes=present, start_time=NOON, end_time=NOON + 500_000_000)


def written(*spans: ReadableSpan, to: io.StringIO | None = None) -> str:
    out = to if to is not None else io.StringIO()
    assert ConsoleStreamExporter(out).export(spans) is SpanExportResult.SUCCESS
    return out.getvalue()


def test_a_run_that_was_cut_below():
    cut = {"cutoff": True, "termination_reason": "truncated", "termination_cause": "unknown"}

    assert written(
        stream(**cut, operation_name="chat", outermost=False),
        stream(**cut, termination_inherited=True),
        stream(operation_name="invoke_workflow", agent_name=None, workflow_name="newsroom", request_model=None),
    ) == (
        "22:13:20 !   chat guide                    gpt-4o-mini  18 chunks  0.50s gap  0.12s truncated: unknown"
        " -> The answer stops in the middle without an error: do not use it, run again, and look for a"
        f" gateway that ends streams early. lastchunk explain truncated {TRACE}\n"
        "22:13:20 ! invoke_agent guide              gpt-4o-mini  18 chunks  0.50s gap  0.12s truncated: unknown\n"
        "22:13:20   invoke_workflow newsroom                     18 chunks  0.50s gap  0.12s completed\n"
    )


def test_on_a_terminal_the_remedy_stands_below_and_fits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    span = stream(cutoff=True, termination_reason="timeout", termination_cause="idle_timeout", chunks=5)

    text = written(span, to=Terminal())

    assert text == (
        "22:13:20 ! invoke_agent guide              gpt-4o-mini   5 chunks  0.50s gap  0.12s timeout: idle_timeout\n"
        "           -> Something gave up on a silent stream: compare the silence with every timeout on the way to the"
        " model\n"
        "              (often a proxy's 60 s), and raise the one that matches.\n"
        f"              lastchunk explain idle_timeout {TRACE}\n"
    )
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("attributes", "colour"),
    [
        ({}, "\x1b[32mcompleted"),
        ({"cutoff": True, "termination_reason": "length", "termination_cause": "context_limit"}, "\x1b[31mlength"),
        ({"termination_reason": "rejected", "termination_cause": "rate_limited"}, "\x1b[31mrejected"),
        ({"termination_cause": "no_streaming_support"}, "\x1b[33mcompleted"),
        (
            {"termination_reason": "cancelled", "termination_cause": "cancelled_by_application"},
            "\x1b[33mcancelled",
        ),
    ],
)
def test_colour_tells_how_bad_it_is(attributes: dict[str, object], colour: str):
    assert colour in written(stream(**attributes), to=Terminal())


def test_outermost_streams_stand_out():
    assert "\x1b[1minvoke_agent guide" in written(stream(), to=Terminal())
    assert "\x1b[2m  invoke_agent guide" in written(stream(outermost=False), to=Terminal())


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_only_where_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], terminal: bool, coloured: bool
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert ("\x1b[" in written(stream(), to=Terminal() if terminal else io.StringIO())) is coloured


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("cause", [None, *Cause])
def test_every_ending_is_one_line_with_its_remedy_if_it_has_one(reason: Reason, cause: Cause | None):
    text = written(stream(termination_reason=str(reason), termination_cause=cause and str(cause)))

    healthy = reason is Reason.COMPLETED and cause in (None, Cause.UNKNOWN)
    assert text.count("\n") == 1
    assert ("lastchunk explain " in text) is not healthy
    assert (" ! " in text) is (not healthy and cause is not Cause.CANCELLED_BY_APPLICATION)


def test_a_recovered_cutoff_is_told():
    assert written(stream(inner_cutoffs=1)).endswith("completed (after 1 inner cutoff)\n")
    assert written(stream(inner_cutoffs=2)).endswith("completed (after 2 inner cutoffs)\n")
    assert written(stream(inner_cutoffs=0)).endswith("completed\n")


def test_spans_that_are_no_streams_are_ignored():
    assert written(stream(termination_reason=None), ReadableSpan("GET /", context=CONTEXT)) == ""


def test_what_is_missing_leaves_its_column_empty():
    bare = ReadableSpan("x", attributes={semconv.TERMINATION_REASON: "abandoned"})

    assert "0 chunks  0.00s gap      - abandoned -> " in written(bare)


def test_a_name_cannot_break_the_line_nor_the_terminal():
    text = written(stream(agent_name="a\nb\x1b[2Jc\u2028d"))

    assert "a?b?[2Jc?d" in text
    assert len(text.splitlines()) == 1


def test_a_long_name_stays_whole():
    name = "an_agent_whose_name_is_longer_than_its_column"

    assert f" invoke_agent {name} gpt-4o-mini " in written(stream(agent_name=name))


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file"), OSError(28)])
def test_a_place_that_fails_is_never_written_to_again(error: Exception):
    class Broken(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            Broken.writes += 1
            raise error

    exporter = ConsoleStreamExporter(Broken())

    assert exporter.export([stream()]) is SpanExportResult.FAILURE
    assert exporter.export([stream()]) is SpanExportResult.FAILURE
    assert Broken.writes == 1


def test_after_shutdown_it_is_silent():
    out = io.StringIO()
    exporter = ConsoleStreamExporter(out)
    exporter.shutdown()
    exporter.export([stream()])

    assert out.getvalue() == ""
    assert not out.closed
    assert exporter.force_flush()


def test_opentelemetry_finds_it_by_name():
    (found,) = entry_points(group="opentelemetry_traces_exporter", name="lastchunk_console")

    assert found.load() is ConsoleStreamExporter


PROGRAM = """
import os, sys, time
sys.path.insert(0, {tests!r})
from test_console import ConsoleStreamExporter, stream
time.sleep(0.3)
exporter = ConsoleStreamExporter()
for _ in range(3):
    exporter.export([stream()])
"""


@pytest.fixture
def program() -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(tests=os.path.dirname(__file__))]


def test_a_reader_that_leaves_does_not_change_the_exit_code(program: list[str]):
    reader, writer = os.pipe()
    process = subprocess.Popen(program, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    os.close(reader)

    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 0


def test_standard_output_is_the_default_and_each_line_is_there_at_once(program: list[str]):
    process = subprocess.run(program, capture_output=True, text=True, timeout=30, env={**os.environ, "TZ": "UTC"})

    assert process.stdout.count("22:13:20   invoke_agent guide") == 3


class Cell(io.TextIOBase):
    """Like a notebook's stdout: text appears in the cell, but `fileno` is the terminal of the notebook's server."""

    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, descriptor: int) -> None:
        self.shown = ""
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        self.shown += text
        return len(text)


def test_in_a_notebook_the_line_stands_in_the_cell(tmp_path, monkeypatch):
    with open(tmp_path / "terminal", "w+") as terminal:
        cell = Cell(terminal.fileno())
        monkeypatch.setattr(sys, "stdout", cell)
        assert ConsoleStreamExporter().export([stream()]) is SpanExportResult.SUCCESS

        assert "invoke_agent guide" in cell.shown
        assert terminal.read() == ""


def _follows_print(exporter: ConsoleStreamExporter, place: TextIO) -> None:
    with contextlib.redirect_stdout(place):
        print("before")  # noqa: T201  # what the exporter is to follow
        assert exporter.export([stream()]) is SpanExportResult.SUCCESS
        print("after")  # noqa: T201
    place.seek(0)
    lines = place.read().splitlines()
    assert (lines[0], len(lines), lines[2]) == ("before", 3, "after")
    assert "invoke_agent guide" in lines[1]


def test_it_follows_print(tmp_path):
    exporter = ConsoleStreamExporter()
    _follows_print(exporter, io.StringIO())
    with open(tmp_path / "log", "w+", encoding="utf-8") as log:
        _follows_print(exporter, log)
    _follows_print(exporter, io.StringIO())


def test_a_redirection_that_is_over_silences_nothing(capsys):
    exporter = ConsoleStreamExporter()
    closed = io.StringIO()
    closed.close()
    with contextlib.redirect_stdout(closed):
        assert exporter.export([stream()]) is SpanExportResult.FAILURE
    assert exporter.export([stream()]) is SpanExportResult.SUCCESS

    assert "invoke_agent guide" in capsys.readouterr().out


def test_a_process_without_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)

    assert ConsoleStreamExporter().export([stream()]) is SpanExportResult.SUCCESS


class Place:
    """What an application puts in the place of standard output; `print` needs no more."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)


class NoTerminal(Place):
    def isatty(self) -> bool:
        raise OSError("there is none")


class UnknownEncoding(Place):
    encoding = "no-such-encoding"


class NoEncoding(Place):
    encoding = 7


class SecretEncoding(Place):
    @property
    def encoding(self) -> str:
        raise RuntimeError("not said")


@pytest.mark.parametrize("kind", [Place, NoTerminal, UnknownEncoding, NoEncoding, SecretEncoding])
def test_wherever_print_can_write(kind: type[Place], monkeypatch: pytest.MonkeyPatch):
    place = kind()
    monkeypatch.setattr(sys, "stdout", place)

    assert ConsoleStreamExporter().export([stream()]) is SpanExportResult.SUCCESS
    assert "invoke_agent guide" in place.text


def test_standard_output_that_was_deleted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(sys, "stdout")

    assert ConsoleStreamExporter().export([stream()]) is SpanExportResult.SUCCESS


CONTROLS = "\x00\x07\x08\x1b]0;title\x07\x7f\x85\x9b31m\u202e\u2028\ud800"


@pytest.mark.parametrize(
    "attribute",
    [
        "operation_name",
        "agent_name",
        "request_model",
        "chunks",
        "max_gap",
        "termination_reason",
        "termination_cause",
        "inner_cutoffs",
    ],
)
def test_no_control_character_of_anybodys_is_passed_on(attribute: str):
    text = written(stream(**{attribute: f"a{CONTROLS}b"}), to=Terminal())

    assert not set(CONTROLS) - set("]0;title31m") & set(text.replace("\x1b[", ""))


def test_a_terminal_without_unicode_gets_a_question_mark(tmp_path):
    with open(tmp_path / "log", "w", encoding="ascii") as out:
        ConsoleStreamExporter(out).export([stream(agent_name="guía")])

    assert "invoke_agent gu?a" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("columns", [40, 60])
@pytest.mark.parametrize("colour", [True, False])
def test_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, colour: bool):
    """The columns become lines, and no name that people search for is broken."""
    monkeypatch.setenv("COLUMNS", str(columns))
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    spans = [
        stream(cutoff=True, termination_reason=str(reason), termination_cause=str(cause), chunks=1)
        for reason in Reason
        for cause in Cause
    ]

    text = re.sub("\x1b\\[[0-9]*m", "", written(*spans, to=Terminal()))

    # A command is never broken: it is copied.
    assert max(len(line) for line in text.splitlines() if "lastchunk explain" not in line) <= columns
    assert text.count("invoke_agent guide\n") == len(spans)
    assert text.count(TRACE) == text.count("lastchunk explain ") == text.count("-> ")
    assert " 1 chunk " in " ".join(text.split())
