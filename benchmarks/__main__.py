# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measures everything, each kind of work in a process of its own, and prints one Markdown table."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version

from benchmarks.measure import HEAD, QUIET, Row

KINDS = ("acting", "chunk", "fixed", "growth", "history", "instructions", "memory", "startup")
_VERSIONS = ("autogen-agentchat", "openai", "opentelemetry-sdk", "wrapt")


def _rows(kind: str, limit: float, keep: bool) -> tuple[list[Row], list[str]]:
    """The lines of one kind of work, and those of the profile; only what is measured is imported."""
    match kind:
        case "acting":
            from benchmarks import acting

            return asyncio.run(acting.rows(limit)), []
        case "chunk":
            from benchmarks import chunk

            return asyncio.run(chunk.rows(limit)), []
        case "fixed":
            from benchmarks import fixed

            return asyncio.run(fixed.rows(limit))
        case "growth":
            from benchmarks import growth

            return asyncio.run(growth.rows()), []
        case "history":
            from benchmarks import history

            return asyncio.run(history.rows(limit)), []
        case "instructions":
            from benchmarks import instructions

            return instructions.rows(keep=keep), []
        case "memory":
            from benchmarks import memory

            return asyncio.run(memory.rows()), []
        case _:
            from benchmarks import startup

            return startup.rows(), []


def main(arguments: Sequence[str] | None = None) -> int:
    """1 if more instructions are added than the history says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], help="what to measure; everything by default")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for each line, at most")
    parser.add_argument("--keep", action="store_true", help="add the instructions to their history")
    parser.add_argument("--lines", action="store_true", help="only the lines, of one kind, in this process")
    options = parser.parse_args(arguments)
    if options.lines:
        rows, profile = _rows(options.kinds[0], options.limit, options.keep)
        for line in (*rows, *profile):
            print(line)
        return any(row.met is False for row in rows)
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {python}, " + ", ".join(f"{name} {version(name)}" for name in _VERSIONS) + ".")
    print(
        "CPU time of the process; medians of the runs, off and on in turns, in which a reference took at most"
        f" {QUIET - 1:.0%} longer than its best.\nNoise is off against off in the same run.\n"
    )
    print(HEAD, flush=True)
    profile_lines: list[str] = []
    worse = False
    for kind in options.kinds or KINDS:
        command = [sys.executable, "-m", "benchmarks", "--lines", "--limit", str(options.limit), kind]
        if options.keep:
            command.append("--keep")
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        worse = worse or (kind == "instructions" and done.returncode != 0)
        for line in done.stdout.splitlines():
            if line.count("|") == HEAD.splitlines()[0].count("|"):
                print(line, flush=True)
            else:
                profile_lines.append(line)
    if profile_lines:
        print("\n| where one stream's fixed cost goes (32 chunks) | share | µs |\n|---|---|---|")
        print("\n".join(profile_lines))
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
