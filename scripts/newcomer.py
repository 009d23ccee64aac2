# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Installs Lastchunk as a new user does, in each documented order, unpinned, with the newest of everything.

``make newcomer`` runs this. For each order a fresh environment is made, the packages are installed, and an application of
AutoGen runs under ``opentelemetry-instrument`` against an OTLP receiver on this machine. An order works if pip finds no
conflict, the doctor finds no problem, and the span of the application's stream arrives. Otherwise it exits with 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parents[1]
APPLICATION = Path(__file__).with_name("smoke_app.py")
AUTOGEN = ("autogen-agentchat", "autogen-ext[openai]")
PATIENCE = 600
"""Seconds for one command: a registry may be slow."""


class Failed(Exception):
    """An order that does not work; its text is what a person needs to see."""


def orders(wheel: Path) -> dict[str, Sequence[Sequence[str]]]:
    """What is installed, step after step, under the name of the order."""
    ours = f"{wheel}[cli,otlp]"
    return {
        "Lastchunk, then AutoGen": ((ours,), AUTOGEN),
        "AutoGen, then Lastchunk": (AUTOGEN, (ours,)),
        "both in one command": ((*AUTOGEN, ours),),
    }


def run(*command: str | Path, **environment: str) -> str:
    """The command's output, both streams as one; `Failed` if it does not exit with 0."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "LASTCHUNK_", "PIP_", "PYTHON"))}
    done = subprocess.run(
        command,
        env={**inherited, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    if done.returncode != 0:
        raise Failed(f"{done.stdout}\n{' '.join(map(str, command))} ended with {done.returncode}")
    return done.stdout


@contextmanager
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """An OTLP receiver for `http/protobuf`: its endpoint, and the bodies that it was sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        server.server_close()


def try_order(folder: Path, steps: Sequence[Sequence[str]]) -> str:
    """Install step after step into a new environment, and run an application there; what was installed."""
    run(sys.executable, "-m", "venv", folder)
    binaries = folder / "bin"
    run(binaries / "python", "-m", "pip", "install", "--quiet", "--upgrade", "pip")
    for step in steps:
        run(binaries / "python", "-m", "pip", "install", "--quiet", *step)
    run(binaries / "python", "-m", "pip", "check")
    run(binaries / "lastchunk", "doctor", "--offline")
    with receiver() as (endpoint, bodies):
        said = run(
            *(binaries / "opentelemetry-instrument", binaries / "python", APPLICATION),
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        )
        arrived = b"".join(bodies)
    if "application: received 2 messages" not in said:
        raise Failed(f"{said}\nthe application did not do its work")
    for part in (b"lastchunk.stream.termination.reason", b"smoke_agent", b"lastchunk.stream.ended"):
        if part not in arrived:
            raise Failed(f"{said}\n{part.decode()} did not arrive at the receiver")
    return run(binaries / "python", "-m", "pip", "list", "--format=freeze")


def main() -> int:
    """Try every order, two at a time; the exit code."""
    status = 0
    with tempfile.TemporaryDirectory() as temporary:
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", temporary, ROOT)
        (wheel,) = Path(temporary).glob("*.whl")

        def tried(named: tuple[int, Sequence[Sequence[str]]]) -> tuple[str, float, bool]:
            number, steps = named
            began = time.monotonic()
            try:
                said, works = try_order(Path(temporary, str(number)), steps), True
            except Failed as failure:
                said, works = str(failure), False
            return said, time.monotonic() - began, works

        listed = orders(wheel)
        with ThreadPoolExecutor(2) as pool:
            for name, (said, seconds, works) in zip(listed, pool.map(tried, enumerate(listed.values())), strict=True):
                if works:
                    shown = ("autogen", "openai=", "opentelemetry-sdk", "protobuf", "googleapis")
                    print(f"newcomer: {name}: works ({seconds:.0f} s)")
                    print("  " + ", ".join(line for line in said.splitlines() if line.startswith(shown)))
                else:
                    status = 1
                    print(f"{said}\nnewcomer: {name}: does not work")
    return status


if __name__ == "__main__":
    sys.exit(main())
