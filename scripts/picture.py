# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/images/demo.svg: what a terminal shows of `lastchunk demo`, its first streams and its conclusion.

python scripts/picture.py
"""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "demo.svg"
_COLUMNS = 122
_FIRST = 42
"""Lines from the beginning of the run; then comes its last paragraph."""
_FONT_FACES = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
"""The fonts that rich would fetch from elsewhere; without them it is the reader's own monospaced font."""


def run() -> list[str]:
    """The lines of a real run in a terminal, with their colours."""
    read = bytearray()

    def keep(terminal: int) -> bytes:
        data = os.read(terminal, 65536)
        read.extend(data)
        return data

    os.environ.update(COLUMNS=str(_COLUMNS), LINES="50", TERM="xterm-256color")
    os.environ.pop("NO_COLOR", None)
    status = pty.spawn([str(Path(sys.executable).with_name("lastchunk")), "demo"], keep)
    if status:
        sys.exit("the demo failed: no picture")
    return read.decode().replace("\r", "").splitlines()


def last_paragraph(lines: list[str]) -> list[str]:
    """What follows the last rule of the table."""
    rules = [number for number, line in enumerate(lines) if line.strip().startswith("───")]
    return lines[rules[-1] + 1 :]


def main() -> None:
    lines = run()
    shown = ["$ make demo", *lines[:_FIRST], "[…]", "", *last_paragraph(lines)]
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in shown:
        console.print(Text.from_ansi(line), soft_wrap=True)
    svg = console.export_svg(
        title="lastchunk demo", theme=MONOKAI, code_format=_FONT_FACES.sub("", CONSOLE_SVG_FORMAT), unique_id="demo"
    )
    svg = svg.replace("Fira Code", "ui-monospace").replace("<svg ", '<svg xml:space="preserve" ', 1)
    PICTURE.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")
    print(f"{PICTURE.relative_to(Path.cwd())}: {len(svg.encode()) / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
