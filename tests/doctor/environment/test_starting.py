# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Whether OpenTelemetry starts is tried for real. If it does not start, the check names the reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from lastchunk.doctor.environment.sheltered import sheltered
from lastchunk.doctor.environment.start import Started
from lastchunk.doctor.environment.starting import checks, tried
from lastchunk.doctor.report.findings import Status

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}


@pytest.mark.parametrize(
    ("variable", "value", "failed"),
    [
        ("OTEL_PROPAGATORS", "b33", "Propagator b33 not found"),
        ("OTEL_TRACES_EXPORTER", "otpl", "'otpl' not found"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "many", "OTEL_SPAN_EVENT_COUNT_LIMIT"),
        ("OTEL_TRACES_EXPORTER", "none", ""),
    ],
)
def test_a_real_start(variable: str, value: str, failed: str) -> None:
    """OpenTelemetry starts as `opentelemetry-instrument` starts it."""
    started = tried({**CLEAN, variable: value})
    assert bool(started.failed) == bool(failed)
    assert failed in "".join(started.failed)


def test_a_process_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the process prints nothing, the check says its exit status."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert tried(CLEAN) == Started(["the process ended with exit status 1"])


def _found(
    environ: Mapping[str, str], bad: Mapping[str, Started], always: Started | None = None
) -> list[tuple[Status, str]]:
    """Return the findings if a start with any of these variables has that result."""

    def start(tried: Mapping[str, str]) -> Started:
        came = always or Started()
        for name, of in bad.items():
            if all(part in tried for part in name.split()):
                came = Started([*came.failed, *of.failed], [*came.said, *of.said])
        return came

    return [(check.status, check.evidence) for check in checks({"PATH": "/bin", **environ}, start)]


OTEL = {"OTEL_A": "1", "OTEL_B": "2"}


def test_a_good_start() -> None:
    assert _found(OTEL, {}) == [(Status.OK, "OpenTelemetry starts as opentelemetry-instrument starts it.")]


def test_each_bad_variable_is_named() -> None:
    assert _found(OTEL, {"OTEL_A": Started(["ValueError: a"]), "OTEL_B": Started([], ["b is ignored"])}) == [
        (Status.PROBLEM, "OpenTelemetry does not start with this OTEL_A: ValueError: a"),
        (Status.WARNING, "OpenTelemetry warns about this OTEL_B: b is ignored"),
    ]


def test_variables_that_do_not_go_together() -> None:
    ((status, evidence),) = _found(OTEL, {"OTEL_A OTEL_B": Started(["ValueError: both"])})
    assert status is Status.PROBLEM
    assert "together (OTEL_A, OTEL_B): ValueError: both" in evidence


def test_packages_that_do_not_go_together() -> None:
    ((status, evidence),) = _found(OTEL, {}, Started(["ImportError: cannot import name"]))
    assert status is Status.PROBLEM
    assert evidence == "OpenTelemetry does not start, even without its variables: ImportError: cannot import name"


def test_what_it_always_says_is_nobodys_fault() -> None:
    assert _found(OTEL, {}, Started([], ["a note"])) == [(Status.OK, "OpenTelemetry starts. It logs: a note")]


def test_the_shelter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the shelter the process has none of OpenTelemetry's variables. Afterwards it has them again."""
    monkeypatch.setenv("OTEL_PROPAGATORS", "b33")
    with suppress(SystemExit), sheltered() as environ:
        assert "OTEL_PROPAGATORS" not in os.environ
        assert environ["OTEL_PROPAGATORS"] == "b33"
        raise SystemExit
    assert os.environ["OTEL_PROPAGATORS"] == "b33"


_OUT_OF_STEP = """
import sys
from importlib.abc import MetaPathFinder
class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in ("opentelemetry.util._importlib_metadata", "opentelemetry.util.re"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
"""
"""As it is where opentelemetry-api is older than the packages beside it. Python imports a `sitecustomize` at its start."""


def test_the_command_survives_an_opentelemetry_that_cannot_be_imported(tmp_path: Path) -> None:
    """It says so, with what to install; and what needs OpenTelemetry ends in a sentence."""
    (tmp_path / "sitecustomize.py").write_text(_OUT_OF_STEP)
    environ = {**CLEAN, "PYTHONPATH": str(tmp_path), "OPENAI_API_KEY": "any"}
    ours = [sys.executable, "-m", "lastchunk", "doctor"]
    done = subprocess.run([*ours, "--json", "--offline"], env=environ, capture_output=True, text=True, timeout=100)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    found = {check["id"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["otel.start"]["status"] == "problem"
    assert "pip install" in found["otel.start"]["remedy"]

    stream = [*ours, "stream", "--client", "openai", "--model", "any"]
    done = subprocess.run(stream, env=environ, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "`lastchunk doctor` says which packages do not fit" in done.stderr


def test_a_start_that_sets_nothing_up_is_a_problem() -> None:
    (check,) = checks({"OTEL_PYTHON_DISTRO": "nope"}, lambda _: Started([], [], ["traces", "logs"]), has_distro=True)
    assert check.status is Status.PROBLEM
    assert check.evidence == "OpenTelemetry starts, and nothing is set up that sends traces and logs."
    assert check.remedy == "Correct OTEL_PYTHON_DISTRO, or unset it."
    (check,) = checks({"OTEL_TRACES_EXPORTER": "none"}, lambda _: Started([], [], ["traces"]), has_distro=True)
    assert check.status is Status.OK


def test_the_command_survives_what_it_finds() -> None:
    """No traceback, a document, and exit status 1."""
    done = subprocess.run(
        [sys.executable, "-m", "lastchunk", "doctor", "--json", "--offline"],
        env={**CLEAN, "OTEL_PROPAGATORS": "b33"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = {check["id"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["otel.start"]["status"] == "problem"
    assert "OTEL_PROPAGATORS" in found["otel.start"]["remedy"]
