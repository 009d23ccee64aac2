# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A Collector that has no memory left refuses: the application goes on serving, ends in time, and somebody is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lastchunk.model_server.server import ModelServer
from tests.stack import otlp
from tests.stack.otlp import Backend
from tests.stack.prometheus import Prometheus
from tests.stack.run import Ran, workers
from tests.stack.servers import Collector, Server, wait_for

MakeCollector = Callable[..., Collector]
STREAMS = 300
EXIT_BOUND = 15.0
"""Seconds that the README promises for the end of a process, with the settings that it gives."""
ADDED = 2.5
"""Seconds by which the slowest stream may be slower than without an overload. An export gives up after three."""
NO_ROOM = {"MEMORY_LIMIT_MIB": "2", "MEMORY_SPIKE_MIB": "1"}
"""Less than the Collector needs for itself (4 MiB after a collection): it refuses from its first look at the memory on."""
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(name="models")
def _models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def agent(collector: MakeCollector, backend: Backend, name: str, **settings: str) -> Collector:
    settings = {"GATEWAY_HOST": "localhost", "GATEWAY_PORT": str(backend.grpc_port)} | settings
    return collector("agent.yaml", name=name, LOGS_ENDPOINT=f"{backend.otlp}/v1/logs", **settings).start()


def test_the_application_serves_and_ends(
    collector: MakeCollector, backend: Backend, models: ModelServer, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    plan = [{"url": models.url("clean"), "does": "read"}] * STREAMS
    ran: dict[str, Ran] = {}
    for name, memory in (("with room", {}), ("refusing", NO_ROOM)):
        server = agent(collector, backend, name, **memory)
        (ran[name],) = workers([plan], server, tmp_path)
        refused = server.own("otelcol_receiver_refused_spans") + server.own("otelcol_receiver_failed_spans")
        assert (refused > 0) == (name == "refusing")
    added = ran["refusing"].slowest - ran["with room"].slowest
    figure(f"the slowest of {STREAMS} streams took {added * 1000:+.0f} ms; the end {ran['refusing'].exit_took:.1f} s")
    assert added < ADDED
    assert ran["refusing"].exit_took < EXIT_BOUND


def test_somebody_is_told(
    collector: MakeCollector,
    backend: Backend,
    started: list[Server],
    tmp_path: Path,
    needs: Callable[[str], None],
) -> None:
    """Refused for a minute; and a gateway's name that leads nowhere fills the queue."""
    needs("prometheus")
    refusing = agent(collector, backend, "refusing", **NO_ROOM)
    waiting = agent(collector, backend, "waiting", QUEUE_SPANS="600", GATEWAY_PORT="1")
    ports = [refusing.self_port, waiting.self_port]
    started.append(prometheus := Prometheus(tmp_path / "prometheus", {"lastchunk-collectors": ports}))
    prometheus.start()
    ended = threading.Event()

    def send() -> None:
        while not ended.wait(0.5):
            body = otlp.request(otlp.stream())
            for server in (refusing, waiting):
                otlp.send(server.otlp, body)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    for _ in range(160):
        otlp.send(waiting.otlp, otlp.request(otlp.stream()))
    due = {"LastchunkPathRefuses", "LastchunkPathQueueFills", "LastchunkPathDrops"}
    try:
        wait_for(lambda: prometheus.firing() >= due, f"{due} fire", 150, 1.0)
    finally:
        ended.set()
        sender.join()
    assert prometheus.firing() == due
