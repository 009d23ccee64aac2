# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Each setting, by argument and by environment; a bad value is one warning and the default."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from lastchunk.settings import SETTINGS, Settings, load

README = Path(__file__).parents[1] / "README.md"
FIELDS = {setting.variable: setting.field for setting in SETTINGS}

GOOD: list[tuple[str, Any, Any]] = [
    ("LASTCHUNK_CHUNK_EVENTS", "0", 0),
    ("LASTCHUNK_CHUNK_EVENTS", " 100 ", 100),
    ("LASTCHUNK_CHUNK_EVENTS", "1000", 1000),
    ("LASTCHUNK_STALL_AFTER", "0.5", 0.5),
    ("LASTCHUNK_STALL_AFTER", "120", 120.0),
    ("LASTCHUNK_AUTOGEN_SPANS", "keep", "keep"),
    ("LASTCHUNK_AUTOGEN_SPANS", " Replace ", "replace"),
    ("LASTCHUNK_TIME_PER_OUTPUT_CHUNK", "true", True),
    ("LASTCHUNK_TIME_PER_OUTPUT_CHUNK", "FALSE", False),
    ("LASTCHUNK_ON_ENDING", "shop.streams:told", "shop.streams:told"),
    ("LASTCHUNK_FINISH_OPTIONAL", "models.example", ("models.example",)),
    (
        "LASTCHUNK_FINISH_OPTIONAL",
        "127.0.0.1:8000, GPU.example ,[::1]:80",
        ("127.0.0.1:8000", "gpu.example", "[::1]:80"),
    ),
]
BAD: list[tuple[str, str]] = [
    *(("LASTCHUNK_CHUNK_EVENTS", value) for value in ("many", "-1", "3.5", "1e3", "1001", "100000000")),
    *(("LASTCHUNK_STALL_AFTER", value) for value in ("soon", "0", "-1", "nan", "inf", "30s")),
    *(("LASTCHUNK_AUTOGEN_SPANS", value) for value in ("replaced", "false", "1")),
    *(("LASTCHUNK_TIME_PER_OUTPUT_CHUNK", value) for value in ("yes", "1", "on")),
    *(("LASTCHUNK_ON_ENDING", value) for value in ("told", "shop/streams.py:told", "shop.streams:", ":told")),
    *(("LASTCHUNK_FINISH_OPTIONAL", value) for value in ("http://models.example", "models.example:port", ",")),
]


def test_defaults() -> None:
    """The defaults are those of the design."""
    assert load({}, {}) == Settings(
        chunk_events=32,
        stall_after=30.0,
        autogen_spans="replace",
        time_per_output_chunk=False,
        on_ending=None,
        finish_optional=None,
    )


