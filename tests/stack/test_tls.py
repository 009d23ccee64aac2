# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Mutual TLS and a token between the tiers: it works, and every wrong key is refused and says so."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack import certificates, otlp
from tests.stack.certificates import Certificates
from tests.stack.otlp import Backend
from tests.stack.servers import Collector, wait_for

MakeCollector = Callable[..., Collector]
HOST = "localhost"
TOKEN = "a-token-for-this-test"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(name="ours")
def _ours(tmp_path: Path) -> Certificates:
    return certificates.make(tmp_path / "ours", HOST)


@pytest.fixture(name="theirs")
def _theirs(tmp_path: Path) -> Certificates:
    """Of another authority."""
    return certificates.make(tmp_path / "theirs", HOST)


@pytest.fixture(name="gateway")
def _gateway(collector: MakeCollector, backend: Backend, ours: Certificates) -> Collector:
    waits = {"DECISION_WAIT_SECONDS": "1", "DECISION_WAIT_AFTER_ROOT_SECONDS": "0.2", "HEALTHY_PERCENT": "100"}
    endpoint = f"{backend.otlp}/v1/traces"
    settings = {"TLS_DIRECTORY": str(ours.folder)} | waits | {"TRACES_ENDPOINT": endpoint, "GATEWAY_TOKEN": TOKEN}
    return collector("gateway.yaml", "tls-gateway.yaml", name="gateway", **settings).start()


def agent(collector: MakeCollector, gateway: Collector, keys: Certificates, token: str = TOKEN) -> Collector:
    settings = {
        "TLS_DIRECTORY": str(keys.folder),
        "GATEWAY_HOST": HOST,
        "GATEWAY_PORT": str(gateway.grpc_port),
        "GATEWAY_TOKEN": token,
    }
    logs = "http://127.0.0.1:1/v1/logs"
    return collector("agent.yaml", "tls-agent.yaml", name="agent", LOGS_ENDPOINT=logs, **settings).start()


def refused(server: Collector, *words: str) -> None:
    """It says in its log, in these words, that it was refused."""
    assert otlp.send(server.otlp, otlp.request(otlp.stream())) == 200
    wait_for(lambda: all(word in server.said() for word in words), f"the log says {words}; it says {server.said()}", 20)


def test_works(collector: MakeCollector, gateway: Collector, backend: Backend, ours: Certificates) -> None:
    sent = otlp.stream()
    assert otlp.send(agent(collector, gateway, ours).otlp, otlp.request(sent)) == 200
    wait_for(lambda: backend.traces() == otlp.whole(sent), "the trace arrives", 20)


def test_a_gateway_of_another_authority_gets_nothing(
    collector: MakeCollector,
    gateway: Collector,
    backend: Backend,
    ours: Certificates,
    theirs: Certificates,
    tmp_path: Path,
) -> None:
    server = agent(collector, gateway, ours.believing(theirs, tmp_path / "wrong"))
    refused(server, "unknown authority")
    assert not backend.spans()
    assert server.own("otelcol_exporter_queue_size", exporter="load_balancing") > 0  # they wait for a better one


def test_an_agent_of_another_authority_is_refused(
    collector: MakeCollector,
    gateway: Collector,
    backend: Backend,
    ours: Certificates,
    theirs: Certificates,
    tmp_path: Path,
) -> None:
    server = agent(collector, gateway, theirs.believing(ours, tmp_path / "wrong"))
    refused(server, "unknown certificate")
    assert not backend.spans()
    assert server.own("otelcol_exporter_queue_size", exporter="load_balancing") > 0


def test_without_a_certificate_nobody_is_served(gateway: Collector, ours: Certificates) -> None:
    context = ssl.create_default_context(cafile=str(ours.ca))
    context.set_alpn_protocols(["h2"])

    def call() -> bytes:
        with (
            socket.create_connection((gateway.host, gateway.grpc_port), 5) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as secure,
        ):
            return secure.recv(100)

    with pytest.raises(ssl.SSLError, match="certificate required"):
        call()


def test_a_wrong_token_is_refused(
    collector: MakeCollector, gateway: Collector, backend: Backend, ours: Certificates
) -> None:
    server = agent(collector, gateway, ours, "a-wrong-token")
    refused(server, "Unauthenticated")
    assert not backend.spans()
    # The protocol calls this permanent: the spans are dropped, not kept for a better token. It is counted.
    wait_for(lambda: server.own("otelcol_exporter_send_failed_spans") > 0, "the failure is counted", 10)
