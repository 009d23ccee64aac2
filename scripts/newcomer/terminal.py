# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the commands show on a narrow terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

from scripts.newcomer.fresh import PATIENCE, Failed, environment

COLUMNS = 60
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def try_terminal(binaries: Path, *command: str) -> str:
    """Run `lastchunk` with `command` on a terminal of `COLUMNS` columns; a line about it. `Failed` if a line is longer."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, COLUMNS, 0, 0))
    with subprocess.Popen(
        [binaries / "lastchunk", *command],
        env=environment(TERM="xterm", NO_COLOR="1"),
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes any more
            while data := os.read(ours, 2**16):
                shown += data
        os.close(ours)
        process.wait(PATIENCE)
    lines = [line.rstrip() for line in _CONTROL.sub(b"", shown).decode().splitlines()]
    if not lines or (longest := max(map(len, lines))) > COLUMNS:
        raise Failed("\n".join([*lines, f"lastchunk {' '.join(command)}: a line does not fit in {COLUMNS} columns"]))
    return f"lastchunk {' '.join(command)}: on {COLUMNS} columns its longest line has {longest}"
