# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the tiers cost: the figures of collector-config/README.md. Processor time, because the machine is shared."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack import otlp
from tests.stack.otlp import Backend, Made
from tests.stack.servers import Collector, Server

MakeCollector = Callable[..., Collector]
Figure = Callable[[str], None]
SPANS = 40_000
CHUNKS = 20
pytestmark = pytest.mark.timeout(300)


def bodies(*, root: bool) -> list[bytes]:
    """Requests of 400 spans: streams with chunk events, the root with them or not."""
    made = []
    for _ in range(SPANS // 400):
        spans: list[Made] = []
        for _ in range(100):
            post, chat, agent, top = otlp.stream()
            chat = Made(chat.trace, chat.name, agent.id, chat.attributes, chunks=CHUNKS)
            last = top if root else Made(top.trace, "execute_tool", agent.id)
            spans += [post, chat, agent, last]
        made.append(otlp.request(spans))
    return made


def pass_through(server: Collector, requests: list[bytes]) -> float:
    """Processor seconds for these requests."""
    before, _ = server.cost()
    for body in requests:
        assert otlp.send(server.otlp, body) == 200
    after, _ = server.cost()
    return after - before


def test_an_agent(collector: MakeCollector, backend: Backend, figure: Figure) -> None:
    ports = {"GATEWAY_HOST": "localhost", "GATEWAY_PORT": str(backend.grpc_port)}
    server = collector("agent.yaml", name="agent", LOGS_ENDPOINT=f"{backend.otlp}/v1/logs", **ports).start()
    requests = bodies(root=True)
    seconds = pass_through(server, requests)
    _, memory = server.cost()
    size = sum(map(len, requests)) / SPANS
    figure(f"{SPANS / seconds:.0f} spans per second of one core ({size:.0f} bytes each), {memory:.0f} MiB")
    assert SPANS / seconds > 1000


def test_a_gateway(collector: MakeCollector, backend: Backend, figure: Figure) -> None:
    settings = {"TRACES_ENDPOINT": f"{backend.otlp}/v1/traces", "DECISION_WAIT_AFTER_ROOT_SECONDS": "2"}
    server = collector("gateway.yaml", "../tests/stack/over-http.yaml", name="gateway", **settings).start()
    seconds = pass_through(server, bodies(root=True))
    _, memory = server.cost()
    figure(f"{SPANS / seconds:.0f} spans per second of one core, {memory:.0f} MiB")
    assert SPANS / seconds > 1000


def test_what_a_gateway_holds(collector: MakeCollector, backend: Backend, figure: Figure) -> None:
    """Traces whose root has not come wait for DECISION_WAIT_SECONDS in memory."""
    settings = {"TRACES_ENDPOINT": f"{backend.otlp}/v1/traces", "HEALTHY_PERCENT": "0", "GOMEMLIMIT": "1200MiB"}
    server = collector("gateway.yaml", "../tests/stack/over-http.yaml", name="gateway", **settings).start()
    _, before = server.cost()
    pass_through(server, bodies(root=False))
    _, after = server.cost()
    figure(f"{(after - before) * 1024 / SPANS:.1f} KiB for each span that waits, {after - before:.0f} MiB for {SPANS}")
    assert server.own("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early") == 0


def test_what_a_queue_holds(collector: MakeCollector, started: list[Server], tmp_path: Path, figure: Figure) -> None:
    settings = {"GATEWAY_HOST": "localhost", "GATEWAY_PORT": "1", "LOGS_ENDPOINT": "http://127.0.0.1:1/v1/logs"}
    server = collector("agent.yaml", name="agent", **settings).start()
    sent = 0
    for body in itertools.islice(bodies(root=True), 50):
        sent += 400 * (otlp.send(server.otlp, body) == 200)
    size = sum(file.stat().st_size for file in (tmp_path / "agent" / "queue").iterdir())
    figure(f"{size / sent / 1024:.1f} KiB on disk for each span that waits, {size / 2**20:.0f} MiB for {sent}")
    assert sent == 20_000
