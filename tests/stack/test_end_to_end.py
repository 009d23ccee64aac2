# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A real AutoGen service, several workers, agent, two gateways, backends, Prometheus: what is cut arrives, and counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.stack import otlp
from tests.stack.prometheus import Prometheus
from tests.stack.run import SERVICE, Plan, workers
from tests.stack.servers import LOOPBACK, Server, get, wait_for
from tests.stack.tiers import MakeCollector, Tiers

WORKERS, STREAMS, HEALTHY_PERCENT = 4, 100, 20
CUT = {
    "silent_cut": "truncated",
    "rst": "connection_lost",
    "incomplete_chunked": "connection_lost",
    "length": "length",
    "content_filter": "content_filter",
    "error_object": "provider_error",
    "malformed_json": "protocol_error",
    "stall": "timeout",
    "leave": "abandoned",
}
"""What is done to a stream, and the reason that must be counted for it."""
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(name="models")
def _models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def plans(models: ModelServer) -> tuple[list[Plan], Counter[str]]:
    """For each worker its streams, a twentieth of them cut, in every way in turn; how often each reason is due."""
    made: list[Plan] = [[] for _ in range(WORKERS)]
    due: Counter[str] = Counter()
    ways = list(CUT)
    for index in range(WORKERS * STREAMS):
        way = ways[index // 20 % len(ways)] if index % 20 == 0 else "clean"
        does = "leave" if way == "leave" else "read"
        url = models.url("clean" if way == "leave" else way)
        patience = 6.0 if way == "stall" else 30.0
        made[index % WORKERS].append({"url": url, "does": does, "team": index % 3 == 0, "patience": patience})
        due[CUT.get(way, "completed")] += 1
    return made, due


@pytest.mark.parametrize("path", ["scraped", "pushed"])
def test_every_cutoff_arrives_whole_and_is_counted(
    path: str,
    collector: MakeCollector,
    started: list[Server],
    models: ModelServer,
    tmp_path: Path,
    needs: Callable[[str], None],
    figure: Callable[[str], None],
) -> None:
    needs("prometheus")
    prometheus = Prometheus(tmp_path / "prometheus", {})
    overlays = ("prometheus3.yaml",) if path == "pushed" else ()
    tiers = Tiers(
        collector,
        started,
        tmp_path,
        *overlays,
        agent={"METRICS_ENDPOINT": prometheus.otlp},
        HEALTHY_PERCENT=str(HEALTHY_PERCENT),
        DECISION_WAIT_SECONDS="60",
        DECISION_WAIT_AFTER_ROOT_SECONDS="2",
    )
    scraped = {"lastchunk-streams": [tiers.agent.metrics_port]} if path == "scraped" else {}
    prometheus = Prometheus(tmp_path / "prometheus", scraped, port=prometheus.port)
    started.append(prometheus.start())

    made, due = plans(models)
    ran = workers(made, tiers.agent, tmp_path, seconds=240, OTEL_TRACES_EXPORTER="otlp,console")
    exported: dict[str, set[str]] = defaultdict(set)
    cut: set[str] = set()
    kept: set[str] = set()
    for span in (span for worker in ran for span in worker.spans):
        trace = span["context"]["trace_id"].removeprefix("0x")
        exported[trace].add(span["context"]["span_id"].removeprefix("0x"))
        if span["attributes"].get(semconv.CUTOFF):
            cut.add(trace)
        if span["status"]["status_code"] == "ERROR":
            kept.add(trace)
    assert len(cut) == sum(due.values()) - due["completed"]

    # Traces: every cutoff whole, on one gateway; of the healthy a share, whole too.
    def cut_arrived() -> bool:
        first, second = (backend.traces() for backend in tiers.backends)
        return all((first | second).get(trace) == exported[trace] for trace in cut)

    wait_for(cut_arrived, "every cutoff arrives whole", 40, 0.5)
    for gateway in tiers.gateways:
        gateway.stop()  # decides what is pending
    first, second = (backend.traces() for backend in tiers.backends)
    assert not first.keys() & second.keys()
    assert first
    assert second
    healthy = exported.keys() - cut - kept
    arrived = (first.keys() | second.keys()) & healthy
    expected, tolerance = len(healthy) * HEALTHY_PERCENT / 100, 4 * (len(healthy) * 0.2 * 0.8) ** 0.5
    assert expected - tolerance <= len(arrived) <= expected + tolerance
    assert all((first | second)[trace] == exported[trace] for trace in arrived)
    figure(f"{len(cut)} cut traces of {len(exported)}, all whole; of {len(healthy)} healthy ones {len(arrived)}")

    # Log records: one for each cutoff.
    cutoffs = sum(due.values()) - due["completed"]
    logs = tiers.backends[0]
    wait_for(lambda: len(cutoff_records(logs)) >= cutoffs, "every cutoff is logged", 20)
    assert len(cutoff_records(logs)) == cutoffs
    assert all({semconv.REMEDY, semconv.RUNBOOK} <= record.keys() for record in cutoff_records(logs))

    # Metrics: what the application did.
    job = f'job="shop/{SERVICE}", deployment_environment_name="staging"'
    ours = f'{{{job}, lastchunk_stream_outermost="true"}}'
    wait_for(
        lambda: prometheus.value(f"sum(lastchunk_stream_ended_total{ours})") >= sum(due.values()), "all is counted", 30
    )
    counted = prometheus.query(f"sum by (lastchunk_stream_termination_reason) (lastchunk_stream_ended_total{ours})")
    assert {labels["lastchunk_stream_termination_reason"]: round(value) for labels, value in counted} == due
    assert prometheus.value(f"sum(lastchunk_stream_cutoffs_total{ours})") == cutoffs
    instances = prometheus.query(f"count by (instance) (lastchunk_stream_ended_total{ours})")
    assert len(instances) == WORKERS
    assert prometheus.value(f"sum(lastchunk_stream_open{{{job}}})") == 0
    traces = {exemplar.get("trace_id") for exemplar in prometheus.exemplars(f"lastchunk_stream_cutoffs_total{ours}")}
    assert traces
    assert traces <= cut
    names = {
        (labels["__name__"], frozenset(name for name in labels if not name.startswith("otel_scope_")))
        for labels, _ in prometheus.query(f'{{{job}, __name__=~"autogen_.*|gen_ai_.*"}}')
    }
    SEEN[path] = names
    if len(SEEN) == 2:
        assert SEEN["scraped"] == SEEN["pushed"]


SEEN: dict[str, set[tuple[str, frozenset[str]]]] = {}
"""The names and labels of the metrics, by the path on which they came."""


def cutoff_records(backend: otlp.Backend) -> list[dict[str, object]]:
    """The attributes of the cutoff events that the backend for logs took."""
    records = [record for record in backend.records() if record.get("eventName") == semconv.CUTOFF_EVENT]
    return [otlp.plain(record["attributes"]) for record in records]


@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
def test_one_collector_alone(
    temporality: str, collector: MakeCollector, backend: otlp.Backend, models: ModelServer, tmp_path: Path
) -> None:
    """minimal.yaml: traces to a backend and a file, cutoffs to that file, metrics to be scraped."""
    look = tmp_path / "streams.jsonl"
    endpoint = f"{backend.otlp}/v1/traces"
    server = collector("minimal.yaml", TRACES_ENDPOINT=endpoint, LOOK_FILE=str(look)).start()
    plan = [{"url": models.url(way), "does": "read"} for way in ("clean", "clean", "silent_cut")]
    workers([plan], server, tmp_path, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=temporality)

    def streams() -> list[str]:
        return [span["spanId"] for span in backend.spans() if span["scope"] == semconv.SCOPE]

    wait_for(lambda: len(streams()) == 2 * len(plan), "both spans of every run arrive")
    wait_for(lambda: semconv.CUTOFF_EVENT in look.read_text(), "the cutoff is in the file")
    assert all(span in look.read_text() for span in streams())
    page = get(f"http://{LOOPBACK}:{server.metrics_port}/metrics")
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    ours = [sample for sample in samples if sample.labels.get("lastchunk_stream_outermost") == "true"]
    assert sum(sample.value for sample in ours if sample.name == "lastchunk_stream_ended_total") == len(plan)
    assert sum(sample.value for sample in ours if sample.name == "lastchunk_stream_cutoffs_total") == 1
    assert {sample.labels["job"] for sample in ours} == {f"shop/{SERVICE}"}
