# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Web servers that are asked to stop: what docs/production.md says of each is seen to happen."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.newcomer.fresh import SENT, Failed, Receiver, environment, receiver

PACKAGES = ("fastapi", "uvicorn", "gunicorn", "uvicorn-worker", "opentelemetry-instrumentation-fastapi")
_FOLDER = Path(__file__).parent
_PATIENCE = 90.0
"""Seconds to begin to serve, and to end."""
_LATE = "3600000"
"""Milliseconds until a batch is sent by itself: what arrives was sent when the server was asked to stop."""


@dataclass(frozen=True)
class Server:
    """A way to serve, as one types it behind `opentelemetry-instrument`."""

    name: str
    command: Sequence[str]
    by: int = signal.SIGTERM


SERVERS = (
    Server("uvicorn", ("uvicorn", "web_application:app", "--port", "{port}")),
    Server("uvicorn, Ctrl-C", ("uvicorn", "web_application:app", "--port", "{port}"), signal.SIGINT),
    Server("uvicorn --workers 2", ("uvicorn", "web_application:app", "--port", "{port}", "--workers", "2")),
    Server("uvicorn --reload", ("uvicorn", "web_application:app", "--port", "{port}", "--reload")),
    Server(
        "gunicorn --preload, uvicorn's worker",
        (
            *("gunicorn", "web_application:app", "--bind", "127.0.0.1:{port}", "--workers", "2", "--preload"),
            *("--worker-class", "uvicorn_worker.UvicornWorker"),
        ),
    ),
)


def try_server(binaries: Path, server: Server) -> str:
    """Serve an answer, and ask the server to stop; a line about it. `Failed` if the answer's telemetry is lost."""
    with receiver() as receives, _serving(binaries, server, receives) as (process, port, log):
        answer = _ask(process, port, log)
        if not answer.endswith("whole\n"):
            raise Failed(f"{server.name}: the answer is {answer!r}")
        if receives.bodies:
            raise Failed(f"{server.name}: something was sent before the server was asked to stop")
        began = time.monotonic()
        os.kill(process.pid, server.by)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{log.read_text()}\n{server.name} does not end") from None
        seconds = time.monotonic() - began
        if missing := receives.missing(*SENT):
            raise Failed(f"{log.read_text()}\n{server.name}: {', '.join(missing)} did not arrive")
        if "Traceback" in log.read_text():
            raise Failed(f"{log.read_text()}\n{server.name}: a traceback")
    return f"{server.name}: nothing is lost, and it ends in {seconds:.1f} s"


@contextmanager
def _serving(binaries: Path, server: Server, receives: Receiver) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        command = [str(binaries / "opentelemetry-instrument"), str(binaries / server.command[0])]
        command += [part.format(port=port) for part in server.command[1:]]
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=_FOLDER,
                env=environment(
                    PATH=f"{binaries}{os.pathsep}{os.environ['PATH']}",
                    OTEL_BSP_SCHEDULE_DELAY=_LATE,
                    OTEL_BLRP_SCHEDULE_DELAY=_LATE,
                    OTEL_METRIC_EXPORT_INTERVAL=_LATE,
                    **receives.settings,
                ),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process, port, log
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ask(process: subprocess.Popen[bytes], port: int, log: Path) -> str:
    """The answer, once the server serves."""
    ends = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < ends:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/chat", timeout=_PATIENCE) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.1)  # it does not listen yet
    raise Failed(f"{log.read_text()}\nthe server does not serve")
