# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`make bench-peers`: the per-chunk cost of other instrumentations, each alone in an environment of its own.

Not every peer can be undone, so each runs bare first, and then instrumented, in one process; the reference of
`measure` tells when the machine was quiet in either half.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.application import OwnClient, http_client, provide, run_agent, run_client
from benchmarks.measure import AT_LEAST, ENOUGH, Side, Work, take
from benchmarks.server import served

ENVIRONMENTS = Path(".venv-peers")
IN_PROCESS = 3_000
OVER_HTTP = 1_000


def _instrumentor(module: str, name: str) -> Callable[[], object]:
    return lambda: getattr(import_module(module), name)().instrument(skip_dep_check=True)


def _logfire() -> None:
    logfire: Any = import_module("logfire")
    logfire.configure(send_to_logfire=False, console=False)
    logfire.instrument_openai()


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
    "langfuse": ("5.0.4", lambda: import_module("langfuse.openai")),
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


async def _side(work: Work, limit: float) -> Side:
    side, deadline = Side(), time.monotonic() + limit
    await work()
    while len(side.seconds) < AT_LEAST or (time.monotonic() < deadline and side.quiet() < ENOUGH):
        await take(side, work)
    return side


async def _measure(peer: str, limit: float) -> str:
    provide()
    with served() as address:
        client = http_client(f"{address}/{OVER_HTTP}/v1")
        own = OwnClient(IN_PROCESS)
        works: list[tuple[Work, int]] = [
            (lambda: run_client(own), IN_PROCESS),
            (lambda: run_agent(own), IN_PROCESS),
            (lambda: run_agent(client), OVER_HTTP),
        ]
        bare = [await _side(work, limit) for work, _ in works]
        PEERS[peer][1]()
        if peer == "langfuse":
            client = http_client(f"{address}/{OVER_HTTP}/v1")
        on = [await _side(work, limit) for work, _ in works]
    added = [
        (after.median - before.median) / units * 1e6 for before, after, (_, units) in zip(bare, on, works, strict=True)
    ]
    ratio = on[2].median / bare[2].median
    return f"| {peer} {version(peer)} | {added[0]:.2f} µs | {added[1]:.2f} µs | {ratio:.2f} × ({added[2]:+.1f} µs) |"


def main(arguments: Sequence[str] | None = None) -> int:
    """A peer that cannot be installed or measured is named on standard error, and left out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("peers", nargs="*", default=list(PEERS))
    parser.add_argument("--limit", type=float, default=12.0, help="seconds for each half of each measurement, at most")
    parser.add_argument("--here", action="store_true", help="measure in this environment")
    options = parser.parse_args(arguments)
    if options.here:
        print(asyncio.run(_measure(options.peers[0], options.limit)))
        return 0
    print("| alone | create_stream, added per chunk | agent.run_stream, added per chunk | agent.run_stream over HTTP |")
    print("|---|---|---|---|", flush=True)
    for peer in options.peers:
        try:
            command = [_python(peer), "-m", "benchmarks.peers", "--here", "--limit", str(options.limit), peer]
            subprocess.run(command, check=True, timeout=options.limit * 8 + 120)
        except (subprocess.SubprocessError, OSError) as error:
            print(f"{peer} is left out: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
