# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where OpenTelemetry sends each signal: what its own exporters make of the same environment is what counts."""

from __future__ import annotations

import os
from typing import Any

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc import exporter as by_grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as ByHttp

from lastchunk.doctor.telemetry.signals import GRPC, HTTP, Signal, exporters, headers, targets

ENDPOINT, TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {ENDPOINT: "http://collector:4317"},
    {ENDPOINT: "https://collector"},
    {ENDPOINT: "http://collector:4318/"},
    {ENDPOINT: "http://collector:4318/otlp/"},
    {ENDPOINT: "http://collector:1", TRACES_ENDPOINT: "http://other:2"},
    {TRACES_ENDPOINT: "https://other:2/v1/traces"},
    {ENDPOINT: "http://collector:1", "OTEL_EXPORTER_OTLP_INSECURE": "false"},
    {ENDPOINT: "https://collector:1", "OTEL_EXPORTER_OTLP_INSECURE": "true"},
    {ENDPOINT: "http://collector:1", "OTEL_EXPORTER_OTLP_HEADERS": "A=1,b=c%20d"},
    {ENDPOINT: "http://c:1", "OTEL_EXPORTER_OTLP_HEADERS": "a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "b=2"},
]


def target_of(signal: Signal, environ: dict[str, str], protocol: str) -> Any:
    found = targets({**environ, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}, has_distro=True)
    return next(target for target in found if target.signal is signal)


def set_environment(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("environ", ENVIRONMENTS)
def test_as_the_exporters_by_http(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    set_environment(monkeypatch, environ)
    traces, metrics = (target_of(signal, environ, HTTP) for signal in (Signal.TRACES, Signal.METRICS))

    assert traces.endpoint == ByHttp()._endpoint
    assert metrics.endpoint == OTLPMetricExporter()._endpoint
    assert traces.secure is traces.endpoint.startswith("https")


@pytest.mark.parametrize("environ", ENVIRONMENTS)
def test_as_the_exporters_by_grpc(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    set_environment(monkeypatch, environ)
    opened: list[tuple[str, bool]] = []
    for name, secure in (("insecure_channel", False), ("secure_channel", True)):

        def channel(address: str, *args: Any, secure: bool = secure, **kwargs: Any) -> Any:
            opened.append((address, secure))
            return grpc.insecure_channel(address)

        monkeypatch.setattr(by_grpc, name, channel)
    theirs, ours = OTLPSpanExporter(), target_of(Signal.TRACES, environ, GRPC)
    theirs.shutdown()

    assert opened == [(ours.endpoint.partition("://")[2].partition("/")[0], ours.secure)]
    assert set(ours.headers.items()) <= set(theirs._headers)
    assert bool(ours.headers) is ("HEADERS" in str(environ))


@pytest.mark.parametrize(
    ("value", "has_distro", "names"),
    [
        (None, True, ["otlp"]),
        (None, False, []),
        ("none", True, []),
        (" None ", True, []),
        ("otlp, console", True, ["otlp", "console"]),
    ],
)
def test_exporters(value: str | None, has_distro: bool, names: list[str]):
    environ = {} if value is None else {"OTEL_TRACES_EXPORTER": value}

    assert exporters(Signal.TRACES, environ, has_distro=has_distro) == names


def test_only_what_goes_by_otlp_has_a_target():
    environ = {
        "OTEL_TRACES_EXPORTER": "otlp_proto_http",
        "OTEL_METRICS_EXPORTER": "prometheus",
        "OTEL_LOGS_EXPORTER": "none",
    }

    assert [(target.signal, target.protocol) for target in targets(environ, has_distro=True)] == [(Signal.TRACES, HTTP)]


def test_the_signals_own_protocol_wins():
    environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": GRPC, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": HTTP}

    assert [target.protocol for target in targets(environ, has_distro=True)] == [GRPC, HTTP, GRPC]


@pytest.mark.parametrize(
    ("endpoint", "protocol", "port"),
    [
        ("https://c", HTTP, 443),
        ("http://c", HTTP, 80),
        ("http://c", GRPC, 4317),
        ("c:99", GRPC, 99),
        ("http://[::1]:5", GRPC, 5),
    ],
)
def test_ports(endpoint: str, protocol: str, port: int):
    assert target_of(Signal.LOGS, {ENDPOINT: endpoint}, protocol).port == port


def test_a_header_that_cannot_be_read_is_not_printed(caplog: pytest.LogCaptureFixture):
    assert headers("a=1,secret key without a sign") == {"a": "1"}
    assert caplog.text == ""
