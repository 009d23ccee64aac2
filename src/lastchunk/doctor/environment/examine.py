# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor`: runs every check of the installation, the settings and the telemetry path."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoints, entry_points

from lastchunk.doctor.environment import configuration, frameworks, instrumentation, packages, patches, starting
from lastchunk.doctor.environment.distributions import folder, installed
from lastchunk.doctor.report.findings import Check, Doing, Finding, Findings, Status, defect
from lastchunk.doctor.telemetry import otel_names, receivers
from lastchunk.doctor.telemetry import otel_settings as sdk_settings
from lastchunk.doctor.telemetry.signals import Signal

_GROUPS = (
    instrumentation.GROUP,
    "opentelemetry_distro",
    *(f"opentelemetry_{signal}_exporter" for signal in Signal),
)


def findings(environ: Mapping[str, str], *, offline: bool, timeout: float) -> Findings:
    """Every check of the environment. `timeout` is for one network check, in seconds."""
    yield Doing("Reading the installed packages")
    everything = installed()
    points = EntryPoints(point for group in _GROUPS for point in entry_points(group=group))
    command = shutil.which("opentelemetry-instrument", path=environ.get("PATH"))
    has_distro = bool(points.select(group="opentelemetry_distro"))
    known = {signal: points.select(group=f"opentelemetry_{signal}_exporter").names for signal in Signal}
    yield from _guarded("packages", packages.checks(everything, folder("autogen")))
    yield from _guarded("frameworks", frameworks.checks(environ, everything))
    yield Doing("Importing AutoGen and the SDKs to try the patches")
    yield from _guarded("patches", patches.checks(patches.trials(), everything))
    yield from _guarded("otel", instrumentation.checks(environ, everything, points, command, _script_folders()))
    yield Doing("Starting OpenTelemetry as opentelemetry-instrument does")
    started = list(_guarded("otel", starting.checks(environ, has_distro=has_distro)))
    yield from started
    blamed = {name for found in started if isinstance(found, Check) for name in found.blames}
    yield from _guarded("settings", configuration.checks(environ))
    yield from _guarded("otel.known", otel_names.checks(environ))
    yield from _guarded("otel", sdk_settings.checks(environ, known, has_distro=has_distro, blamed=blamed))
    yield from _guarded("otlp", receivers.checks(environ, has_distro=has_distro, offline=offline, timeout=timeout))


def _guarded(family: str, found: Iterable[Finding]) -> Findings:
    """The findings of a family; one that fails does not take the others with it."""
    try:
        yield from found
    except Exception as error:
        yield Check(family, Status.WARNING, f"{defect(error)}.")


def _script_folders() -> set[str]:
    """The folders in which this interpreter's commands are installed, including that of `pip install --user`."""
    return {sysconfig.get_path("scripts"), sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))}
