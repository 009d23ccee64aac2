# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""grafana/settings.yaml: a wrong value is one sentence that names the key and the remedy, and never a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from lastchunk.monitoring import __main__ as build
from lastchunk.monitoring.settings import SETTINGS, Settings, duration, load, milliseconds


def changed(tmp_path: Path, **changes: Any) -> Path:
    """The settings with other values, at keys such as `windows__slow__long`; `...` leaves one out."""
    settings = yaml.safe_load(SETTINGS.read_text())
    for path, value in changes.items():
        *above, key = path.split("__")
        at = settings
        for part in above:
            at = at[part]
        at[key] = value
        if value is ...:
            del at[key]
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(settings))
    return file


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective": 1}, "settings.yaml: objective is 1: give a share between 0 and 1."),
        ({"objective": "99 %"}, "settings.yaml: objective is '99 %': give a share between 0 and 1."),
        ({"objective": ...}, "settings.yaml: objective is missing: give a share between 0 and 1."),
        ({"objectiv": 0.9}, "settings.yaml: objectiv is not a setting: remove it."),
        (
            {"windows__slow__factor": 144},
            "settings.yaml: windows.slow.factor 144 * (1 - objective 0.99) is 1.44, and no share of cut streams can exceed 1: "
            "give a factor below 100.",
        ),
        (
            {"objective": 0.9},
            "settings.yaml: windows.page[2].share is 0.08, and the objective allows 0.1: give a share above it.",
        ),
        (
            {"windows__page": [{"long": "1 hour"}]},
            "settings.yaml: windows.page[0].long is '1 hour': give a duration with one unit, such as 5m, 1h or 1d.",
        ),
        (
            {"windows__page": [{"long": "1h", "short": "2h", "share": 0.5, "floor": 5, "each": 2}]},
            "settings.yaml: windows.page[0].short must be shorter than its long window 1h.",
        ),
        (
            {
                "windows__page": [
                    {"long": long, "short": "1m", "share": 0.5, "floor": 5, "each": 2} for long in ("1h", "5m")
                ]
            },
            "settings.yaml: windows.page[1].long is 5m: give the rungs in the order of their long windows.",
        ),
        (
            {"windows__page": []},
            "settings.yaml: windows.page must be a list of rungs, such as {long: 5m, short: 2m, share: 0.4, floor: 5, each: 2}.",
        ),
        (
            {"windows__slow__long": "90m", "windows__slow__short": "60m"},
            "settings.yaml: windows.slow.long is 90m: give a whole multiple of the longest window in windows.page, 1h.",
        ),
        (
            {"windows__past": "30m"},
            "settings.yaml: windows.past is 30m: give a whole multiple of the longest window in windows.page, 1h.",
        ),
        ({"windows__slow": None}, "settings.yaml: windows.slow must be a mapping of keys and values."),
        ({"floors__ticket": 0}, "settings.yaml: floors.ticket is 0: give a whole number from 1 on."),
        ({"floors__ticket": True}, "settings.yaml: floors.ticket is True: give a whole number from 1 on."),
        ({"floors__pages": 1}, "settings.yaml: floors.pages is not a setting: remove it."),
        ({"severities__page": ""}, "settings.yaml: severities.page is '': give a text."),
        ({"labels": {"team": 1}}, "settings.yaml: labels.team is 1: give names and texts, such as {team: chat}."),
        ({"labels": {"job": "x"}}, "settings.yaml: labels.job is set by the alerts themselves: choose another name."),
        (
            {"urls__grafana": "grafana.example.org"},
            "settings.yaml: urls.grafana is 'grafana.example.org': give a URL such as https://grafana.example.org, or \"\".",
        ),
        (
            {"urls__runbook": "https://x.example.org/"},
            "settings.yaml: urls.runbook is 'https://x.example.org/': give a URL such as https://grafana.example.org, or \"\".",
        ),
    ],
)
def test_a_wrong_value_is_one_sentence(
    changes: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert build.main(["--check", "--settings", str(changed(tmp_path, **changes))]) == 2
    assert capsys.readouterr().err == f"{said}\n"


def test_a_file_that_is_missing_or_no_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert build.main(["--settings", str(tmp_path / "none.yaml")]) == 2
    assert "cannot be read: name another with --settings." in capsys.readouterr().err
    (tmp_path / "broken.yaml").write_text("a: [")
    assert build.main(["--settings", str(tmp_path / "broken.yaml")]) == 2
    assert "is not valid YAML (line 1: " in capsys.readouterr().err


def test_check_names_what_is_not_current(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Writing the files again then changes only those."""
    monkeypatch.setattr(build, "PROJECT", tmp_path)
    assert build.main([]) == 0
    capsys.readouterr()
    assert build.main(["--check"]) == 0
    assert build.main([]) == 0
    assert capsys.readouterr().out == ""
    changed_file = tmp_path / "grafana" / "alerts" / "prometheus" / "lastchunk-path.yml"
    changed_file.write_text("other")
    assert build.main(["--check"]) == 1
    assert (
        capsys.readouterr().err == "grafana/alerts/prometheus/lastchunk-path.yml is not current: run `make grafana`.\n"
    )
    assert build.main([]) == 0
    assert capsys.readouterr().out == "grafana/alerts/prometheus/lastchunk-path.yml\n"
    shutil.rmtree(tmp_path / "grafana")


def test_durations():
    assert milliseconds("5m") == 300_000
    assert duration(300_000) == "5m"
    assert duration(86_400_000) == "1d"
    assert duration(1_500) == "1500ms"


def test_a_faster_copy_divides_every_window():
    settings = load()
    fields = {name: getattr(settings, name) for name in Settings.__slots__} | {"speed": 60}
    assert Settings(**fields).time("1h") == "1m"
