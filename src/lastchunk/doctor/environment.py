# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor`: what is installed and set where the command runs."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Mapping
from importlib.metadata import EntryPoints, entry_points

from lastchunk.doctor import configuration, instrumentation, packages, patches, receivers, sdk_settings
from lastchunk.doctor.distributions import folder, installed
from lastchunk.doctor.report import Doing, Findings
from lastchunk.doctor.signals import Signal

_GROUPS = (
    instrumentation.GROUP,
    "opentelemetry_distro",
    *(f"opentelemetry_{signal}_exporter" for signal in Signal),
)


def findings(environ: Mapping[str, str], *, offline: bool, timeout: float) -> Findings:
    """Every check of the environment. `timeout` is that of one network check, in seconds."""
    yield Doing("Reading what is installed")
    everything = installed()
    yield from packages.checks(everything, folder("autogen"))
    yield Doing("Importing AutoGen and the SDKs, to try the patches on them")
    yield from patches.checks(patches.trials(), everything)
    points = EntryPoints(point for group in _GROUPS for point in entry_points(group=group))
    command = shutil.which("opentelemetry-instrument", path=environ.get("PATH"))
    yield from instrumentation.checks(environ, everything, points, command, _script_folders())
    yield from configuration.checks(environ)
    has_distro = bool(points.select(group="opentelemetry_distro"))
    known = {signal: points.select(group=f"opentelemetry_{signal}_exporter").names for signal in Signal}
    yield from sdk_settings.checks(environ, known, has_distro=has_distro)
    yield from receivers.checks(environ, has_distro=has_distro, offline=offline, timeout=timeout)


def _script_folders() -> set[str]:
    """Where this interpreter's commands are installed, also those of `pip install --user`."""
    return {sysconfig.get_path("scripts"), sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))}
