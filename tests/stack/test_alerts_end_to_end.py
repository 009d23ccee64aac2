# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""From a fault to somebody's pager: real applications, Collector, Prometheus, Alertmanager and webhook, a minute an hour.

Twelve services run side by side, each with faults of its own (`faults.py`); one has none, and is healthy as long.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from lastchunk.model_server.actions import Script
from lastchunk.model_server.scripts import SCRIPTS
from lastchunk.model_server.server import ModelServer
from lastchunk.monitoring.alerts import groups
from lastchunk.monitoring.alerts.promql import JOB, MODEL
from lastchunk.monitoring.panels import OF_MODELS
from tests.stack import otlp
from tests.stack.alerting import SETTINGS, Deployment, healthy_scripts
from tests.stack.alertmanager import Notification, Webhook
from tests.stack.faults import ELSEWHERE, OF_THE_PATH, SCENES, Raised
from tests.stack.prometheus import Prometheus
from tests.stack.servers import wait_for

pytestmark = pytest.mark.timeout(900)
BEFORE = 40.0
"""Seconds without a fault, at the beginning."""
AFTER = 300.0
"""Seconds after the faults in which everything must be notified; on an idle machine it takes two minutes."""
ALERTS = {alert.name: alert for group in groups(SETTINGS) for alert in group.alerts}


def test_every_alert_is_raised() -> None:
    """Each alert is raised here or by the test that is named. No other alert is expected."""
    here = {raised.alert for scene in SCENES.values() for raised in scene.raises} | set(OF_THE_PATH)
    assert not here & ELSEWHERE.keys()
    assert here | ELSEWHERE.keys() == ALERTS.keys()
    for name, where in ELSEWHERE.items():
        assert name.removeprefix("Lastchunk") in (Path(__file__).parent / where.split(":")[0]).read_text()


@pytest.fixture(name="scripts")
def _scripts() -> dict[str, Script]:
    return healthy_scripts()


@pytest.fixture(name="models")
def _models(scripts: dict[str, Script]) -> Iterator[ModelServer]:
    with ModelServer(scripts) as server:
        yield server


def test_each_fault_notifies_its_own_alerts(
    needs: Callable[..., None],
    collector: Any,
    backend: otlp.Backend,
    models: ModelServer,
    scripts: dict[str, Script],
    started: list[Any],
    tmp_path: Path,
    figure: Callable[[str], None],
) -> None:
    needs("prometheus", "promtool", "alertmanager")
    begin = time.monotonic()
    all_of = Deployment(collector, backend, models, started, tmp_path)
    webhook, prometheus = all_of.webhook, all_of.prometheus
    figure(f"{time.monotonic() - begin:.0f} s until all runs")
    time.sleep(BEFORE)
    assert heard_of_services(webhook) == set()

    due = [(name, raised) for name, scene in SCENES.items() for raised in scene.raises]
    began = all_of.break_all(scripts)

    def came(name: str, raised: Raised) -> list[Notification]:
        return webhook.notified(alertname=raised.alert, job=f"shop/{name}", **raised.labels)

    def missing() -> list[tuple[str, Raised]]:
        return [one for one in due if not came(*one)]

    with contextlib.suppress(AssertionError):
        wait_for(lambda: not missing(), "each fault notifies", AFTER, 1.0)
    assert missing() == []
    for name, raised in due:
        first = came(name, raised)[0]
        figure(f"{first.at - began:4.0f} s from the fault of {name} to {raised.alert}")
        carries_what_one_needs(first)

    # Nobody hears of anything else: not of the healthy service, and not of what a page says already.
    wait_for(lambda: fires(prometheus, "cut", "LastchunkCutoffsSlow"), "the budget burns slowly too", AFTER, 1.0)
    raised_by_all = {(name, raised.alert) for name, raised in due}
    may = {(name, alert) for name, scene in SCENES.items() for alert in scene.may}
    assert raised_by_all <= heard_of_services(webhook) <= raised_by_all | may
    refused = prometheus.value('sum(lastchunk:outermost_cut:1h{job="shop/refused"})')
    began_there = prometheus.value('sum(lastchunk:outermost_began:1h{job="shop/refused"})')
    (rung,) = SETTINGS.ladder
    assert refused >= rung.floor
    assert refused >= rung.share * began_there
    figure(f"{time.monotonic() - began:4.0f} s of faults around the healthy service, without a notification")

    scripts["resets"] = SCRIPTS["clean"]
    ended = time.monotonic()
    wait_for(lambda: webhook.notified("resolved", alertname="LastchunkCutoffsFast", job="shop/cut"), "resolved", 120)
    figure(f"{time.monotonic() - ended:4.0f} s from the fault's end to resolved")

    the_path_breaks(all_of, figure)


