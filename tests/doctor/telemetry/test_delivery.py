# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An empty export to each kind of receiver, over real sockets: what is wrong is told apart."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from lastchunk.doctor.report.findings import Check, Status
from lastchunk.doctor.telemetry.delivery import Delivery, Outcome, deliver
from lastchunk.doctor.telemetry.receivers import check
from lastchunk.doctor.telemetry.signals import GRPC, HTTP, Signal, targets
from tests.doctor.servers import Authority, Receiver, grpc_receiver, http_receiver, nobody, silent_receiver

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TIMEOUT = 10.0
"""Seconds: more than any of these takes on a slow machine, unless it is about silence."""
SERVICES = {
    Signal.TRACES: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    Signal.METRICS: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    Signal.LOGS: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}


@pytest.fixture(name="authority")
def _authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "localhost,127.0.0.1")


def send(
    receiver: Receiver,
    protocol: str,
    *,
    tls: bool = False,
    timeout: float = TIMEOUT,
    host: str = "localhost",
    **more: str,
) -> tuple[Delivery, Check]:
    """Deliver traces there; the outcome, and what is said of it."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{'https' if tls else 'http'}://{host}:{receiver.port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        **{f"OTEL_EXPORTER_OTLP_{name}": value for name, value in more.items()},
    }
    target = next(target for target in targets(environ, has_distro=True) if target.signal is Signal.TRACES)
    delivery = deliver(target, timeout)
    return delivery, check(target, delivery)


@pytest.mark.parametrize("signal", list(Signal))
def test_a_good_receiver_by_http(signal: Signal):
    with http_receiver() as receiver:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://localhost:{receiver.port}/otlp/",
            "OTEL_EXPORTER_OTLP_PROTOCOL": HTTP,
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b,X-Team=c",
        }
        (target,) = (target for target in targets(environ, has_distro=True) if target.signal is signal)
        assert deliver(target, TIMEOUT).outcome is Outcome.DELIVERED

    ((path, headers),) = receiver.requests
    assert path == f"/otlp/v1/{signal}"
    assert (headers["api-key"], headers["x-team"]) == ("a b", "c")
    assert headers["content-type"] == "application/x-protobuf"


@pytest.mark.parametrize("signal", list(Signal))
def test_a_good_receiver_by_grpc(signal: Signal):
    with grpc_receiver() as receiver:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://localhost:{receiver.port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=secret",
        }
        (target,) = (target for target in targets(environ, has_distro=True) if target.signal is signal)
        assert deliver(target, TIMEOUT).outcome is Outcome.DELIVERED

    ((method, headers),) = receiver.requests
    assert method == SERVICES[signal]
    assert headers["api-key"] == "secret"


@pytest.mark.parametrize(
    ("make", "protocol", "outcome"),
    [
        (http_receiver(), GRPC, Outcome.WRONG_PROTOCOL),
        (grpc_receiver(), HTTP, Outcome.WRONG_PROTOCOL),
        (nobody(), GRPC, Outcome.REFUSED),
        (nobody(), HTTP, Outcome.REFUSED),
        (http_receiver(401), HTTP, Outcome.UNAUTHENTICATED),
        (http_receiver(403), HTTP, Outcome.UNAUTHENTICATED),
        (http_receiver(404), HTTP, Outcome.WRONG_PATH),
        (http_receiver(503), HTTP, Outcome.REJECTED),
        (http_receiver(302), HTTP, Outcome.REJECTED),
        (http_receiver(200, "text/html; charset=utf-8"), HTTP, Outcome.NOT_OTLP),
        (grpc_receiver(grpc.StatusCode.UNAUTHENTICATED), GRPC, Outcome.UNAUTHENTICATED),
        (grpc_receiver(grpc.StatusCode.PERMISSION_DENIED), GRPC, Outcome.UNAUTHENTICATED),
        (grpc_receiver(grpc.StatusCode.UNIMPLEMENTED), GRPC, Outcome.NOT_TAKEN),
        (grpc_receiver(grpc.StatusCode.RESOURCE_EXHAUSTED), GRPC, Outcome.REJECTED),
        (grpc_receiver(grpc.StatusCode.UNAVAILABLE), GRPC, Outcome.FAILED),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_tls(make: AbstractContextManager[Receiver], protocol: str, outcome: Outcome):
    with make as receiver:
        delivery, said = send(receiver, protocol)

    assert delivery.outcome is outcome
    assert said.status is (Status.WARNING if outcome is Outcome.REJECTED else Status.PROBLEM)
    assert said.remedy


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_who_says_nothing_is_not_waited_for(protocol: str):
    with silent_receiver() as receiver:
        delivery, said = send(receiver, protocol, timeout=0.5)

    assert delivery.outcome is Outcome.SILENT
    assert "(waited for 0.5 s)" in said.evidence
    assert "--timeout" in said.remedy


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_a_handshake_that_never_ends(protocol: str):
    with silent_receiver() as receiver:
        delivery, said = send(receiver, protocol, tls=True, timeout=0.5)

    assert delivery.outcome is Outcome.TLS_SILENT
    assert "the TLS handshake does not finish (waited for 0.5 s)" in said.evidence
    assert "write http://" in said.remedy


def test_a_wrong_port_names_the_right_protocol():
    with http_receiver() as receiver:
        _, said = send(receiver, GRPC)
    assert "it speaks HTTP, not gRPC" in said.evidence
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in said.remedy
    assert "4317" in said.remedy

    with grpc_receiver() as receiver:
        _, said = send(receiver, HTTP)
    assert "it speaks gRPC, not HTTP" in said.evidence
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" in said.remedy
    assert "4318" in said.remedy


@pytest.mark.parametrize(("make", "protocol"), [(http_receiver, HTTP), (grpc_receiver, GRPC)])
class TestTls:
    """With both protocols."""

    def test_trusted(self, make: Any, protocol: str, authority: Authority):
        with make(authority=authority) as receiver:
            delivery, _ = send(receiver, protocol, tls=True, CERTIFICATE=authority.file)
        assert delivery.outcome is Outcome.DELIVERED

    def test_untrusted(self, make: Any, protocol: str, authority: Authority):
        with make(authority=authority) as receiver:
            delivery, said = send(receiver, protocol, tls=True)
        assert delivery.outcome is Outcome.UNTRUSTED
        assert "OTEL_EXPORTER_OTLP_CERTIFICATE" in said.remedy

    def test_for_another_host(self, make: Any, protocol: str, authority: Authority):
        with make(authority=authority) as receiver:
            delivery, said = send(receiver, protocol, tls=True, host="127.0.0.1", CERTIFICATE=authority.file)
        assert delivery.outcome is Outcome.OTHER_NAME
        assert "the host name that the certificate is for" in said.remedy

    def test_that_has_expired(self, make: Any, protocol: str, authority: Authority):
        with make(authority=replace(authority, until=LONG_AGO)) as receiver:
            delivery, said = send(receiver, protocol, tls=True, CERTIFICATE=authority.file)
        assert delivery.outcome is Outcome.EXPIRED
        assert "Renew" in said.remedy

    def test_none_where_it_is_asked_for(self, make: Any, protocol: str, authority: Authority):
        with make() as receiver:
            delivery, said = send(receiver, protocol, tls=True, CERTIFICATE=authority.file)
        assert delivery.outcome is Outcome.PLAIN
        assert "http://" in said.remedy

    def test_where_none_is_asked_for(self, make: Any, protocol: str, authority: Authority):
        with make(authority=authority) as receiver:
            delivery, said = send(receiver, protocol)
        assert delivery.outcome is Outcome.WANTS_TLS
        assert "https://" in said.remedy

    def test_file_that_is_not_there(self, make: Any, protocol: str, authority: Authority):
        with make(authority=authority) as receiver:
            delivery, _ = send(receiver, protocol, tls=True, CERTIFICATE="/nowhere/ca.pem")
        assert delivery.outcome is Outcome.TLS_FAILED


def test_a_client_certificate(authority: Authority):
    certificate, key = authority.of_client()
    with http_receiver(authority=authority, wants_client=True) as receiver:
        without, _ = send(receiver, HTTP, tls=True, CERTIFICATE=authority.file)
        given, _ = send(
            receiver, HTTP, tls=True, CERTIFICATE=authority.file, CLIENT_CERTIFICATE=certificate, CLIENT_KEY=key
        )

    assert without.outcome is Outcome.TLS_FAILED
    assert given.outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("endpoint", "protocol", "outcome", "says", "remedy"),
    [
        ("localhost:4318", HTTP, Outcome.BAD_ENDPOINT, "does not begin with http", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("http://localhost:99999", HTTP, Outcome.BAD_ENDPOINT, "from 0 to 65535", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("http://localhost:port", GRPC, Outcome.BAD_ENDPOINT, "from 0 to 65535", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("http://localhost:1", "http/json", Outcome.NO_PROTOCOL, "by http/json", "OTEL_EXPORTER_OTLP_PROTOCOL"),
    ],
)
def test_what_cannot_be_sent(endpoint: str, protocol: str, outcome: Outcome, says: str, remedy: str):
    """The remedy names the variable that is wrong, and no other."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    target = next(targets(environ, has_distro=True))
    delivery = deliver(target, TIMEOUT)
    said = check(target, delivery)

    assert delivery.outcome is outcome
    assert says in said.evidence
    assert re.findall("OTEL_[A-Z_]+", said.remedy) == [remedy]


def test_a_name_that_is_not_known():
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://no-such-host.invalid:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": HTTP}

    assert deliver(next(targets(environ, has_distro=True)), TIMEOUT).outcome is Outcome.UNRESOLVED
