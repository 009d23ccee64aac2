# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of Agent Framework and of AG2 1.x."""

from __future__ import annotations

import pytest

from lastchunk.doctor.environment import frameworks
from lastchunk.doctor.environment.distributions import Installed
from lastchunk.doctor.report.findings import Status


def having(**versions: str) -> dict[str, Installed]:
    """Distributions by their names, with underscores."""
    names = {name.replace("_", "-"): version for name, version in versions.items()}
    return {name: Installed(name, version) for name, version in names.items()}


def test_nothing_is_said_of_what_is_not_there() -> None:
    """There are no checks of a framework that is not installed. AG2's classic API belongs to `packages.owner`."""
    assert list(frameworks.checks({}, having(openai="3.54.0", ag2="0.14.0"))) == []


def test_both() -> None:
    """The checks say versions, telemetry, and which streams are seen."""
    there = having(agent_framework_core="1.23.0", agent_framework_openai="1.17.0", ag2="1.2.1")
    checks = {check.id: check for check in frameworks.checks({}, there)}
    assert list(checks) == ["agent_framework.versions", "agent_framework.telemetry", "ag2.seen"]
    assert {check.status for check in checks.values()} == {Status.OK}
    assert checks["agent_framework.versions"].evidence.startswith(
        "agent-framework-core 1.23.0, agent-framework-openai 1.17.0"
    )
    assert "bedrock" in checks["ag2.seen"].evidence


def test_an_old_core() -> None:
    """Its streams are not seen, and the remedy names a version."""
    (versions, _) = frameworks.checks({}, having(agent_framework_core="1.12.1"))
    assert versions.status is Status.WARNING
    assert "agent-framework-core>=1.22" in versions.remedy


@pytest.mark.parametrize(
    ("environ", "status", "word"),
    [
        ({}, Status.OK, "is on"),
        ({"ENABLE_INSTRUMENTATION": "false"}, Status.OK, "is off"),
        ({"ENABLE_SENSITIVE_DATA": "true"}, Status.WARNING, "prompts"),
    ],
)
def test_telemetry(environ: dict[str, str], status: Status, word: str) -> None:
    """Telemetry is on by default, and exported content is a warning."""
    check = frameworks.telemetry(environ)
    assert check.status is status
    assert word in check.evidence
