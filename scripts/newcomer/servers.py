# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Web servers that are asked to stop: what docs/production.md says of each is seen to happen."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from scripts.newcomer.fresh import SENT, Failed, Receiver, environment, receiver

PACKAGES = ("fastapi", "uvicorn", "gunicorn", "uvicorn-worker", "opentelemetry-instrumentation-fastapi")
_FOLDER = Path(__file__).parent
_PATIENCE = 90.0
"""Seconds to begin to serve, and to end."""
_START = "opentelemetry-instrument"
_LATE = "3600000"
"""Milliseconds until a batch is sent by itself: what arrives was sent when the server was asked to stop."""


@dataclass(frozen=True)
class Server:
    """A way to serve, as one types it."""

    name: str
    command: Sequence[str]
    by: int = signal.SIGTERM
    folder: Path = _FOLDER
    requests: Sequence[tuple[str, object]] = (("/chat", None),)
    """Paths, each with the JSON that is posted there; None for a GET. The last answer counts."""
    answer: str = "whole"
    """How it ends."""
    sent: Sequence[bytes] = SENT
    """What must arrive of its telemetry."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of its environment."""


SERVERS = (
    Server("uvicorn", (_START, "uvicorn", "web_application:app", "--port", "{port}")),
    Server("uvicorn, Ctrl-C", (_START, "uvicorn", "web_application:app", "--port", "{port}"), signal.SIGINT),
    Server("uvicorn --workers 2", (_START, "uvicorn", "web_application:app", "--port", "{port}", "--workers", "2")),
    Server("uvicorn --reload", (_START, "uvicorn", "web_application:app", "--port", "{port}", "--reload")),
    Server(
        "gunicorn --preload, uvicorn's worker",
        (
            *(_START, "gunicorn", "web_application:app", "--bind", "127.0.0.1:{port}", "--workers", "2", "--preload"),
            *("--worker-class", "uvicorn_worker.UvicornWorker"),
        ),
    ),
)


def try_server(binaries: Path, server: Server) -> str:
    """Serve an answer, and ask the server to stop; a line about it. `Failed` if the answer's telemetry is lost."""
    with receiver() as receives, _serving(binaries, server, receives) as (process, port, log):
        answer = ""
        for path, body in server.requests:
            answer = _ask(process, f"http://127.0.0.1:{port}{path}", body, log)
        if not answer.rstrip().endswith(server.answer):
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
        if missing := receives.missing(*server.sent):
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
        command = [part.format(port=port) for part in server.command]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [binaries / command[0], *command[1:]],
                cwd=server.folder,
                env=environment(
                    PATH=f"{binaries}{os.pathsep}{os.environ['PATH']}",
                    OTEL_BSP_SCHEDULE_DELAY=_LATE,
                    OTEL_BLRP_SCHEDULE_DELAY=_LATE,
                    OTEL_METRIC_EXPORT_INTERVAL=_LATE,
                    **receives.settings,
                    **server.variables,
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


def _ask(process: subprocess.Popen[bytes], url: str, body: object, log: Path) -> str:
    """The answer, once the server serves."""
    asked = urllib.request.Request(url, headers={"content-type": "application/json"})
    if body is not None:
        asked.data = json.dumps(body).encode()
    ends = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < ends:
        try:
            with urllib.request.urlopen(asked, timeout=_PATIENCE) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as refused:
            raise Failed(f"{log.read_text()}\n{url}: {refused.code}: {refused.read().decode()}") from refused
        except OSError:
            time.sleep(0.1)  # it does not listen yet
    raise Failed(f"{log.read_text()}\nthe server does not serve")
