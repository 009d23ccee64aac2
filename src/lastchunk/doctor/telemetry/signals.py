# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where each signal goes, as OpenTelemetry's SDK reads it from the environment: exporters, endpoint, protocol, headers."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit


class Signal(StrEnum):
    """What OpenTelemetry sends, each with settings of its own."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


GRPC, HTTP = "grpc", "http/protobuf"
PORTS = {GRPC: 4317, HTTP: 4318}
"""Where a Collector listens for each protocol, unless it is told otherwise."""
_BY_NAME = {"otlp_proto_grpc": GRPC, "otlp_proto_http": HTTP}


@dataclass(frozen=True, slots=True)
class Target:
    """Where OTLP of one signal is sent, and how."""

    signal: Signal
    protocol: str
    """`grpc`, `http/protobuf`, or any other text, with which OpenTelemetry does not start."""
    endpoint: str
    """As it is used: with the path of the signal, if it is HTTP."""
    headers: Mapping[str, str]
    certificate: str = ""
    """A file with the trusted certificates; empty for the system's."""
    client_certificate: str = ""
    client_key: str = ""
    secure: bool = False
    """TLS."""
    variable: str = ""
    """The environment variable that names the endpoint; empty for the default."""

    @property
    def host(self) -> str:
        """Without port and brackets."""
        return self._parts.hostname or ""

    @property
    def port(self) -> int:
        """The URL's port, else the default of its scheme or protocol. Raises `ValueError` if it is not a port."""
        usual = PORTS[GRPC] if self.protocol == GRPC else 443 if self.secure else 80
        return self._parts.port or usual

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.endpoint if "://" in self.endpoint else f"//{self.endpoint}")


def exporters(signal: Signal, environ: Mapping[str, str], *, has_distro: bool) -> list[str]:
    """The names of a signal's exporters. Empty: nothing of it is sent. The distro makes `otlp` the default."""
    names = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "otlp" if has_distro else "")
    if names.strip().lower() in ("", "none"):
        return []
    return [name.strip() for name in names.split(",")]


def targets(environ: Mapping[str, str], *, has_distro: bool) -> Iterator[Target]:
    """Each signal's target, if it is sent by OTLP."""
    for signal in Signal:
        for name in exporters(signal, environ, has_distro=has_distro):
            if name == "otlp" or name in _BY_NAME:
                yield _target(signal, _BY_NAME.get(name) or protocol(signal, environ), environ)


def protocol(signal: Signal, environ: Mapping[str, str]) -> str:
    """The protocol that `otlp` means: `grpc` unless it is set."""
    return (_either(signal, "PROTOCOL", environ)[1] or GRPC).strip()


def headers(given: str) -> Mapping[str, str]:
    """Names and values, as the exporters read them; what they cannot read, they leave out."""
    try:
        # Here and not above: the doctor must start where OpenTelemetry does not.
        from opentelemetry.util.re import parse_env_headers
    except ImportError:
        return {}
    logger = logging.getLogger("opentelemetry.util.re")
    was, logger.disabled = logger.disabled, True  # it would print the header
    try:
        return parse_env_headers(given, liberal=True)
    finally:
        logger.disabled = was


def _target(signal: Signal, protocol: str, environ: Mapping[str, str]) -> Target:
    variable, endpoint = _either(signal, "ENDPOINT", environ)
    if not endpoint:
        endpoint = f"http://localhost:{PORTS.get(protocol, PORTS[HTTP])}"
    if protocol != GRPC and variable != f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT":
        endpoint = f"{endpoint.removesuffix('/')}/v1/{signal}"
    return Target(
        signal,
        protocol,
        endpoint,
        headers(_either(signal, "HEADERS", environ)[1]),
        _either(signal, "CERTIFICATE", environ)[1],
        _either(signal, "CLIENT_CERTIFICATE", environ)[1],
        _either(signal, "CLIENT_KEY", environ)[1],
        _is_secure(signal, protocol, endpoint, environ),
        variable,
    )


def _is_secure(signal: Signal, protocol: str, endpoint: str, environ: Mapping[str, str]) -> bool:
    scheme = urlsplit(endpoint).scheme
    if protocol != GRPC or scheme == "https":
        return scheme == "https"
    # The exporter for gRPC lets this setting win over `http://`, and needs it for an endpoint without a scheme.
    insecure = _either(signal, "INSECURE", environ)[1]
    return insecure.strip().lower() != "true" if insecure else scheme != "http"


def _either(signal: Signal, setting: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable for this signal, else the one for all signals, with its value. Both are empty if neither is set."""
    for variable in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_{setting}", f"OTEL_EXPORTER_OTLP_{setting}"):
        if environ.get(variable, "").strip():
            return variable, environ[variable].strip()
    return "", ""
