# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Sends a real, empty export of each signal, with the application's headers and certificates, and reports the result.

It is not made by OpenTelemetry's exporters: they log, and try again, where here the first answer is what counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from lastchunk.doctor.telemetry.probe import SILENCES, Listener, Trust, look
from lastchunk.doctor.telemetry.signals import GRPC, HTTP, Signal, Target

_SERVICES = {
    Signal.TRACES: "trace.v1.TraceService",
    Signal.METRICS: "metrics.v1.MetricsService",
    Signal.LOGS: "logs.v1.LogsService",
}
_LEAST = 1.0
"""Seconds that are at least left to find out why an export failed."""


class Outcome(StrEnum):
    """The result of an export."""

    DELIVERED = "delivered"
    UNRESOLVED = "unresolved"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DROPS = "drops"
    SILENT = "silent"
    TLS_SILENT = "tls_silent"
    UNTRUSTED = "untrusted"
    OTHER_NAME = "other_name"
    EXPIRED = "expired"
    TLS_FAILED = "tls_failed"
    PLAIN = "plain"
    WANTS_TLS = "wants_tls"
    WRONG_PROTOCOL = "wrong_protocol"
    UNAUTHENTICATED = "unauthenticated"
    WRONG_PATH = "wrong_path"
    NOT_TAKEN = "not_taken"
    """It receives OTLP, but not this signal."""
    NOT_OTLP = "not_otlp"
    REJECTED = "rejected"
    """It answered something else than the outcomes above."""
    FAILED = "failed"
    """No answer came, and the reason is not known."""
    NO_PROTOCOL = "no_protocol"
    """OpenTelemetry for Python has no such protocol."""
    BAD_ENDPOINT = "bad_endpoint"
    """The endpoint is not a valid address."""
    NOT_INSTALLED = "not_installed"
    """What would send it is not installed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outcome, with a status or the system's words, which may name the host."""

    outcome: Outcome
    said: str = ""


def deliver(target: Target, timeout: float) -> Delivery:
    """Send an empty export. If it fails, see what listens there. Takes about `timeout` seconds."""
    ends = time.monotonic() + timeout
    senders: dict[str, Callable[[Target, float], Delivery]] = {GRPC: _by_grpc, HTTP: _by_http}
    if target.protocol not in senders:
        return Delivery(Outcome.NO_PROTOCOL)
    try:
        host, port = target.host, target.port
    except ValueError:
        return Delivery(Outcome.BAD_ENDPOINT, "its port is not a number from 0 to 65535")
    if not host or (target.protocol == HTTP and not target.endpoint.lower().startswith(("http://", "https://"))):
        return Delivery(Outcome.BAD_ENDPOINT, "it does not begin with http:// or https://")
    try:
        delivery = senders[target.protocol](target, timeout)
    except ImportError as missing:
        return Delivery(Outcome.NOT_INSTALLED, f"no module {missing.name}")
    if delivery.outcome is not Outcome.FAILED:
        return delivery
    trust = Trust(target.certificate, target.client_certificate, target.client_key) if target.secure else None
    found, said = look(host, port, trust, max(ends - time.monotonic(), _LEAST))
    return _explained(target, found, said, timeout) or delivery


def _explained(target: Target, found: Listener, said: str, timeout: float) -> Delivery | None:
    """Why an export failed, if what listens there is the reason."""
    speaks = {Listener.HTTP_1: HTTP, Listener.HTTP_2: GRPC}.get(found)
    if speaks:
        return None if speaks == target.protocol else Delivery(Outcome.WRONG_PROTOCOL, speaks)
    if found is Listener.CLOSES:
        return None
    return Delivery(Outcome(found), f"waited for {timeout:g} s" if found in SILENCES else said)


def _by_http(target: Target, timeout: float) -> Delivery:
    import requests

    client = (target.client_certificate, target.client_key) if target.client_key else target.client_certificate
    try:
        with requests.post(
            target.endpoint,
            data=b"",
            headers={**target.headers, "content-type": "application/x-protobuf"},
            timeout=timeout,
            verify=target.certificate or True,
            cert=client or None,
            allow_redirects=False,
            stream=True,
        ) as answer:
            return _of_status(answer.status_code, answer.headers.get("content-type", ""), answer.raw.read(200))
    except (requests.RequestException, OSError) as error:
        return Delivery(Outcome.FAILED, type(error).__name__)


def _of_status(status: int, content: str, body: bytes) -> Delivery:
    said = f"HTTP {status}"
    if status == 400 and b"HTTPS" in body:
        return Delivery(Outcome.WANTS_TLS, said)
    if 200 <= status < 300:
        is_page = content.startswith("text/html")
        return Delivery(Outcome.NOT_OTLP, f"{said}, {content}") if is_page else Delivery(Outcome.DELIVERED, said)
    known = {
        401: Outcome.UNAUTHENTICATED,
        403: Outcome.UNAUTHENTICATED,
        404: Outcome.WRONG_PATH,
        405: Outcome.WRONG_PATH,
    }
    return Delivery(known.get(status, Outcome.REJECTED), said)


def _by_grpc(target: Target, timeout: float) -> Delivery:
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it would write to the terminal
    import grpc

    address = target.endpoint.partition("://")[2].partition("/")[0] or target.endpoint
    try:
        channel = (
            grpc.secure_channel(address, _credentials(target)) if target.secure else grpc.insecure_channel(address)
        )
        with channel:
            export = channel.unary_unary(f"/opentelemetry.proto.collector.{_SERVICES[target.signal]}/Export")
            export(b"", timeout=timeout, metadata=tuple(target.headers.items()))
        return Delivery(Outcome.DELIVERED, "gRPC OK")
    except grpc.RpcError as error:
        return _of_code(error.code(), error.details() or "")
    except OSError as error:
        return Delivery(Outcome.TLS_FAILED, f"{error.strerror}: a certificate file")


def _of_code(code: object, details: str) -> Delivery:
    name = str(getattr(code, "name", code))
    said = f"gRPC {name}"
    if (
        name in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "INTERNAL", "UNKNOWN")
        and "http2 header" not in details
    ):
        return Delivery(Outcome.FAILED, said)
    if "http2 header" in details:  # an HTTP server that also has HTTP/2
        return Delivery(Outcome.WRONG_PROTOCOL, HTTP)
    known = {"UNAUTHENTICATED": Outcome.UNAUTHENTICATED, "PERMISSION_DENIED": Outcome.UNAUTHENTICATED}
    return Delivery(Outcome.NOT_TAKEN if name == "UNIMPLEMENTED" else known.get(name, Outcome.REJECTED), said)


def _credentials(target: Target) -> Any:
    import grpc

    def read(file: str) -> bytes | None:
        return Path(file).read_bytes() if file else None

    return grpc.ssl_channel_credentials(
        read(target.certificate), read(target.client_key), read(target.client_certificate)
    )
