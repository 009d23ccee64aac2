# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every query of every dashboard, on a real Prometheus that scrapes real Collectors behind a real application."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from lastchunk.monitoring.dashboards import ids
from lastchunk.monitoring.names import label
from lastchunk.semconv import Cause
from tests.grafana.dashboards import Query, queries
from tests.stack.backtest.server import BEGIN, Past
from tests.stack.prometheus import Prometheus
from tests.stack.run import SERVICE, Plan, workers
from tests.stack.servers import Server
from tests.stack.tiers import MakeCollector, Tiers

pytestmark = pytest.mark.timeout(300)

JOB = f"shop/{SERVICE}"
MODEL = "house/model:8b"
"""A service and a model with the characters that URLs and regular expressions could trip over."""
INTERVAL = 9
"""Seconds of a bar."""
REASON, CAUSE, AGENT = (
    label(name) for name in (semconv.TERMINATION_REASON, semconv.TERMINATION_CAUSE, semconv.AGENT_NAME)
)
ENDINGS = {
    "clean": ("completed", 40),
    "pause": ("completed", 4),
    "silent_cut": ("truncated", 3),
    "rst": ("connection_lost", 2),
    "stall": ("timeout", 2),
    "length": ("length", 2),
    "content_filter": ("content_filter", 2),
    "error_object": ("provider_error", 1),
    "http_400_context": ("rejected", 2),
    "http_429": ("rejected", 1),
}
"""What the model server does, the reason that is due, and how often."""
BEGAN, CUT = 56 + 4 + 1, 12 + 2 + 1  # the rest: one leaves, one cancels, a tool fails, a team recovers; and a job's
EMPTY = {
    **{f"Refused by Collectors/{target}": "nothing was refused" for target in "ABC"},
    **{f"Dropped by Collectors/{target}": "nothing was dropped" for target in "ABCDEF"},
    "Series merged by the SDK/A": "no instrument overflows",
    "Series of agents and models beyond the cap/A": "nothing is beyond the cap",
    "Streams that did not start/B": "it is of services without chat streams, and this one has some",
    "Context and output limits, by model/C": "it is of services without chat streams, and this one has some",
}
"""What has nothing to show, and why."""
FIRING = {"groups": [{"name": "test", "rules": [{"alert": "LastchunkTest", "expr": "vector(1)"}]}]}
"""An alert that fires always, for the panels and annotations of alerts."""


@dataclass
class Data:
    """A Prometheus with what an application and its Collectors left, and when that was."""

    prometheus: Prometheus
    begin: float
    end: float

    def filled(self, query: Query, **values: str) -> str:
        """The query as Grafana would send it for this time."""
        window = f"{math.ceil(self.end - self.begin)}s"
        step = {"__interval": f"{INTERVAL}s", "__rate_interval": "10s", "__rate_interval_ms": "10000"}
        return query.filled(**step, __range=window, **values)

    def ask(self, query: Query, **values: str) -> list[tuple[dict[str, str], list[float]]]:
        """What the panel would get: of an instant query the values at the end, else those over time."""
        expression = self.filled(query, **values)
        begin = self.end if query.instant else self.begin
        return self.prometheus.over_time(expression, begin, self.end, 1)

    def bars(self, query: Query, by: str) -> dict[str, float]:
        """What all bars of a panel add up to, if each stands beside the next."""
        begin = self.end - INTERVAL * math.ceil((self.end - self.begin) / INTERVAL)
        shown = self.prometheus.over_time(self.filled(query), begin, self.end, INTERVAL)
        return {labels[by]: sum(values) for labels, values in shown}


def plan(models: ModelServer) -> list[Plan]:
    """What two workers do."""
    streams: Plan = []
    for way, (_, times) in ENDINGS.items():
        for index in range(times):
            patience = 5.0 if way == "stall" else 30.0
            streams.append({"url": models.url(way), "does": "read", "team": index % 3 == 2, "patience": patience})
    clean = models.url("clean")
    streams.append({"url": clean, "does": "leave"})
    streams.append({"url": clean, "does": "cancel"})
    streams.append({"url": models.url("tool_call"), "does": "read", "tool": "broken"})
    streams.append({"url": models.url("silent_cut"), "second": clean, "does": "read", "team": True})
    # A histogram of which all was there when it was first seen has no rate: the streams are spread over several exports.
    for index, stream in enumerate(streams):
        stream |= {"model": MODEL, "after": index * 0.1}
    return [streams[::2], streams[1::2]]


@pytest.fixture(name="data")
def _data(collector: MakeCollector, started: list[Server], tmp_path: Path, needs: Callable[[str], None]) -> Data:
    needs("prometheus")
    tiers = Tiers(collector, started, tmp_path, DECISION_WAIT_SECONDS="30", DECISION_WAIT_AFTER_ROOT_SECONDS="1")
    own = [server.self_port for server in (tiers.agent, *tiers.gateways)]
    scraped = {"lastchunk-streams": [tiers.agent.metrics_port], "lastchunk-collectors": own}
    prometheus = Prometheus(tmp_path / "prometheus", scraped)
    rules, configuration = tmp_path / "firing.yml", tmp_path / "prometheus" / "prometheus.yml"
    rules.write_text(yaml.safe_dump(FIRING))
    configuration.write_text(yaml.safe_dump(yaml.safe_load(configuration.read_text()) | {"rule_files": [str(rules)]}))
    started.append(prometheus.start())
    time.sleep(2)  # the Collectors are seen before anything comes
    begin = time.time()
    settings = {
        "LASTCHUNK_STALL_AFTER": "1",
        "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=shop,service.version=1.2.3,deployment.environment.name=staging",
    }
    with ModelServer() as models:
        workers(plan(models), tiers.agent, tmp_path, OTEL_METRIC_EXPORT_INTERVAL="1000", **settings)
        # A job that exports once, when it ends: `increase` alone would not see its cutoff.
        job: Plan = [{"url": models.url("silent_cut"), "does": "read", "model": MODEL}]
        workers([job], tiers.agent, tmp_path, OTEL_METRIC_EXPORT_INTERVAL="3600000", **settings)
    time.sleep(4)  # what was sent last is scraped, and decided by the gateways
    return Data(prometheus, begin, time.time())


