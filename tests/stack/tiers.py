# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The tiers as they are shipped: an agent, two gateways behind one name, a backend behind each; and a steady sender."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from lastchunk.semconv import Reason
from tests.stack import otlp
from tests.stack.otlp import Backend
from tests.stack.servers import Collector, Server, free_port

MakeCollector = Callable[..., Collector]
GATEWAYS = ("127.0.0.2", "127.0.0.3")
NAME = "gateways.test"


class Tiers:
    """An agent, two gateways behind one name, and a backend behind each."""

    def __init__(
        self,
        collector: MakeCollector,
        started: list[Server],
        folder: Path,
        *overlays: str,
        agent: dict[str, str] | None = None,
        **settings: str,
    ) -> None:
        self.hosts = folder / "hosts"
        self.resolve(*GATEWAYS)
        port = free_port(*GATEWAYS)
        self.backends = [Backend(folder / f"backend-{host}") for host in GATEWAYS]
        started += self.backends
        waits = {
            "DECISION_WAIT_SECONDS": "5",
            "DECISION_WAIT_AFTER_ROOT_SECONDS": "0.5",
            "HEALTHY_PERCENT": "100",
        } | settings
        self.gateways = [
            collector(
                "gateway.yaml", name=host, host=host, port=port, TRACES_ENDPOINT=f"{behind.otlp}/v1/traces", **waits
            )
            for host, behind in zip(GATEWAYS, self.backends, strict=True)
        ]
        logs = f"{self.backends[0].otlp}/v1/logs"
        to_gateways = {"GATEWAY_HOST": NAME, "GATEWAY_PORT": str(port)}
        self.agent = collector(
            "agent.yaml",
            *overlays,
            name="agent",
            hosts=self.hosts,
            LOGS_ENDPOINT=logs,
            **to_gateways,
            **(agent or {}),
        )
        for server in (*self.backends, *self.gateways, self.agent):
            server.start()

    def resolve(self, *addresses: str) -> None:
        """The addresses behind the gateways' name. The file is overwritten, not replaced, because it is mounted."""
        lines = ["127.0.0.1 localhost", *(f"{address} {NAME}" for address in addresses)]
        self.hosts.write_text("\n".join(lines) + "\n")

    def missing(self, acknowledged: dict[str, set[str]]) -> int:
        """How many of these spans no backend has."""
        there: dict[str, set[str]] = {}
        for backend in self.backends:
            for trace, ids in backend.traces().items():
                there.setdefault(trace, set()).update(ids)
        return sum(len(ids - there.get(trace, set())) for trace, ids in acknowledged.items())

    def twice(self) -> int:
        """How many spans arrived more than once."""
        ids = [span["spanId"] for backend in self.backends for span in backend.spans()]
        return len(ids) - len(set(ids))


class Sender:
    """Sends streams, a twentieth of them cut, and remembers what was acknowledged; what was not is sent again."""

    def __init__(self, agent: Collector) -> None:
        self.acknowledged: dict[str, set[str]] = {}
        self._agent = agent
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _batches(self) -> Iterator[list[otlp.Made]]:
        for index in itertools.count():
            streams = [otlp.stream(Reason.TRUNCATED if (index + n) % 20 == 0 else Reason.COMPLETED) for n in range(5)]
            yield [span for spans in streams for span in spans]

    def _send(self) -> None:
        for spans in self._batches():
            body = otlp.request(spans)
            while otlp.send(self._agent.otlp, body, 5.0) != 200:
                if self._stopped.wait(0.1):
                    return
            self.acknowledged |= otlp.whole(spans)
            if self._stopped.wait(0.05):
                return
