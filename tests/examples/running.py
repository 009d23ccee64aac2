# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs examples as their docstrings say, and receives what they send."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lastchunk import semconv

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
_COMMAND = re.compile(r"^    (lastchunk demo run .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Span:
    """A received span."""

    scope: str
    name: str
    id: bytes
    parent: bytes
    attributes: dict[str, str | bool | int | float]

    @property
    def ending(self) -> tuple[str, str]:
        """Reason and cause; the cause is empty where there is none."""
        names = (semconv.TERMINATION_REASON, semconv.TERMINATION_CAUSE)
        reason, cause = (str(self.attributes.get(name, "")) for name in names)
        return reason, cause


class Receiver:
    """Accepts OTLP over HTTP, all three signals, on a loopback port, as a context manager."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.scopes: dict[str, set[str]] = {}
        """Who recorded each metric."""
        self.events: list[str] = []
        take = {"/v1/traces": self._traces, "/v1/metrics": self._metrics, "/v1/logs": self._logs}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                take[self.path](gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="otlp", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """The value for `OTEL_EXPORTER_OTLP_ENDPOINT`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def ours(self) -> list[Span]:
        """Lastchunk's spans, in the order of their ends."""
        return [span for span in self.spans if span.scope == semconv.SCOPE]

    @property
    def metrics(self) -> set[str]:
        """The names of the received metrics."""
        return set(self.scopes)

    def endings(self) -> list[tuple[str, str, str]]:
        """Name, reason and cause of each of our spans."""
        return [(span.name, *span.ending) for span in self.ours]

    def _traces(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    values = {
                        pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in span.attributes
                    }
                    self.spans.append(Span(scope.scope.name, span.name, span.span_id, span.parent_span_id, values))

    def _metrics(self, body: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.scopes.setdefault(metric.name, set()).add(scope.scope.name)

    def _logs(self, body: bytes) -> None:
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
            for scope in resource.scope_logs:
                self.events.extend(record.event_name for record in scope.log_records if record.event_name)


def command(name: str) -> list[str]:
    """How the docstring of an example says that it is run."""
    (found,) = _COMMAND.findall((EXAMPLES / f"{name}.py").read_text())
    return shlex.split(found)


def environment(receiver: Receiver, **settings: str) -> dict[str, str]:
    """The environment of a user whose virtual environment is active, and whose telemetry goes to the receiver."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LASTCHUNK_"))}
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        **settings,
    }


def run(name: str, receiver: Receiver, *options: str) -> subprocess.CompletedProcess[str]:
    """Run an example to its end; `options` are for the model server."""
    given = command(name)
    server, rest = given[:3], given[3:]  # lastchunk demo run
    done = subprocess.run(
        [*server, *options, *rest],
        env=environment(receiver),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    return done
