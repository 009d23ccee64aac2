# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Each setting of OpenTelemetry's SDK that keeps something from people is named; the others are not complained of."""

from __future__ import annotations

import pytest

from lastchunk.doctor.report.findings import Check, Status
from lastchunk.doctor.telemetry import otel_settings as sdk_settings
from lastchunk.doctor.telemetry.signals import Signal

KNOWN = {signal: {"otlp_proto_grpc", "otlp_proto_http", "console"} for signal in Signal}
TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"


def checks(environ: dict[str, str], *, has_distro: bool = True) -> dict[str, Check]:
    return {check.id: check for check in sdk_settings.checks(environ, KNOWN, has_distro=has_distro)}


GOOD: list[dict[str, str]] = [
    {},
    {"OTEL_TRACES_SAMPLER": "always_on"},
    {"OTEL_TRACES_SAMPLER": "traceidratio"},
    {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1.0"},
    {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "x"},
    {"OTEL_SPAN_EVENT_COUNT_LIMIT": "32"},
    {"OTEL_SPAN_EVENT_COUNT_LIMIT": "x"},
    {"OTEL_SPAN_EVENT_COUNT_LIMIT": "4", "LASTCHUNK_CHUNK_EVENTS": "4"},
    {"LASTCHUNK_CHUNK_EVENTS": "128"},
    {
        "OTEL_ATTRIBUTE_COUNT_LIMIT": "1",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "64",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "5",
    },
    {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "24"},
    {"OTEL_METRIC_EXPORT_INTERVAL": "60000"},
    {TEMPORALITY: "cumulative"},
    {"OTEL_RESOURCE_ATTRIBUTES": "service.name=a,deployment.environment.name=b"},
    {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_TRACES_EXPORTER": "otlp,console"},
]


@pytest.mark.parametrize("environ", GOOD)
def test_nothing_to_complain_of(environ: dict[str, str]):
    found = checks({"OTEL_SERVICE_NAME": "a", **environ})

    assert {name: check for name, check in found.items() if check.status is not Status.OK} == {}


@pytest.mark.parametrize(
    ("name", "environ", "status", "says"),
    [
        ("sampler", {"OTEL_TRACES_SAMPLER": "always_off"}, Status.PROBLEM, "no stream has a span"),
        ("sampler", {"OTEL_TRACES_SAMPLER": "ParentBased_Always_Off"}, Status.PROBLEM, "no stream has a span"),
        (
            "sampler",
            {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.05"},
            Status.WARNING,
            "keeps only 0.05 of all traces",
        ),
        ("span_limits", {"OTEL_SPAN_EVENT_COUNT_LIMIT": "31"}, Status.WARNING, "OTEL_SPAN_EVENT_COUNT_LIMIT=31"),
        ("span_limits", {"LASTCHUNK_CHUNK_EVENTS": "129"}, Status.WARNING, "OTEL_SPAN_EVENT_COUNT_LIMIT=128"),
        ("span_limits", {"OTEL_ATTRIBUTE_COUNT_LIMIT": "4"}, Status.WARNING, "attributes of a chunk event"),
        ("span_limits", {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "9"}, Status.WARNING, "attributes of a stream's span"),
        ("span_limits", {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "23"}, Status.WARNING, "longest reason or cause"),
        ("resource", {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=pod-1"}, Status.WARNING, "service.instance.id"),
        ("resource", {"OTEL_SERVICE_NAME": ""}, Status.WARNING, "unknown_service"),
        ("interval", {"OTEL_METRIC_EXPORT_INTERVAL": "300000"}, Status.WARNING, "every 300 s"),
        ("interval", {"OTEL_METRIC_EXPORT_INTERVAL": "1m"}, Status.WARNING, "1m is not a number"),
        ("temporality", {TEMPORALITY: "delta"}, Status.WARNING, "=delta: counters are sent as differences"),
        ("temporality", {TEMPORALITY: "LowMemory"}, Status.WARNING, "=lowmemory: counters are sent as differences"),
        ("exporter.traces", {"OTEL_TRACES_EXPORTER": "none"}, Status.WARNING, "OTEL_TRACES_EXPORTER is none"),
        (
            "exporter.metrics",
            {"OTEL_METRICS_EXPORTER": "prometheus"},
            Status.PROBLEM,
            "prometheus, which is not installed",
        ),
        (
            "exporter.logs",
            {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/json"},
            Status.PROBLEM,
            "http/json",
        ),
    ],
)
def test_what_would_keep_something_from_people(name: str, environ: dict[str, str], status: Status, says: str):
    found = checks({"OTEL_SERVICE_NAME": "a", **environ})

    bad = {check.id: check.status for check in found.values() if check.status is not Status.OK}
    assert bad == {f"otel.{name}": status}
    assert says in found[f"otel.{name}"].evidence
    assert found[f"otel.{name}"].remedy


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("prometheus", "Install it: pip install opentelemetry-exporter-prometheus."),
        ("otpl", "Correct OTEL_TRACES_EXPORTER: did you mean otlp?"),
        ("vendor", "Correct OTEL_TRACES_EXPORTER, or install the package that brings this exporter."),
    ],
)
def test_an_exporter_that_is_not_installed(name: str, remedy: str):
    """A package is named only if it is OpenTelemetry's: nobody shall install what a misspelled name leads to."""
    assert checks({"OTEL_TRACES_EXPORTER": name})["otel.exporter.traces"].remedy == remedy


def test_without_the_distro_nothing_is_sent_by_default():
    found = checks({"OTEL_SERVICE_NAME": "a"}, has_distro=False)

    assert {name for name, check in found.items() if check.status is Status.WARNING} == {
        f"otel.exporter.{signal}" for signal in Signal
    }
    assert "OTEL_TRACES_EXPORTER is not set" in found["otel.exporter.traces"].evidence


def test_a_file_decides_instead():
    found = checks({"OTEL_CONFIG_FILE": "otel.yaml", "OTEL_TRACES_SAMPLER": "always_off"})

    assert found.keys() == checks({}).keys()
    assert {check.status for check in found.values()} == {Status.SKIPPED}
