# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The doctor and the real start of OpenTelemetry say the same: where nothing is exported it finds a problem, and only there.

The real start is `opentelemetry-instrument python`, which says what it has set up. `make newcomer` does the same with packages
that do not belong together.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from lastchunk.doctor.environment import starting
from lastchunk.doctor.environment.start import Started
from lastchunk.doctor.report.findings import Check, Status
from lastchunk.doctor.telemetry import otel_settings
from lastchunk.doctor.telemetry.signals import Signal

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
COMMAND = Path(sys.executable).with_name("opentelemetry-instrument")
KNOWN = {signal: entry_points(group=f"opentelemetry_{signal}_exporter").names for signal in Signal}
PROBE = """
import json, os
from opentelemetry import metrics, propagate, trace
from opentelemetry._logs import get_logger_provider
propagate.get_global_textmap()
providers = trace.get_tracer_provider(), metrics.get_meter_provider(), get_logger_provider()
senders = (
    getattr(providers[0], "_active_span_processor", None) and providers[0]._active_span_processor._span_processors,
    getattr(providers[1], "_metric_readers", None) or getattr(getattr(providers[1], "_sdk_config", None), "metric_readers", ()),
    getattr(providers[2], "_multi_log_record_processor", None)
    and providers[2]._multi_log_record_processor._log_record_processors,
)
print(json.dumps({"sends": [bool(sender) for sender in senders]}), flush=True)
os._exit(0)
"""


@dataclass(frozen=True)
class Row:
    """An environment, and whether all signals are sent from there."""

    name: str
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    fake: str = ""
    """A package in whose place there is one that cannot be imported."""
    sends: bool = False


ROWS = (
    Row("nothing is set", sends=True),
    Row("by HTTP", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, sends=True),
    Row("a protocol that Python does not have", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}),
    Row("a protocol of one signal, misspelled", {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grcp"}),
    Row("an exporter that is misspelled", {"OTEL_TRACES_EXPORTER": "otpl"}),
    Row("an exporter that is not installed", {"OTEL_METRICS_EXPORTER": "zipkin"}),
    Row("none, and another", {"OTEL_TRACES_EXPORTER": "none,otlp"}),
    Row("a propagator that is misspelled", {"OTEL_PROPAGATORS": "tracecontext,bagage"}),
    Row("a timeout that is no number", {"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}),
    Row("a compression that is none", {"OTEL_EXPORTER_OTLP_COMPRESSION": "zip"}),
    Row("a distro that is not installed", {"OTEL_PYTHON_DISTRO": "nope"}),
    Row("a configurator that is not installed", {"OTEL_PYTHON_CONFIGURATOR": "nope"}),
    Row("protobuf does not fit", fake="google"),
    Row("grpcio does not fit", fake="grpc"),
    Row("api and sdk are out of step", fake="typing_extensions"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_doctor_says_what_happens(row: Row, tmp_path: Path) -> None:
    environ = {**CLEAN, **row.environ}
    if row.fake:
        (tmp_path / row.fake).mkdir()
        (tmp_path / row.fake / "__init__.py").write_text("raise ImportError('made of another release')\n")
        environ["PYTHONPATH"] = str(tmp_path)
    real = subprocess.Popen(
        [COMMAND, sys.executable, "-c", PROBE], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    started = starting.tried(environ)

    def start(tried_with: Mapping[str, str]) -> Started:
        """Return the result of the one real start. Starts with fewer variables count as good ones."""
        return started if row.fake or row.environ.items() <= tried_with.items() else Started()

    found = [check.status for check in starting.checks(environ, start, has_distro=True)]
    said, _ = real.communicate(timeout=60)
    lines = [line for line in said.splitlines() if line.startswith('{"sends"')]
    sends = bool(lines) and all(json.loads(lines[0])["sends"])

    assert sends is row.sends
    assert (Status.PROBLEM not in found) is row.sends
    # What is said of the variables without a start never says otherwise.
    checks = otel_settings.checks(environ, KNOWN, has_distro=True)
    assert not (row.sends and any(check.status is Status.PROBLEM for check in checks))


REFUSED = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": " ",
    "OTEL_METRICS_EXEMPLAR_FILTER": "nope",
    "OTEL_METRIC_EXPORT_INTERVAL": "-1",
    "OTEL_PYTHON_ID_GENERATOR": "nope",
    "OTEL_SPAN_EVENT_COUNT_LIMIT": "many",
}
"""OpenTelemetry does not start with any of these values."""
IGNORED = {
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "nope",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "nope",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "nope",
    "OTEL_PYTHON_CONTEXT": "nope",
    "OTEL_RESOURCE_ATTRIBUTES": "nope",
    "OTEL_TRACES_SAMPLER": "nope",
}
"""OpenTelemetry warns about each of these values, and uses its default."""
SILENTLY_IGNORED = {"OTEL_SDK_DISABLED": "yes", "OTEL_SEMCONV_STABILITY_OPT_IN": "nope"}
"""OpenTelemetry says nothing about these values, and works as if they were not set. The doctor says nothing either."""


def _verdicts(environ: Mapping[str, str]) -> tuple[dict[str, Status], list[Check]]:
    """What a real start says of each variable, and what the other checks then say."""
    environ = {**CLEAN, "OTEL_SERVICE_NAME": "chat", **environ}
    started = list(starting.checks(environ, has_distro=True))
    said = {name: check.status for check in started for name in check.blames}
    others = list(otel_settings.checks(environ, KNOWN, has_distro=True, blamed=said))
    return said, others


def _ok(checks: list[Check]) -> set[str]:
    return {check.id for check in checks if check.status is Status.OK}


@pytest.mark.parametrize(
    ("environ", "status", "not_ok"),
    [
        (REFUSED, Status.PROBLEM, {"interval", "span_limits", *(f"exporter.{signal}" for signal in Signal)}),
        (IGNORED, Status.WARNING, {"resource", "sampler", "temporality"}),
        (SILENTLY_IGNORED, None, set[str]()),
    ],
    ids=["refused", "ignored", "silently ignored"],
)
def test_no_check_calls_a_value_ok_that_opentelemetry_refuses_or_ignores(
    environ: Mapping[str, str], status: Status | None, not_ok: set[str]
) -> None:
    said, others = _verdicts(environ)
    assert said == (dict.fromkeys(environ, status) if status else {})
    assert _ok(others) == {check.id for check in others} - {f"otel.{name}" for name in not_ok}


def test_a_sampler_and_its_argument_have_one_verdict() -> None:
    """With a valid ratio nothing is reported, although the sampler alone would lack its ratio."""
    sampled = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"}
    other = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "nope"}
    said, _ = _verdicts({**sampled, **other})
    assert said == dict.fromkeys(other, Status.WARNING)
    said, others = _verdicts({**sampled, "OTEL_TRACES_SAMPLER_ARG": "half"})
    assert said == dict.fromkeys(sampled, Status.WARNING)
    assert "otel.sampler" not in _ok(others)
