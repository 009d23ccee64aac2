# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command `lastchunk init`: writes dashboards, alerts, Collector configurations and runbook into a folder."""

from __future__ import annotations

import re
from pathlib import Path

import click

from lastchunk.extras import require
from lastchunk.shipped import shipped
from lastchunk.url_option import url

SETTINGS = "settings.yaml"
_URL = url("https://grafana.example.org", empty=True)
_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)

HELP = f"""Write the files that monitor your streams into FOLDER: Grafana dashboards, alerts as Prometheus rules and as
Grafana-managed alerts, provisioning, Collector configurations, and the runbook.

The folder's {SETTINGS} contains what you can choose: objective, windows, severities, URLs. The first call writes it. After
you have edited it, call again with --force to write the dashboards and alerts anew.

If a file exists and differs, nothing is written unless you give --force.
"""


@click.command("init", help=HELP, short_help="Write dashboards, alerts and Collector configurations into a folder.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--objective", type=_SHARE, help="The share of streams that are not cut, such as 0.99.")
@click.option("--grafana-url", type=_URL, metavar="URL", help="The URL of your Grafana, for the links in alerts.")
@click.option("--runbook-url", type=_URL, metavar="URL", help="The URL of the folder with your copy of runbook.md.")
@click.option("--force", is_flag=True, help="Overwrite files that exist and differ. Your settings.yaml is kept.")
def init(folder: Path, objective: float | None, grafana_url: str | None, runbook_url: str | None, force: bool) -> None:
    """Write every file, or say in one sentence why nothing was written."""
    require("lastchunk init", "yaml", "grafana_foundation_sdk", extra="monitoring")
    from lastchunk.monitoring.files import as_they_are, generated
    from lastchunk.monitoring.settings import SettingsError, parse

    try:
        settings = _settings(folder)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(folder / SETTINGS, error) from None
    chosen = {"objective": objective, "grafana": grafana_url, "runbook": runbook_url}
    for key, value in chosen.items():
        if value is not None:
            settings = _with(settings, key, value)
    try:
        files = {SETTINGS: settings, **as_they_are(), **generated(parse(settings))}
    except SettingsError as wrong:
        raise click.ClickException(str(wrong)) from None
    try:
        _write(folder, files, force)
    except OSError as error:
        path = error.filename or folder
        raise click.ClickException(f"{path} cannot be written ({error.strerror}): name another folder.") from None
    click.echo(
        f"{len(files)} files are in {folder}.\n"
        f"To change them, edit {folder / SETTINGS} and call: lastchunk init {folder} --force\n"
        f"Prometheus loads {folder}/grafana/alerts/prometheus/*.yml, Grafana imports {folder}/grafana/dashboards/*.json; "
        f"{folder}/grafana/README.md says how."
    )


def _settings(folder: Path) -> str:
    """The folder's own settings, else those that come with the package."""
    own = folder / SETTINGS
    if own.is_file():
        return own.read_text("utf-8")
    return (
        shipped("grafana/settings.yaml").read_text("utf-8").replace("`make grafana`", "`lastchunk init FOLDER --force`")
    )


def _with(settings: str, key: str, value: float | str) -> str:
    """The text of the settings with another value at `key`; its comments stay."""
    written = f'"{value.rstrip("/")}"' if isinstance(value, str) else f"{value:g}"
    of_an_url = r"^(  )" if isinstance(value, str) else r"^()"
    changed, times = re.subn(
        rf"{of_an_url}{key}: [^\s#]+",
        lambda found: f"{found[1]}{key}: {written}",
        settings,
        count=1,
        flags=re.MULTILINE,
    )
    if not times:
        raise click.ClickException(f"{SETTINGS} has no line `{key}: …`: write the value into the file yourself.")
    return changed


def _write(folder: Path, files: dict[str, str], force: bool) -> None:
    differing = [folder / name for name, text in files.items() if _differs(folder / name, text)]
    if differing and not force:
        more = f" ({len(differing)} files in all)" if len(differing) > 1 else ""
        raise click.ClickException(
            f"{differing[0]} exists and differs{more}. Nothing was written: call again with --force to overwrite."
        )
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", newline="\n")


def _differs(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() != text.encode()


def _unreadable(path: Path, error: OSError | UnicodeDecodeError) -> click.ClickException:
    why = error.strerror if isinstance(error, OSError) else "it is not a text in UTF-8"
    return click.ClickException(f"{path} cannot be read ({why}): correct the file, or name another folder.")
