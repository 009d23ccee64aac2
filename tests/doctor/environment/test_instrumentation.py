# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Whether `opentelemetry-instrument` would find us."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation import dependencies

from lastchunk.doctor.environment import instrumentation
from lastchunk.doctor.environment.distributions import Installed, installed
from lastchunk.doctor.report.findings import Status

OURS = EntryPoints(entry_points(group=instrumentation.GROUP))


def test_this_environment(tmp_path: Path):
    command = tmp_path / "opentelemetry-instrument"
    found = list(instrumentation.checks({}, installed(), OURS, str(command), {str(tmp_path)}))

    assert {check.id: check.status for check in found} == {
        "otel.sdk": Status.OK,
        "otel.entry_point": Status.OK,
        "otel.command": Status.OK,
        "otel.enabled": Status.OK,
    }


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (("opentelemetry-api",), Status.PROBLEM),
        (("opentelemetry-api", "opentelemetry-sdk"), Status.WARNING),
        (("opentelemetry-api", "opentelemetry-sdk", "opentelemetry-distro"), Status.OK),
    ],
)
def test_sdk(names: tuple[str, ...], status: Status):
    assert instrumentation.sdk({name: Installed(name, "1") for name in names}).status is status


def test_entry_point_is_gone():
    check = instrumentation.entry_point(EntryPoints())

    assert check.status is Status.PROBLEM
    assert "autogen_streams" in check.evidence


def test_entry_point_of_somebody_else_is_none_of_ours():
    theirs = EntryPoint(instrumentation.ENTRY_POINT, "other:Instrumentor", instrumentation.GROUP)

    assert instrumentation.entry_point(EntryPoints([theirs])).status is Status.PROBLEM


def test_what_opentelemetry_would_not_load(monkeypatch: pytest.MonkeyPatch):
    def conflict(dist: Any) -> str:
        return "none of them is installed"

    monkeypatch.setattr(dependencies, "get_dist_dependency_conflicts", conflict)
    check = instrumentation.entry_point(OURS)

    assert check.status is Status.WARNING
    assert "none of autogen-agentchat, autogen-core, " in check.evidence
    assert "dev0" not in check.evidence


@pytest.mark.parametrize("command", [None, "/elsewhere/bin/opentelemetry-instrument"])
def test_command_of_another_environment(command: str | None, tmp_path: Path):
    assert instrumentation.on_path(command, {str(tmp_path)}).status is Status.WARNING


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"OTEL_SDK_DISABLED": " True"}, "OTEL_SDK_DISABLED"),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask , autogen_streams"}, "autogen_streams"),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*"}, "*"),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask", "OTEL_SDK_DISABLED": "false"}, None),
    ],
)
def test_switched_off(environ: dict[str, str], says: str | None):
    check = instrumentation.enabled(environ)

    assert check.status is (Status.OK if says is None else Status.PROBLEM)
    assert says is None or says in check.evidence
