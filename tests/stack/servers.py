# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Real servers as processes on loopback ports: started, watched, stopped and killed by a test."""

from __future__ import annotations

import functools
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
CONFIGURATIONS = ROOT / "collector-config"
LOOPBACK = "127.0.0.1"
T = TypeVar("T")
_PACKAGES = {
    "nginx": "`apt-get install nginx-light`, or the like",
    "haproxy": "`apt-get install haproxy`, or the like",
    "victoria-metrics": "`apt-get install victoria-metrics`, or the like",
}
"""What is had more quickly than by `scripts/stack-servers`."""
_SOON = 30.0
"""Seconds within which a server that starts at all has started, on a busy machine."""


class Missing(Exception):
    """A server that is not on this machine; the message says in one sentence how to get it."""


class NotStarted(Exception):
    """A server that ended instead of serving; the message is what it logged."""


@functools.cache
def binary(name: str) -> Path:
    """The server of that name: from the cache of `scripts/stack-servers` if it is built there, else from the path."""
    folder = subprocess.run(
        [ROOT / "scripts" / "stack-servers", "dir"], check=True, capture_output=True, text=True
    ).stdout.strip()
    built = Path(folder) / name
    if built.exists():
        return built
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        how = _PACKAGES.get(name) or "`scripts/stack-servers` builds or installs it"
        raise Missing(f"{name} is missing: {how}.")
    return Path(path)


def _own_ports() -> list[int]:
    """Ports that no other of pytest's workers gives to a server, below those that the system gives to connections."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw8").removeprefix("gw")) % 9
    ports = list(range(15_000 + worker * 1_900, 15_000 + (worker + 1) * 1_900))
    random.shuffle(ports)
    return ports


_ports = itertools.cycle(_own_ports())
"""One after the other, because a server takes its port only some time after it was given."""


def free_port(*hosts: str) -> int:
    """A port that nobody listens on, on each of the hosts."""
    for port in itertools.islice(_ports, 50):
        try:
            for host in {LOOPBACK, *hosts}:
                with socket.socket() as probe:
                    probe.bind((host, port))
        except OSError:
            continue
        return port
    raise AssertionError("no free port")


def wait_for(what: Callable[[], T], said: str, seconds: float = _SOON, every: float = 0.1) -> T:
    """What the function returns once that is true of it; `AssertionError` with what was said, after these seconds."""
    until = time.monotonic() + seconds
    while not (value := what()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds:.0f} s: {said}; last: {value!r}")
        time.sleep(every)
    return value


def get(url: str, seconds: float = 5.0) -> str:
    """The body of a page; empty if there is none (yet)."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            return str(response.read().decode())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return ""


class Server:
    """A process with a log and a page that answers once it serves."""

    def __init__(self, command: Sequence[str | Path], folder: Path, ready: str, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._command = [str(part) for part in command]
        self._ready = ready
        self._environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | environment
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, seconds: float = _SOON) -> Self:
        """Start it, and return when it serves, within these seconds. Raises `NotStarted` if it ends before."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.folder, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            wait_for(self._serves, f"{self._command[0]} serves {self._ready}", seconds)
        except BaseException:
            self.kill()
            raise
        return self

    def _serves(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise NotStarted(self.said())
        return bool(get(self._ready))

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def cost(self) -> tuple[float, float]:
        """Seconds of processor time so far, and MiB of resident memory now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return seconds, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self, seconds: float = _SOON) -> None:
        """Ask it to end, and wait until it has."""
        self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        """End it at once: kill -9."""
        self._end(signal.SIGKILL, 10.0)

    def _end(self, how: signal.Signals, seconds: float) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(seconds)
        self._process = None


class Collector(Server):
    """An OpenTelemetry Collector with one or several of the shipped files, and every port of its own."""

    def __init__(
        self,
        folder: Path,
        *files: str | Path,
        host: str = LOOPBACK,
        port: int | None = None,
        hosts: Path | None = None,
        **variables: str | None,
    ) -> None:
        self.host = host
        self.grpc_port = port or free_port(host)
        self.http_port, self.health_port = free_port(), free_port()
        self.metrics_port, self.self_port = free_port(), free_port()
        settings: dict[str, str | None] = {
            "OTLP_GRPC_LISTEN": f"{host}:{self.grpc_port}",
            "OTLP_HTTP_LISTEN": f"{host}:{self.http_port}",
            "HEALTH_LISTEN": f"{LOOPBACK}:{self.health_port}",
            "METRICS_LISTEN": f"{LOOPBACK}:{self.metrics_port}",
            "SELF_METRICS_PORT": str(self.self_port),
            "QUEUE_DIRECTORY": str(folder / "queue"),
            "BACKEND_TOKEN": "none",
        } | variables
        command: list[str | Path] = [binary("otelcol")]
        for file in files:
            command += ["--config", CONFIGURATIONS / file]
        if hosts is not None:
            # The resolver of Go reads /etc/hosts: a file in its place, for this process alone.
            mount = 'mount --bind "$0" /etc/hosts && exec "$@"'
            become = [] if os.geteuid() == 0 else ["--map-root-user"]
            command = ["unshare", *become, "--mount", "sh", "-c", mount, hosts, *command]
        given = {name: value for name, value in settings.items() if value is not None}
        super().__init__(command, folder, f"http://{LOOPBACK}:{self.health_port}/", given)

    @property
    def otlp(self) -> str:
        """Where applications send to, over HTTP."""
        return f"http://{self.host}:{self.http_port}"

    def validate(self) -> str:
        """What `validate` has against the files; empty if nothing."""
        at = self._command.index(str(binary("otelcol"))) + 1
        command = [*self._command[:at], "validate", *self._command[at:]]
        done = subprocess.run(command, env=self._environment, cwd=self.folder, capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def own(self, name: str, **labels: str) -> float:
        """The sum of one of its own metrics; with or without `_total`, which differs by how it is read."""
        total = 0.0
        for family in text_string_to_metric_families(get(f"http://{LOOPBACK}:{self.self_port}/metrics")):
            for sample in family.samples:
                if sample.name.removesuffix("_total") == name and labels.items() <= sample.labels.items():
                    total += sample.value
        return total