def heard_of_services(webhook: Webhook) -> set[tuple[str, str]]:
    """The pairs of service and alert that were notified. A scrape that takes a second too long is a fault of the path."""
    came = [one for one in webhook.notified() if one.labels[JOB] != SETTINGS.collectors_job]
    return {(one.labels[JOB].removeprefix("shop/"), one.labels["alertname"]) for one in came}


def fires(prometheus: Prometheus, name: str, alert: str) -> bool:
    """Prometheus says so, whether or not somebody is notified."""
    return any((labels[JOB], labels["alertname"]) == (f"shop/{name}", alert) for labels in prometheus.fires())


def the_path_breaks(all_of: Deployment, figure: Callable[[str], None]) -> None:
    """Collectors fail, too. While one is down, no alert says that its services are gone."""
    webhook = all_of.webhook

    def notified(alert: str, fault: Callable[[], object] = lambda: None) -> None:
        begin = time.monotonic()

        def came() -> list[Notification]:
            fault()
            came = webhook.notified(alertname=alert, job=SETTINGS.collectors_job)
            return [one for one in came if one.at > begin]

        (first, *_) = wait_for(came, f"{alert} is notified", 120, 0.5)
        figure(f"{first.at - begin:4.0f} s from the fault of a Collector to {alert}")
        carries_what_one_needs(first)

    def flood() -> None:
        for _ in range(40):
            otlp.send(all_of.gateway.otlp, otlp.request(otlp.stream()))

    notified("LastchunkSamplesTooEarly", flood)
    all_of.agent.kill()
    notified("LastchunkPathDown")
    wait_for(lambda: fires(all_of.prometheus, "healthy", "LastchunkTelemetryGone"), "telemetry is gone", 120, 1.0)
    time.sleep(5)
    assert not webhook.notified(job=all_of.services["healthy"].job)
    all_of.prometheus.scrape(all_of.targets(collectors=False))
    notified("LastchunkPathUnseen")


def carries_what_one_needs(one: Notification) -> None:
    """Its receiver is that of its severity; its links go to its runbook entry, and to its panel with the variables filled in."""
    alert = ALERTS[one.labels["alertname"]]
    assert one.labels["severity"] == SETTINGS.severities[alert.severity]
    assert one.receiver == alert.severity
    file, anchor = one.annotations["runbook_url"].split("#")
    assert file == f"{SETTINGS.runbook_url}/runbook.md"
    assert f"#{anchor}" == alert.anchor
    dashboard = one.annotations["dashboard_url"]
    assert dashboard.startswith(f"{SETTINGS.grafana_url}/d/lastchunk-")
    if alert.name not in OF_THE_PATH:
        assert f"&var-job={quote_plus(one.labels[JOB])}" in dashboard
    if MODEL in one.labels and alert.panel in OF_MODELS:
        assert f"&var-model={quote_plus(one.labels[MODEL])}" in dashboard
    assert one.labels[JOB] in one.annotations["summary"] or alert.name in OF_THE_PATH
    for text in one.annotations.values():
        assert "{{" not in text
        assert "<no value>" not in text
