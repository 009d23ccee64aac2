# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An exception of our own is a line in the log: once, with the place, and without its text."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from lastchunk.own_errors import report


def _raise(error: Exception) -> None:
    raise error


def _report(place: str, error: Exception) -> None:
    try:
        _raise(error)
    except Exception as caught:
        report(place, caught)


def test_once_per_kind(caplog: pytest.LogCaptureFixture, reported: Callable[[], list[str]]) -> None:
    """A kind is a place and a class: a stream of a thousand chunks must not write a thousand lines."""
    for place in ("reading", "writing", "reading"):
        _report(place, ValueError("a secret"))
        _report(place, KeyError("a secret"))
    messages = [record.getMessage() for record in caplog.records]
    assert [message.split(" (")[0] for message in messages] == [
        "Lastchunk failed while reading",
        "Lastchunk failed while reading",
        "Lastchunk failed while writing",
        "Lastchunk failed while writing",
    ]
    assert all("application is not affected" in message for message in messages)
    assert {(record.name, record.levelname) for record in caplog.records} == {("lastchunk", "WARNING")}
    assert reported() == ["reading", "writing"]


def test_the_line_but_not_the_text(caplog: pytest.LogCaptureFixture, reported: Callable[[], list[str]]) -> None:
    """The line is ours; the text, and a traceback's, may be the application's."""
    _report("reading", ValueError("a secret"))
    (record,) = caplog.records
    line = _raise.__code__.co_firstlineno + 1
    assert f"(ValueError at {__file__}:{line})" in record.getMessage()
    assert "a secret" not in caplog.text
    assert record.exc_info is None
    assert reported() == ["reading"]


def test_a_logger_that_raises(monkeypatch: pytest.MonkeyPatch, reported: Callable[[], list[str]]) -> None:
    """A filter of the application's: whoever reports an error of ours must not raise another one."""

    def refuses(record: logging.LogRecord) -> bool:
        raise RuntimeError("a filter")

    monkeypatch.setattr(logging.getLogger("lastchunk"), "filters", [refuses])
    _report("reading", ValueError("a secret"))
    assert reported() == ["reading"]


def test_an_exception_that_was_never_raised(
    caplog: pytest.LogCaptureFixture, reported: Callable[[], list[str]]
) -> None:
    """Such an exception has no line number."""
    report("reading", ValueError())
    assert "(ValueError at unknown line)" in caplog.text
    assert reported() == ["reading"]
