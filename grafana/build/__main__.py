# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what is generated under `grafana/`, where its content changed; `--check` only names what is not current."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from grafana.build.settings import SETTINGS, Settings, SettingsError, load

GRAFANA = Path(__file__).parents[1]
MAKERS = ("alerts", "dashboards")
"""Packages beside this file. Each has `files(settings)`: paths below `grafana/`, and what stands there."""


def made(settings: Settings) -> dict[Path, str]:
    """Every generated file and its content."""
    files: dict[Path, str] = {}
    for name in MAKERS:
        if (Path(__file__).parent / name).is_dir():
            make: Callable[[Settings], Mapping[str, str]] = importlib.import_module(f"grafana.build.{name}").files
            files |= {GRAFANA / path: text for path, text in make(settings).items()}
    return files


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit code: 0, 1 where something is not current, 2 for a wrong setting."""
    parser = argparse.ArgumentParser(prog="python -m grafana.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something is not current")
    parser.add_argument("--settings", type=Path, default=SETTINGS, help="another settings.yaml")
    options = parser.parse_args(arguments)
    try:
        files = made(load(options.settings))
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    changed = {
        path: text for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in changed.items():
        name = path.relative_to(GRAFANA.parent)
        if options.check:
            print(f"{name} is not current: run `make grafana`.", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(name)
    return int(options.check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
