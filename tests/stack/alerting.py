# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""All that stands between a fault and a pager, with rules that take a minute for an hour, and the services of `faults`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lastchunk.model_server.actions import Script
from lastchunk.model_server.scripts import SCRIPTS
from lastchunk.model_server.server import ModelServer
from lastchunk.monitoring.alerts import files
from lastchunk.monitoring.settings import load
from tests.stack import past
from tests.stack.alertmanager import Alertmanager, Webhook
from tests.stack.faults import BACKENDS, SCENES
from tests.stack.otlp import Backend
from tests.stack.prometheus import Prometheus
from tests.stack.servers import LOOPBACK, Collector, get, wait_for
from tests.stack.services import Service

_SHIPPED = load()
_RUNG = next(rung for rung in _SHIPPED.ladder if rung.long == _SHIPPED.hour)
"""Of the others the windows are a few seconds at this speed, and hold no sample."""
SETTINGS = replace(
    _SHIPPED,
    speed=60,
    ladder=(_RUNG,),
    grafana_url="https://grafana.example",
    runbook_url="https://git.example/grafana",
)


class Deployment:
    """Servers, services and their pasts; healthy, until it is broken."""

    def __init__(
        self,
        collector: Callable[..., Collector],
        backend: Backend,
        models: ModelServer,
        started: list[object],
        folder: Path,
    ) -> None:
        self.models = models
        traces = {"TRACES_ENDPOINT": f"{backend.otlp}/v1/traces"}
        own = "../tests/stack/{}.yaml".format
        self.agent = collector("minimal.yaml", own("sooner"), name="agent", **traces).start()
        self.gateway = collector("gateway.yaml", own("over-http"), name="gateway", OPEN_TRACES="10", **traces).start()
        self.services = {name: Service(name, self.agent, folder, **scene.settings) for name, scene in SCENES.items()}
        for service in self.services.values():
            started.append(service)
        self._serve(faulty=False)
        for service in self.services.values():
            service.start()

        self.webhook = Webhook()
        started.append(self.webhook)
        self.alertmanager = Alertmanager(folder / "alertmanager", self.webhook, SETTINGS)
        rules = folder / "rules"
        rules.mkdir()
        for name, text in files(SETTINGS).items():
            if Path(name).parent.name == "prometheus":
                (rules / Path(name).name).write_text(text)
        pasts = {self.services[name].job: scene.past for name, scene in SCENES.items() if scene.past is not None}
        past.make(folder / "prometheus", pasts, rules.iterdir(), SETTINGS)
        wait_for(self._all_stream, "every service has streams", 180, 1.0)
        self.prometheus = Prometheus(
            folder / "prometheus",
            self.targets(),
            interval="3s",
            rules=rules / "*.yml",
            alertmanager=self.alertmanager.port,
        )
        started.append(self.prometheus.start())
        # Prometheus takes some seconds to find its targets, which are minutes to these rules: until then nobody listens.
        wait_for(
            lambda: self.prometheus.value("sum(up)") == 3 and not self.prometheus.fires(), "all is scraped", 120, 1.0
        )
        started.append(self.alertmanager.start())

    def targets(self, *, collectors: bool = True) -> dict[str, list[int]]:
        """What is scraped; or what is, once nobody looks after the Collectors themselves."""
        own = [self.agent.self_port, self.gateway.self_port] if collectors else []
        return {"lastchunk-streams": [self.agent.metrics_port], SETTINGS.collectors_job: own}

    def _all_stream(self) -> bool:
        for service in self.services.values():
            assert service.lives(), service.said()
        page = get(f"http://{LOOPBACK}:{self.agent.metrics_port}/metrics")
        return all(f'job="{service.job}"' in page for service in self.services.values())

    def _serve(self, *, faulty: bool) -> None:
        for name, scene in SCENES.items():
            every = scene.every if faulty else scene.before or scene.every
            self.services[name].serve(scene.plan(self.models, faulty=faulty), every)

    def break_all(self, scripts: dict[str, Script]) -> float:
        """Every fault begins. Returns the moment, on the monotonic clock."""
        began = time.monotonic()
        scripts.update({backend: SCRIPTS[script] for backend, script in BACKENDS.items()})
        self._serve(faulty=True)
        for name, scene in SCENES.items():
            if scene.ends == "process":
                self.services[name].kill()
        return began


def healthy_scripts() -> dict[str, Script]:
    """What the model server follows before anything breaks."""
    return {**SCRIPTS, **dict.fromkeys(BACKENDS, SCRIPTS["clean"])}