def named(name: str) -> Query:
    """The first query of a panel of the overview, by the name in the table of numbers."""
    return next(
        query for query in queries("prometheus") if query.panel == ids.OVERVIEW[name] and "overview" in query.dashboard
    )


def test_every_panel_shows_what_happened(data: Data, figure: Callable[[str], None]) -> None:
    """One run of the application, many looks at what it left: the run takes the time."""
    asked = queries("prometheus")
    answers = {str(query): data.ask(query) for query in asked}

    # Something, and no NaN, wherever there is something to show.
    empty = {query.place for query in asked if not answers[str(query)]}
    assert empty == set(EMPTY)
    for query in asked:
        for _, values in answers[str(query)]:
            assert not any(math.isnan(value) for value in values), query

    # What the panels claim: the numbers at the top, the rates and the kinds, are what was done.
    def last(name: str) -> dict[str, float]:
        return {_only(labels): values[-1] for labels, values in answers[str(named(name))]}

    assert last("ended_now") == {"": BEGAN}
    assert last("cut_now") == {"": CUT}
    assert last("rate_now")[""] == pytest.approx(CUT / BEGAN, rel=0.02)
    assert last("open_total") == {"": 0}
    chats = data.prometheus.value(f"sum(lastchunk_stream_ended_total{{{label(semconv.OPERATION_NAME)}='chat'}})")
    assert last("rejected_now")[""] == pytest.approx(3 / chats, rel=0.02)

    due = Counter({"abandoned": 1, "cancelled": 1, "tool_error": 1})
    for reason, times in ENDINGS.values():
        due[reason] += times
    due["completed"] += 1
    due["truncated"] += 1
    shown = answers[str(named("endings_by_reason"))]
    assert {labels[REASON] for labels, _ in shown} == set(due)
    assert data.bars(named("endings_by_reason"), REASON) == due
    for query in asked:
        if query.panel == ids.OVERVIEW["cutoffs_by_cause"] and "overview" in query.dashboard:
            causes = {labels[CAUSE] for labels, _ in answers[str(query)]}
            assert {Cause.IDLE_TIMEOUT, Cause.CONNECTION_LOST, Cause.CONTENT_FILTER, Cause.PROVIDER_ERROR} <= causes
    assert max(max(values) for _, values in answers[str(named("stalled_now"))]) > 0
    assert {labels["job"] for labels, _ in answers[str(named("series_present"))]} == {JOB}
    versions = answers["lastchunk-overview/New versions"]
    assert {(labels["job"], labels["service_version"]) for labels, _ in versions} == {(JOB, "1.2.3")}
    assert [labels["alertname"] for labels, _ in answers[str(named("alerts_prometheus"))]] == ["LastchunkTest"]
    assert max(max(values) for _, values in answers[str(named("series_present"))]) == 3
    figure(f"{len(asked)} queries; {BEGAN} streams, {CUT} of them cut")

    # A choice narrows: this service and this model show the same, another shows nothing.
    for query in asked:
        if query.panel and query.place not in EMPTY and '=~"$job"' in query.text:
            assert data.ask(query, job=JOB, environment="staging", model=MODEL), query
            assert not data.ask(query, job="another/service"), query
    agents = next(
        query for query in asked if query.panel == ids.SELECTION["timeline"] and "selection" in query.dashboard
    )
    assert {labels[AGENT] for labels, _ in data.ask(agents, agent="writer")} == {"writer"}


def _only(labels: dict[str, str]) -> str:
    return ",".join(labels.values())


def test_the_panels_of_the_path_take_the_newest_sample_and_the_full_share(
    started: list[Server], tmp_path: Path, needs: Callable[..., None]
) -> None:
    """Of a service with one process that is gone and one that lives, and of a queue that is a quarter full."""
    needs("prometheus", "promtool")
    open_ = 'lastchunk_stream_open{{job="shop/checkout",instance="{0}",lastchunk_stream_outermost="true"}} 1 {1}'
    queue = 'otelcol_exporter_queue_{0}{{instance="agent",exporter="otlp",data_type="traces"}} {1} {2}'
    lines = [
        *(open_.format("gone", BEGIN + second) for second in range(0, 61, 15)),
        *(open_.format("alive", BEGIN + second) for second in range(0, 181, 15)),
        *(queue.format(name, value, BEGIN + 180) for name, value in (("size", 25), ("capacity", 100))),
    ]
    started.append(prometheus := Past(tmp_path / "past", 300))
    prometheus.learn(tmp_path / "past.txt", lines)
    found = {}
    for query in queries("prometheus"):
        if query.dashboard == "lastchunk-path" and query.panel in (ids.PATH["age"], ids.PATH["queue"]):
            (values,) = prometheus.asked(query.filled(), BEGIN + 200, BEGIN + 200, "1m").values()
            found[query.panel] = [float(value) for value in values.values()]
    assert found == {ids.PATH["age"]: [20], ids.PATH["queue"]: [0.25]}
