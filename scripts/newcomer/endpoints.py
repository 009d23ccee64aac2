# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Endpoints that take no telemetry: the application does its work all the same, ends soon, and the doctor says why."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.newcomer.fresh import APPLICATION, Failed, receiver, run

ADVISED = {"OTEL_EXPORTER_OTLP_TIMEOUT": "3"}
"""As docs/production.md advises."""
_LONGEST = 120.0
"""Seconds for the application's whole run, with Python's start: more than three exports that wait for three seconds each."""


@dataclass(frozen=True)
class Endpoint:
    """Where telemetry is sent, and the word with which the doctor tells it apart."""

    name: str
    address: AbstractContextManager[str]
    says: str


@contextmanager
def _nobody() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def _silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def _wrong_key() -> Iterator[str]:
    with receiver(401) as receives:
        yield receives.endpoint


@contextmanager
def _no_network() -> Iterator[str]:
    yield "http://collector.invalid:4318"


def endpoints() -> tuple[Endpoint, ...]:
    """Each with what is done to it."""
    return (
        Endpoint("nobody listens", _nobody(), "the connection is refused"),
        Endpoint("a wrong key", _wrong_key(), "it does not accept the credentials"),
        Endpoint("no network", _no_network(), "this machine cannot resolve the host's name"),
        Endpoint("it never answers", _silent(), "does not answer"),
    )


def try_endpoint(binaries: Path, endpoint: Endpoint) -> str:
    """Run the application against it; a line about it."""
    with endpoint.address as address:
        settings = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT": address, **ADVISED}
        alone = _seconds(binaries, {"OTEL_SDK_DISABLED": "true"})
        seconds = _seconds(binaries, settings)
        if seconds > _LONGEST:
            raise Failed(f"{endpoint.name}: the application ended after {seconds:.0f} s")
        said = run(binaries / "lastchunk", "doctor", "--json", "--timeout", "2", status=1, **settings)
        found = json.loads(said[said.index("{\n") :])
    evidence = [check["evidence"] for check in found["checks"] if check["id"] == "otlp.traces"]
    if not evidence or endpoint.says not in evidence[0]:
        raise Failed(f"{endpoint.name}: the doctor says {evidence}, not {endpoint.says!r}")
    later = max(seconds - alone, 0)
    return f"{endpoint.name}: the application does its work, and ends {later:.1f} s later than without telemetry"


def _seconds(binaries: Path, settings: Mapping[str, str]) -> float:
    began = time.monotonic()
    said = run(binaries / "opentelemetry-instrument", binaries / "python", APPLICATION, **settings)
    if "application: received 2 messages" not in said:
        raise Failed(f"{said}\nthe application did not do its work")
    return time.monotonic() - began
