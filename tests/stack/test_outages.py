# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Nothing that was acknowledged is lost: backends down, agents killed, gateways dead, and all of it at once."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lastchunk.semconv import Reason
from tests.stack import otlp
from tests.stack.otlp import Backend
from tests.stack.prometheus import Prometheus
from tests.stack.servers import Collector, NotStarted, Server, wait_for
from tests.stack.tiers import GATEWAYS, MakeCollector, Sender, Tiers

Figure = Callable[[str], None]
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(name="tiers")
def _tiers(collector: MakeCollector, started: list[Server], tmp_path: Path) -> Tiers:
    return Tiers(collector, started, tmp_path)


def all_arrive(tiers: Tiers, sender: Sender, figure: Figure, seconds: float = 90.0) -> None:
    """Every acknowledged span arrives; how long that took, and how many came twice, is a figure."""
    begin = time.monotonic()
    wait_for(lambda: tiers.missing(sender.acknowledged) == 0, "every acknowledged span arrives", seconds, 0.5)
    count = sum(len(ids) for ids in sender.acknowledged.values())
    took = time.monotonic() - begin
    figure(f"{count} spans acknowledged, all there after {took:.0f} s more, {tiers.twice()} copies too many")


def test_every_trace_has_one_gateway(tiers: Tiers, figure: Figure) -> None:
    with Sender(tiers.agent) as sender:
        time.sleep(10)
    all_arrive(tiers, sender, figure)
    first, second = (backend.traces().keys() for backend in tiers.backends)
    assert first
    assert second
    assert not first & second
    assert tiers.twice() == 0


def test_the_backends_are_down_for_a_minute(tiers: Tiers, figure: Figure) -> None:
    with Sender(tiers.agent) as sender:
        time.sleep(3)
        for backend in tiers.backends:
            backend.stop()
        time.sleep(60)
        for backend in tiers.backends:
            backend.start()
        time.sleep(3)
    all_arrive(tiers, sender, figure)


def test_the_agent_is_killed(tiers: Tiers, figure: Figure) -> None:
    with Sender(tiers.agent) as sender:
        for gateway in tiers.gateways:
            gateway.stop()
        time.sleep(5)
        tiers.agent.kill()
        time.sleep(1)
        tiers.agent.start()
        time.sleep(5)
        for gateway in tiers.gateways:
            gateway.start()
        time.sleep(3)
    all_arrive(tiers, sender, figure)


@pytest.mark.parametrize(("path", "left"), [("scraped", 0), ("pushed", 7)])
def test_the_metrics_of_a_job_whose_agent_is_killed(
    path: str, left: int, collector: MakeCollector, started: list[Server], tmp_path: Path, needs: Callable[[str], None]
) -> None:
    """The job has ended and sends them no more. Pushed, they wait on disk; to be scraped, in memory."""
    needs("prometheus")
    prometheus = Prometheus(tmp_path / "prometheus", {})
    overlays = ("prometheus3.yaml",) if path == "pushed" else ()
    settings = {"GATEWAY_HOST": "localhost", "LOGS_ENDPOINT": "http://127.0.0.1:1/v1/logs"}
    agent = collector("agent.yaml", *overlays, name="agent", METRICS_ENDPOINT=prometheus.otlp, **settings).start()
    assert otlp.send(agent.otlp, otlp.counter_request("jobs.done", 7), path="metrics") == 200
    time.sleep(2)
    agent.kill()
    agent.start()
    started.append(prometheus.start())
    if path == "scraped":
        prometheus.scrape({"lastchunk-streams": [agent.metrics_port]})
        wait_for(lambda: prometheus.value('up{job="lastchunk-streams"}') == 1, "the agent is scraped")
    else:
        wait_for(lambda: prometheus.value("jobs_done_total") == 7, "what waited arrives", 60)
    assert prometheus.value("jobs_done_total") == left


def test_a_gateway_goes_and_its_name_forgets_it(tiers: Tiers, figure: Figure) -> None:
    """It ends as on a roll-out (SIGTERM: it decides and queues what it holds), and comes back later for its queue."""
    gone = tiers.gateways[1]
    with Sender(tiers.agent) as sender:
        time.sleep(3)
        gone.stop()
        time.sleep(5)
        tiers.resolve(GATEWAYS[0])
        time.sleep(20)
        before = tiers.agent.own("otelcol_exporter_queue_size", exporter="load_balancing")
        gone.start()
        tiers.resolve(*GATEWAYS)
        time.sleep(8)
    figure(f"items in the agent's queue 20 s after the name forgot the gateway: {before:.0f}")
    all_arrive(tiers, sender, figure)


