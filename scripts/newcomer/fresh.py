# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Fresh environments, the commands that run in them, and who receives their telemetry."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SCRIPTS = Path(__file__).parents[1]
APPLICATION = SCRIPTS / "smoke_app.py"
PATIENCE = 600
"""Seconds for one command: a registry may be slow."""
_OURS = ("OTEL_", "LASTCHUNK_", "PIP_", "PYTHON")


class Failed(Exception):
    """A path that does not work; its text is what a person needs to see."""


def environment(**more: str) -> dict[str, str]:
    """What a new user's shell has, without anything that would change what is tried."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    loopback = {"NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}
    return {**inherited, **loopback, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **more}


def run(*command: str | Path, status: int | None = 0, **more: str) -> str:
    """The command's output, both streams as one; `Failed` if it does not exit with `status` (None: any)."""
    done = subprocess.run(
        command,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    if status is not None and done.returncode != status:
        raise Failed(f"{done.stdout}\n{' '.join(map(str, command))} ended with {done.returncode}, not {status}")
    return done.stdout


def make(folder: Path, steps: Sequence[Sequence[str]]) -> Path:
    """A new environment in `folder`, into which one step after another is installed; where its commands are."""
    run(sys.executable, "-m", "venv", folder)
    binaries = folder / "bin"
    run(binaries / "python", "-m", "pip", "install", "--quiet", "--upgrade", "pip")
    for step in steps:
        run(binaries / "python", "-m", "pip", "install", "--quiet", *step)
    return binaries


@dataclass
class Receiver:
    """Of OTLP by `http/protobuf`: where it is, and what it was sent."""

    endpoint: str
    bodies: list[bytes] = field(default_factory=list[bytes])

    @property
    def settings(self) -> dict[str, str]:
        """What makes an application send there."""
        return {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint}

    def missing(self, *parts: bytes) -> list[str]:
        """Those that have not arrived."""
        arrived = b"".join(self.bodies)
        return [part.decode() for part in parts if part not in arrived]


SENT = (b"lastchunk.stream.termination.reason", b"smoke_agent", b"lastchunk.stream.ended")
"""Of the application's stream: its span, the agent's name, and a metric."""


@contextmanager
def receiver(status: int = 200) -> Iterator[Receiver]:
    """One that answers with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