@pytest.mark.parametrize(("variable", "text", "value"), GOOD)
def test_from_the_environment(variable: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are read from the given environment, or from that of the process."""
    assert getattr(load({}, {variable: text}), FIELDS[variable]) == value
    monkeypatch.setenv(variable, text)
    assert getattr(load({}), FIELDS[variable]) == value


@pytest.mark.parametrize(("variable", "text", "value"), GOOD)
def test_from_arguments(variable: str, text: str, value: object) -> None:
    """As a value or as a text; an argument is stronger than the environment."""
    field = FIELDS[variable]
    for given in (value, text):
        settings = load({field: given, "tracer_provider": None}, {variable: "nonsense"})
        assert getattr(settings, field) == value
        assert type(getattr(settings, field)) is type(value)


@pytest.mark.parametrize("empty", ["", "  "])
@pytest.mark.parametrize("variable", list(FIELDS))
def test_empty_is_unset(variable: str, empty: str) -> None:
    """An empty variable counts as not set, as OpenTelemetry's own do."""
    assert load({}, {variable: empty}) == Settings()
    assert load({FIELDS[variable]: None}, {}) == Settings()


@pytest.mark.parametrize(("variable", "text"), BAD)
@pytest.mark.parametrize("how", ["environment", "argument"])
def test_a_bad_value(caplog: pytest.LogCaptureFixture, variable: str, text: str, how: str) -> None:
    """One warning, that names the setting, the value and the default."""
    field = FIELDS[variable]
    settings = load({}, {variable: text}) if how == "environment" else load({field: text}, {})
    assert settings == Settings()
    (record,) = caplog.records
    assert (record.levelname, record.name) == ("WARNING", "lastchunk.settings")
    name = variable if how == "environment" else field
    assert record.getMessage().startswith(f"{name}={text} is not ")
    assert record.getMessage().endswith(f": using the default, {getattr(Settings(), field)}.")
    caplog.clear()


@pytest.mark.parametrize("value", [True, [], object(), 10**400, b"5"])
def test_a_bad_argument_of_any_type(caplog: pytest.LogCaptureFixture, value: object) -> None:
    """No argument of `instrument()` makes it raise."""
    for field in ("chunk_events", "stall_after", "autogen_spans"):
        settings = load({field: value}, {})
        assert getattr(settings, field) in (getattr(Settings(), field), value)
    caplog.clear()


def test_one_bad_value_spoils_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """Each setting is read by itself."""
    assert load({}, {"LASTCHUNK_CHUNK_EVENTS": "many", "LASTCHUNK_STALL_AFTER": "5"}) == Settings(stall_after=5.0)
    caplog.clear()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("chunk_event", "chunk_events"),
        ("stal_after", "stall_after"),
        ("tracer_providers", "tracer_provider"),
        ("x", ""),
    ],
)
def test_an_unknown_argument(caplog: pytest.LogCaptureFixture, name: str, nearest: str) -> None:
    """One warning that names it, what was meant, and what there is."""
    assert load({name: 5, "tracer_provider": None, "chunk_events": 4}, {}) == Settings(chunk_events=4)
    (message,) = (record.getMessage() for record in caplog.records)
    assert message.startswith(f"instrument() has no argument {name}: it is ignored.")
    assert ("Did you mean" in message) == bool(nearest)
    assert f"Did you mean {nearest}?" in message or not nearest
    assert (
        "The arguments are chunk_events, stall_after, autogen_spans, time_per_output_chunk, on_ending, finish_optional, "
        in message
    )
    caplog.clear()


def test_an_unknown_variable(caplog: pytest.LogCaptureFixture) -> None:
    """If it is called nearly like one of ours; others may have variables that begin so, too."""
    misspelled = {"LASTCHUNK_STAL_AFTER": "5", "LASTCHUNK_SERVICE_URL": "x", "STALL_AFTER": "5"}
    assert load({}, misspelled) == Settings()
    assert [record.getMessage() for record in caplog.records] == [
        "LASTCHUNK_STAL_AFTER is not a setting of Lastchunk: it is ignored. Did you mean LASTCHUNK_STALL_AFTER?"
    ]
    caplog.clear()


def test_every_field_is_a_setting() -> None:
    """And every variable is called like its field."""
    assert [setting.field for setting in SETTINGS] == [field.name for field in fields(Settings)]
    assert [setting.variable for setting in SETTINGS] == [
        f"LASTCHUNK_{field.name.upper()}" for field in fields(Settings)
    ]


def test_the_settings_reach_the_streams(instrument: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of `instrument()`, by keyword and by environment."""
    from lastchunk import AutoGenStreamsInstrumentor

    monkeypatch.setenv("LASTCHUNK_STALL_AFTER", "7")
    instrument(chunk_events=5)
    installation = AutoGenStreamsInstrumentor().installation
    assert installation is not None
    patcher = installation.patcher
    assert patcher is not None
    assert patcher.settings == patcher.streams.settings == Settings(chunk_events=5, stall_after=7.0)


def test_the_readme_lists_them() -> None:
    """Variable, default and meaning, as the code has them."""
    row = r"^\| `(LASTCHUNK_\w+)` \(`(\w+)`\) \| `(.+?)` \| (.+) \|$"
    assert re.findall(row, README.read_text(), re.MULTILINE) == [
        (setting.variable, setting.field, str(getattr(Settings(), setting.field)).lower(), setting.meaning)
        for setting in SETTINGS
    ]