def test_all_of_it_at_once(tiers: Tiers, figure: Figure) -> None:
    """Backends down, one gateway gone for good, the agent killed; then only what is left comes back."""
    with Sender(tiers.agent) as sender:
        time.sleep(3)
        for backend in tiers.backends:
            backend.stop()
        tiers.gateways[1].stop()
        time.sleep(3)
        tiers.agent.kill()
        tiers.agent.start()
        time.sleep(10)
        tiers.resolve(GATEWAYS[0])
        time.sleep(15)
        tiers.agent.kill()
        tiers.gateways[0].stop()
        tiers.gateways[0].start()
        tiers.agent.start()
        for backend in tiers.backends:
            backend.start()
        tiers.gateways[1].start()  # its queue is its own; another instance would have been given its volume
        time.sleep(5)
    all_arrive(tiers, sender, figure)


def test_what_a_killed_gateway_loses(collector: MakeCollector, started: list[Server], tmp_path: Path) -> None:
    """Only what waits for its decision: no cutoff, and nothing that was decided a few seconds before."""
    settings = {"DECISION_WAIT_SECONDS": "60", "DECISION_WAIT_AFTER_ROOT_SECONDS": "30", "HEALTHY_PERCENT": "0"}
    tiers = Tiers(collector, started, tmp_path, **settings)
    before, cut_later = ([otlp.stream(Reason.TRUNCATED) for _ in range(50)] for _ in range(2))
    for spans in before:
        assert otlp.send(tiers.agent.otlp, otlp.request(spans)) == 200
    for early, *_ in cut_later:
        assert otlp.send(tiers.agent.otlp, otlp.request([early])) == 200
    time.sleep(4)
    for gateway in tiers.gateways:
        gateway.kill()
    for gateway in tiers.gateways:
        gateway.start()
    for _, *late in cut_later:
        assert otlp.send(tiers.agent.otlp, otlp.request(late)) == 200
    kept = otlp.whole(span for spans in before for span in spans)
    kept |= otlp.whole(span for _, *late in cut_later for span in late)
    wait_for(lambda: tiers.missing(kept) == 0, "every cutoff arrives, with what came with it", 30)
    assert tiers.missing(otlp.whole(early for early, *_ in cut_later)) == len(cut_later)


def fill(agent: Collector) -> tuple[set[int], dict[str, set[str]]]:
    """Send 20,000 spans to it; with what it answered, and what it acknowledged."""
    acknowledged: dict[str, set[str]] = {}
    answers = set()
    for _ in range(100):
        spans = [span for _ in range(50) for span in otlp.stream()]
        answers.add(answer := otlp.send(agent.otlp, otlp.request(spans)))
        if answer == 200:
            acknowledged |= otlp.whole(spans)
    return answers, acknowledged


def test_a_full_queue_refuses_and_loses_nothing(collector: MakeCollector, backend: Backend) -> None:
    settings = {"GATEWAY_HOST": "localhost", "GATEWAY_PORT": str(backend.grpc_port), "QUEUE_SPANS": "4000"}
    agent = collector("agent.yaml", name="agent", LOGS_ENDPOINT="http://127.0.0.1:1/v1/logs", **settings).start()
    backend.stop()
    answers, acknowledged = fill(agent)
    assert answers == {200, 503}
    assert agent.own("otelcol_exporter_enqueue_failed_spans") > 0
    backend.start()

    def missing() -> int:
        taken = backend.traces()
        return sum(len(ids - taken.get(trace, set())) for trace, ids in acknowledged.items())

    wait_for(lambda: not missing(), "every acknowledged span arrives", 60, 0.5)


def test_a_full_disk_refuses(collector: MakeCollector, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """And may lose: the queue cannot even delete there. So the queue must be full before the disk is."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    request.addfinalizer(lambda: subprocess.run(["umount", "-l", disk], check=True))
    settings = {"GATEWAY_HOST": "localhost", "GATEWAY_PORT": "1", "QUEUE_DIRECTORY": str(disk / "q")}
    agent = collector("agent.yaml", name="agent", LOGS_ENDPOINT="http://127.0.0.1:1/v1/logs", **settings).start()
    answers, _ = fill(agent)
    assert answers == {200, 503}
    assert agent.own("otelcol_exporter_enqueue_failed_spans") > 0


def test_a_queue_directory_is_not_shared(collector: MakeCollector, tmp_path: Path) -> None:
    settings = {"GATEWAY_HOST": "localhost", "LOGS_ENDPOINT": "http://127.0.0.1:1/v1/logs"}
    settings["QUEUE_DIRECTORY"] = str(tmp_path / "queue")
    collector("agent.yaml", name="one", **settings).start()
    with pytest.raises(NotStarted, match="timeout"):
        collector("agent.yaml", name="other", **settings).start()
