# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk init`: everything that watches streams, in a folder, for one's own settings; nothing overwritten unasked."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from lastchunk.monitoring.command import init
from lastchunk.monitoring.files import as_they_are
from lastchunk.monitoring.settings import load

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(init, [str(argument) for argument in arguments])


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_is_what_the_project_ships(tmp_path: Path) -> None:
    """With the settings that come with the package, byte for byte."""
    done = run(tmp_path / "new" / "folder")
    written = files(tmp_path / "new" / "folder")
    assert done.exit_code == 0
    assert f"{len(written)} files are in" in done.output
    assert {"settings.yaml", "grafana/runbook.md", "collector-config/gateway.yaml"} <= written.keys()
    assert {
        "grafana/alerts/prometheus/lastchunk-streams.yml",
        "grafana/dashboards/lastchunk-overview.json",
    } <= written.keys()
    settings = written.pop("settings.yaml")
    assert yaml.safe_load(settings) == yaml.safe_load((ROOT / "grafana" / "settings.yaml").read_text())
    assert "`make" not in settings
    assert written == {name: (ROOT / name).read_text() for name in written}


def test_options_go_into_the_settings_and_from_there_everywhere(tmp_path: Path) -> None:
    asked = (
        "--objective",
        "0.995",
        "--grafana-url",
        "https://grafana.example.org/",
        "--runbook-url",
        "https://x.example.org/r",
    )
    assert run(tmp_path, *asked).exit_code == 0
    settings = load(tmp_path / "settings.yaml")
    assert (settings.objective, settings.grafana_url) == (0.995, "https://grafana.example.org")
    rules = (tmp_path / "grafana/alerts/prometheus/lastchunk-streams.yml").read_text()
    assert "https://x.example.org/r/runbook.md#alert-" in rules
    assert "https://grafana.example.org/d/" in rules
    assert "# the share of streams that begin" in (tmp_path / "settings.yaml").read_text()


def test_a_file_that_differs_is_not_overwritten_unasked(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 0
    (tmp_path / "grafana/runbook.md").write_text("ours")
    (tmp_path / "collector-config/agent.yaml").unlink()
    before = files(tmp_path)
    refused = run(tmp_path)
    assert refused.exit_code != 0
    assert refused.output == (
        f"Error: {tmp_path}/grafana/runbook.md exists and differs. "
        "Nothing was written: call again with --force to overwrite.\n"
    )
    assert files(tmp_path) == before
    assert run(tmp_path, "--force").exit_code == 0
    assert files(tmp_path).keys() == before.keys() | {"collector-config/agent.yaml"}
    assert (tmp_path / "grafana/runbook.md").read_text() != "ours"


def test_own_settings_are_kept_and_followed(tmp_path: Path) -> None:
    run(tmp_path)
    own = (tmp_path / "settings.yaml").read_text().replace("labels: {}", "labels: {team: chat}")
    (tmp_path / "settings.yaml").write_text(own)
    assert run(tmp_path, "--force").exit_code == 0
    assert (tmp_path / "settings.yaml").read_text() == own
    rules = yaml.safe_load((tmp_path / "grafana/alerts/prometheus/lastchunk-streams.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    assert alerts
    assert {rule["labels"]["team"] for rule in alerts} == {"chat"}


@pytest.mark.parametrize(
    ("settings", "asked", "said"),
    [
        ("", ["--grafana-url", "grafana"], "'grafana' is not a URL: give one such as"),
        ("", ["--objective", "1"], "Invalid value for '--objective'"),
        ("objective: [", [], "settings.yaml is not valid YAML (line 1: "),
        ("windows: {}", ["--objective", "0.9"], "settings.yaml has no line `objective: …`"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_nothing_is_written(
    settings: str, asked: list[str], said: str, tmp_path: Path
) -> None:
    if settings:
        (tmp_path / "settings.yaml").write_text(settings)
    before = files(tmp_path)
    done = run(tmp_path, *asked)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output
    assert files(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(tmp_path / "file" / "folder")
    assert done.exit_code != 0
    assert "cannot be written" in done.output


def test_files_that_are_no_text(tmp_path: Path) -> None:
    """One's own settings cannot be read then; anything else only differs from what would be written."""
    (tmp_path / "settings.yaml").write_bytes(b"\xff")
    done = run(tmp_path)
    assert "settings.yaml cannot be read (it is not a text in UTF-8)" in done.output
    (tmp_path / "settings.yaml").unlink()
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana/runbook.md").write_bytes(b"\xff")
    assert "runbook.md exists and differs" in run(tmp_path).output


def test_the_wheel_carries_what_is_written_as_it_is() -> None:
    """Installed, the files are read from the copies in the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all(target == f"lastchunk/shipped/{source}" for source, target in carried.items())
    assert all(any(name == source or name.startswith(f"{source}/") for source in carried) for name in as_they_are())
    assert "grafana/settings.yaml" in carried
