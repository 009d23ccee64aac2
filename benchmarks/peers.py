# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`make bench-peers`: the per-chunk cost of other instrumentations, each alone in an environment and in processes of its own.

Each line is measured as Lastchunk's own (`side_by_side`): two streams that were opened before the instrumentation was switched
on, and one that was opened after that.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.application import OwnClient, create_stream, http_client, provide, run_stream
from benchmarks.server import served
from benchmarks.side_by_side import side_by_side

ENVIRONMENTS = Path(".venv-peers")
LONG = 10_000_000
"""Chunks that no measurement gets to the end of."""
OVER_HTTP = 40_000
Open = Callable[[Any], Any]
Line = tuple[Callable[[str], Any], int, int]
"""Opens a stream, given the address of the model server; its chunks; and how many of them are read at a time."""


def _instrumentor(module: str, name: str) -> Callable[[], object]:
    return lambda: getattr(import_module(module), name)().instrument(skip_dep_check=True)


def _logfire() -> None:
    logfire: Any = import_module("logfire")
    logfire.configure(send_to_logfire=False, console=False)
    logfire.instrument_openai()


def _langfuse() -> None:
    # Without keys it would record nothing. What it records is sent to a port at which nobody listens.
    os.environ |= {
        "LANGFUSE_PUBLIC_KEY": "none",
        "LANGFUSE_SECRET_KEY": "none",
        "LANGFUSE_BASE_URL": "http://127.0.0.1:9",
    }
    import_module("langfuse.openai")


PEERS: dict[str, tuple[str, Callable[[], object]]] = {
    "lastchunk-instrumentation-autogen": ("", _instrumentor("lastchunk", "AutoGenStreamsInstrumentor")),
    "opentelemetry-instrumentation-genai-openai": (
        "1.3b0",
        _instrumentor("opentelemetry.instrumentation.genai.openai", "OpenAIInstrumentor"),
    ),
    "openinference-instrumentation-autogen-agentchat": (
        "0.1.22",
        _instrumentor("openinference.instrumentation.autogen_agentchat", "AutogenAgentChatInstrumentor"),
    ),
    "loongsuite-instrumentation-autogen": (
        "0.9.0",
        _instrumentor("opentelemetry.instrumentation.autogen", "AutoGenInstrumentor"),
    ),
    "opentelemetry-instrumentation-openai": (
        "0.62.4",
        _instrumentor("opentelemetry.instrumentation.openai", "OpenAIInstrumentor"),
    ),
    "logfire": ("5.2.0", _logfire),
    "langfuse": ("5.0.4", _langfuse),
}
"""By distribution: the version (of Lastchunk, this tree), and how it is switched on."""


def _python(peer: str) -> Path:
    """The interpreter of a peer's environment, which is made if it is not there."""
    pinned = PEERS[peer][0]
    if not pinned:
        return Path(sys.executable)
    home = ENVIRONMENTS / f"{peer}-{pinned}"
    python = home / "bin" / "python"
    if not (home / ".made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        constraints = Path("constraints.txt").read_text().splitlines()
        pins = [pin for pin in constraints if pin.startswith(("autogen-", "openai=="))]
        packages = ["autogen-agentchat", "autogen-ext[openai]", "opentelemetry-sdk", f"{peer}=={pinned}", *pins]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True, env=environment)
        (home / ".made").touch()
    return python


def _in_process(open_stream: Open) -> Line:
    return lambda _: open_stream(OwnClient(LONG)), LONG, 400


def _over_http(open_stream: Open) -> Line:
    # A client of its own for each stream: some instrumentations put another class in the place of the SDK's client.
    return lambda address: open_stream(http_client(f"{address}/{OVER_HTTP}/v1")), OVER_HTTP, 20


LINES: dict[str, Line] = {
    "`create_stream`": _in_process(create_stream),
    "`agent.run_stream`": _in_process(run_stream),
    "`create_stream` over HTTP": _over_http(create_stream),
    "`agent.run_stream` over HTTP": _over_http(run_stream),
}


async def _measure(peer: str, line: str, limit: float) -> str:
    provide()
    open_stream, chunks, block = LINES[line]
    with served() as address:
        result = await side_by_side(lambda: open_stream(address), chunks, block, PEERS[peer][1], lambda: None, limit)
    if chunks == LONG:
        return f"{result.added_us:.2f} µs (± {result.noise_us:.2f})"
    return f"{result.ratio:.3f} × (± {result.noise_us / result.bare_us:.3f})"


def _row(peer: str, limit: float) -> str:
    """What each line says of a peer, from a process of its own."""
    cells = [f"{peer} {PEERS[peer][0]}".rstrip()]
    for line in LINES:
        command = [_python(peer), "-m", "benchmarks.peers", "--here", line, "--limit", str(limit), peer]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=limit + 120)
        cells.append(done.stdout.strip().splitlines()[-1])
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """A peer that cannot be installed or measured is named on standard error, and left out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("peers", nargs="*", default=list(PEERS))
    parser.add_argument("--limit", type=float, default=12.0, help="seconds for each measurement, at most")
    parser.add_argument("--here", choices=LINES, help="measure this line, in this process")
    options = parser.parse_args(arguments)
    if options.here:
        print(asyncio.run(_measure(options.peers[0], options.here, options.limit)))
        return 0
    print(f"| alone, added per chunk | {' | '.join(LINES)} |")
    print("|---|" + "---|" * len(LINES), flush=True)
    for peer in options.peers:
        try:
            print(_row(peer, options.limit), flush=True)
        except (subprocess.SubprocessError, OSError) as error:
            print(f"{peer} is left out: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
