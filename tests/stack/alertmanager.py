# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A real Alertmanager with the shipped example, and the webhook to which it posts."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from lastchunk.monitoring.settings import Settings
from tests.stack.servers import LOOPBACK, ROOT, Server, binary, free_port

EXAMPLE = ROOT / "grafana" / "alerts" / "alertmanager-example.yml"
_WAITS = ("group_wait", "group_interval")


@dataclass(frozen=True)
class Notification:
    """One alert that Alertmanager posted to a receiver."""

    at: float
    """The moment, on the monotonic clock."""
    receiver: str
    status: str
    """`firing` or `resolved`."""
    labels: dict[str, str]
    annotations: dict[str, str]


class Webhook:
    """Takes what Alertmanager posts, at /<receiver>."""

    def __init__(self) -> None:
        self._taken: list[Notification] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:
                body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                now, receiver = time.monotonic(), handler.path.strip("/")
                self._taken += [
                    Notification(now, receiver, alert["status"], alert["labels"], alert["annotations"])
                    for alert in body["alerts"]
                ]
                handler.send_response(200)
                handler.end_headers()

            def log_message(handler, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where receivers are."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def notified(self, status: str = "firing", **labels: str) -> list[Notification]:
        """What came so far about alerts with these labels."""
        return [one for one in self._taken if one.status == status and labels.items() <= one.labels.items()]

    def kill(self) -> None:
        """Stop receiving."""
        self._server.shutdown()
        self._server.server_close()


class Alertmanager(Server):
    """The shipped example, as fast as the rules, with the webhook as both receivers."""

    def __init__(self, folder: Path, webhook: Webhook, settings: Settings) -> None:
        self.port = free_port()
        example = yaml.safe_load(EXAMPLE.read_text())
        _sped_up(example["route"], settings)
        for receiver in example["receivers"]:
            for hook in receiver["webhook_configs"]:
                hook["url"] = f"{webhook.url}/{hook['url'].rsplit('/', 1)[1]}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(example))
        command: list[str | Path] = [
            binary("alertmanager"),
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
            "--cluster.listen-address=",
        ]
        super().__init__(command, folder, f"http://{LOOPBACK}:{self.port}/-/ready", {})


def _sped_up(route: dict[str, Any], settings: Settings) -> None:
    """How long a group gathers; how often it is repeated is beyond any test."""
    for name in _WAITS:
        if name in route:
            route[name] = settings.time(route[name])
    for below in route.get("routes", []):
        _sped_up(below, settings)
