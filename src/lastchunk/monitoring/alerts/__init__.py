# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The one table of alerts, and its two forms: rule files of Prometheus, and provisioning of Grafana-managed alerts."""

from __future__ import annotations

from lastchunk.monitoring.alerts import budget, causes, counts, hang, path, people, rejected, silences, telemetry
from lastchunk.monitoring.alerts.forms import grafana_managed, prometheus
from lastchunk.monitoring.alerts.table import Group
from lastchunk.monitoring.settings import Settings


def groups(settings: Settings) -> tuple[Group, ...]:
    """The table: one group for streams, one for the telemetry path. Each is a file in each form."""
    interval = settings.time("1m")
    recording = (counts, rejected, causes, silences, people, hang, telemetry)
    alerting = (budget, rejected, causes, people, hang, telemetry)
    return (
        Group(
            "lastchunk-streams",
            interval,
            tuple(rule for family in recording for rule in family.recordings(settings)),
            tuple(rule for family in alerting for rule in family.alerts(settings)),
        ),
        Group("lastchunk-path", settings.time("15s"), (), path.alerts(settings)),
    )


def files(settings: Settings) -> dict[str, str]:
    """The files with their contents, by their path below `grafana/`."""
    made: dict[str, str] = {}
    for group in groups(settings):
        made[f"alerts/prometheus/{group.name}.yml"] = prometheus(group, settings)
        made[f"alerts/provisioning/{group.name}.yaml"] = grafana_managed(group, settings)
    return made
