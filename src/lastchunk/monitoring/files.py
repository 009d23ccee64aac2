# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every file that watches streams, for one user's settings: what is generated, and what comes with the package as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable

from lastchunk.monitoring import alerts, dashboards
from lastchunk.monitoring.settings import Settings
from lastchunk.shipped import shipped

_AS_THEY_ARE = (
    "collector-config",
    "grafana/README.md",
    "grafana/alerts/README.md",
    "grafana/alerts/alertmanager-example.yml",
    "grafana/provisioning",
    "grafana/runbook.md",
)


def generated(settings: Settings) -> dict[str, str]:
    """Dashboards and alerts: contents by path below the folder."""
    made: dict[str, str] = {}
    makers: tuple[Mapping[str, str], ...] = (alerts.files(settings), dashboards.files(settings))
    for made_here in makers:
        made |= {f"grafana/{path}": text for path, text in made_here.items()}
    return made


def as_they_are() -> dict[str, str]:
    """Collector configurations, provisioning and runbook: contents by path below the folder."""
    return {path: text for name in _AS_THEY_ARE for path, text in _texts(name, shipped(name))}


def _texts(path: str, found: Traversable) -> Iterator[tuple[str, str]]:
    if found.is_dir():
        for below in found.iterdir():
            yield from _texts(f"{path}/{below.name}", below)
    else:
        yield path, found.read_text("utf-8")
