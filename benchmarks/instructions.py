# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Instructions that Lastchunk adds, counted by valgrind's callgrind: a busy machine takes longer, but executes no more of them.

`instructions.json` beside this file holds the history, for each Python. `make bench ARGS=instructions` counts anew, compares
with the newest entry, and fails if a line adds 5 % more and that is above the noise; `ARGS="instructions --keep"` adds what was
counted to the history. Counted are two runs of the same work, a short one and a long one, of which only the difference is taken:
what begins and ends a run is in both. Another build of the same Python counts otherwise.
"""

from __future__ import annotations

import asyncio
import datetime
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.application import OwnClient, create_stream, http_client, provide, run_client, run_stream
from benchmarks.measure import Row
from benchmarks.server import answer
from lastchunk import AutoGenStreamsInstrumentor

HISTORY = Path(__file__).with_name("instructions.json")
WORSE = 1.05
"""A line that adds more than so many times what the history says has become worse …"""
NOISE = 0.005
"""… unless it is less than this share of the work itself: over HTTP, two counts of the same code differ by up to that."""
PYTHON = "{}.{}".format(*sys.version_info)
_KEPT = 20
"""Entries of the history, for each Python."""
_LONG = 1_000_000


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    open: Callable[[], Any] | None
    """Opens the stream whose chunks are counted; None if whole streams are."""
    units: int
    """Chunks or streams of the short run; the long one has six times as many."""
    chunks: int = 0
    """Of each whole stream."""


def _mocked() -> Any:
    """AutoGen's client of OpenAI, whose transport answers at once with events, each a read of its own."""
    body = answer(2_000).partition(b"\r\n\r\n")[2]
    events = [part.partition(b"\r\n")[2] + b"\n\n" for part in body.split(b"\n\n\r\n")[:-1]]

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            for event in events:
                yield event

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body())

    return http_client("http://mocked/v1", httpx.AsyncClient(transport=httpx.MockTransport(respond)))


def _lines() -> list[_Line]:
    return [
        _Line("`create_stream` in process, a chunk", lambda: create_stream(OwnClient(_LONG)), 500),
        _Line("`agent.run_stream` in process, a chunk", lambda: run_stream(OwnClient(_LONG)), 300),
        _Line("`create_stream` over HTTP (mocked transport), a chunk", lambda: create_stream(_mocked()), 60),
        _Line("`agent.run_stream` over HTTP (mocked transport), a chunk", lambda: run_stream(_mocked()), 60),
        _Line("begin and end of a stream of 1 chunk", None, 20, 1),
        _Line("begin and end of a stream of 32 chunks", None, 20, 32),
    ]


def _callgrind(*command: str) -> None:
    """Tell the valgrind that runs this process."""
    command_line = ["vgdb", f"--pid={os.getpid()}", *command]
    subprocess.run(command_line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def _counted(work: Callable[[int], Awaitable[None]], units: int, out: Path) -> float:
    """Instructions of one unit of `work`."""
    totals: list[int] = []
    await work(units)
    for times in (units, units * 6):
        gc.collect()
        _callgrind("instrumentation", "on")
        _callgrind("zero")
        await work(times)
        _callgrind("dump")
        _callgrind("instrumentation", "off")
        newest = max(out.parent.glob(f"{out.name}*"), key=lambda path: path.stat().st_mtime_ns)
        totals.append(next(int(row.split()[1]) for row in newest.read_text().splitlines() if row.startswith("totals:")))
        newest.unlink()
    return (totals[1] - totals[0]) / (units * 5)


async def _count(line: _Line, out: Path) -> float:
    if line.open is None:
        client = OwnClient(line.chunks)

        async def streams(count: int) -> None:
            for _ in range(count):
                await run_client(client)

        return await _counted(streams, line.units, out)
    stream = line.open()

    async def chunks(count: int) -> None:
        async for _ in stream:
            count -= 1
            if not count:
                return

    async with AsyncExitStack() as stack:
        stack.push_async_callback(stream.aclose)
        return await _counted(chunks, line.units, out)


async def _inside(out: Path) -> dict[str, list[int]]:
    """Count every line, off and on; called in a process that valgrind runs."""
    provide()
    gc.disable()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    instrumentor, counts = AutoGenStreamsInstrumentor(), {}
    for line in _lines():
        off = await _count(line, out)
        instrumentor.instrument()
        counts[line.name] = [round(off), round(await _count(line, out))]
        instrumentor.uninstrument()
    return counts


def rows(*, keep: bool) -> list[Row]:
    """The table's lines: what each work adds, beside what the history says; `keep` adds them to it."""
    if shutil.which("valgrind") is None or shutil.which("vgdb") is None:
        said = "**not counted: valgrind is not installed** (Debian: `apt-get install valgrind`)"
        return [Row("instructions", "", said, "", "", None)]
    counts = count_all()
    history: dict[str, list[dict[str, Any]]] = json.loads(HISTORY.read_text()) if HISTORY.exists() else {}
    entries = history.setdefault(PYTHON, [])
    before = entries[-1]["instructions"] if entries else {}
    if keep:
        entries.append({"date": datetime.date.today().isoformat(), "instructions": counts})
        history[PYTHON] = entries[-_KEPT:]
        HISTORY.write_text(json.dumps(history, indent=1) + "\n")
    return [_row(name, off, on, before.get(name)) for name, (off, on) in counts.items()]


def _row(name: str, off: int, on: int, before: list[int] | None) -> Row:
    added, measured = on - off, f"{on - off:+,} on {off:,} instructions ({on / off:.3f} ×)"
    if before is None:
        return Row(name, "", measured, "", "", None)
    added_before = before[1] - before[0]
    most = round(added_before + max(abs(added_before) * (WORSE - 1), before[0] * NOISE))
    return Row(name, f"≤ {most:,}", measured, "", f"history: {added_before:+,}", added <= most)


def count_all() -> dict[str, list[int]]:
    """Instructions of one unit of each line, without Lastchunk and with it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind")
        command = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
        command += [sys.executable, "-m", "benchmarks.instructions", str(out)]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=environment)
        return json.loads(done.stdout)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_inside(Path(sys.argv[1])))))
