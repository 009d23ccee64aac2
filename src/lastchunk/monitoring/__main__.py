# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what is generated under the project's own `grafana/`, where it changed; `--check` only names what is not current."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lastchunk.monitoring.files import generated
from lastchunk.monitoring.settings import SettingsError, load

PROJECT = Path(__file__).parents[3]


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit code: 0, 1 where something is not current, 2 for a wrong setting."""
    parser = argparse.ArgumentParser(prog="python -m lastchunk.monitoring", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something is not current")
    parser.add_argument("--settings", type=Path, help="another settings.yaml")
    options = parser.parse_args(arguments)
    try:
        files = generated(load(options.settings) if options.settings else load())
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    changed = {name: text for name, text in files.items() if _text(PROJECT / name) != text}
    for name, text in changed.items():
        if options.check:
            print(f"{name} is not current: run `make grafana`.", file=sys.stderr)
        else:
            (PROJECT / name).parent.mkdir(parents=True, exist_ok=True)
            (PROJECT / name).write_text(text, encoding="utf-8")
            print(name)
    return int(options.check and bool(changed))


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
