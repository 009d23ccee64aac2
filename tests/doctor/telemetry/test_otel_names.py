# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A variable of OpenTelemetry's whose name is misspelled is named, with the one that was meant."""

from __future__ import annotations

import pytest

from lastchunk.doctor.report.findings import Status
from lastchunk.doctor.telemetry import otel_names


def _slips(*variables: str) -> dict[str, str]:
    """Each variable that is complained of, and what to do about it."""
    found = otel_names.checks(dict.fromkeys(variables, "x"))
    return {check.evidence.split()[0]: check.remedy for check in found if check.status is Status.WARNING}


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("OTEL_TRACE_EXPORTER", "OTEL_TRACES_EXPORTER"),
        ("OTEL_PROPAGATOR", "OTEL_PROPAGATORS"),
        ("OTEL_EXPORTER_OTLP_ENDPOINTS", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_SERVICENAME", "OTEL_SERVICE_NAME"),
        ("OTEL_EXPORTER_OLTP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"),
        ("OTEL_METRICS_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_INTERVAL"),
    ],
)
def test_a_slip(variable: str, meant: str) -> None:
    assert _slips(variable, "PATH") == {variable: f"Set {meant} instead, or unset {variable}."}


def test_every_name_of_the_sdk_is_right() -> None:
    names = otel_names.known()
    assert {"OTEL_PROPAGATORS", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"} < names
    assert _slips(*names) == {}


@pytest.mark.parametrize(
    "variable",
    [
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        "OTEL_PYTHON_DISTRO",
        "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
        "OTEL_PYTHON_EXCLUDED_URLS",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED",
        "OTEL_PYTHON_LOG_CORRELATION",
        "OTEL_PYTHON_LOG_LEVEL",
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST",
        "OTEL_METRICS_INTERVAL_FOR_OUR_SCRIPT",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "OTEL_CONFIG_FILE",
    ],
)
def test_names_of_others(variable: str) -> None:
    """Instrumentations have variables of their own, and so may the application."""
    assert _slips(variable) == {}


def test_without_the_sdk() -> None:
    (check,) = otel_names.checks({"OTEL_TRACE_EXPORTER": "x"}, frozenset())
    assert check.status is Status.OK
