# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Which receivers get an export; one that does not answer is tried only once."""

from __future__ import annotations

import pytest

from lastchunk.doctor.report.findings import Check, Doing, Status
from lastchunk.doctor.telemetry import receivers
from lastchunk.doctor.telemetry.delivery import Delivery, Outcome
from lastchunk.doctor.telemetry.signals import Target

SILENT = Delivery(Outcome.SILENT, "no answer within 5 s")


@pytest.fixture(name="asked")
def _asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []

    def deliver(target: Target, timeout: float) -> Delivery:
        asked.append(target.endpoint)
        return SILENT

    monkeypatch.setattr(receivers, "deliver", deliver)
    return asked


def checks(environ: dict[str, str], *, offline: bool = False) -> dict[str, Check]:
    found = receivers.checks(environ, has_distro=True, offline=offline, timeout=5)
    return {check.id: check for check in found if isinstance(check, Check)}


def test_who_let_us_wait_is_not_asked_again(asked: list[str]):
    found = checks({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://other:1"})

    assert asked == ["http://localhost:4317", "http://other:1"]
    assert [check.status for check in found.values()] == [Status.PROBLEM] * 3


def test_offline_nobody_is_asked(asked: list[str]):
    found = checks({}, offline=True)

    assert asked == []
    assert {check.status for check in found.values()} == {Status.SKIPPED}
    assert "http://localhost:4317 by gRPC (the default)" in found["otlp.traces"].evidence


def test_what_does_not_go_by_otlp_is_skipped(asked: list[str]):
    found = checks({"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "otlp"})

    assert [check.status for check in found.values()] == [Status.SKIPPED, Status.SKIPPED, Status.PROBLEM]
    assert len(asked) == 1


def test_a_file_decides_instead(asked: list[str]):
    assert {check.status for check in checks({"OTEL_CONFIG_FILE": "otel.yaml"}).values()} == {Status.SKIPPED}
    assert asked == []


def test_it_is_said_before_anybody_waits(asked: list[str]):
    first = next(receivers.checks({}, has_distro=True, offline=False, timeout=5))

    assert first == Doing("Sending an empty export of traces to http://localhost:4317")
    assert asked == []


def test_every_outcome_has_its_words():
    assert receivers._SAYS.keys() == set(Outcome) - {Outcome.DELIVERED, Outcome.WRONG_PROTOCOL}
