# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Checks that `opentelemetry-instrument` finds Lastchunk, loads it, and has an SDK to send with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import EntryPoints
from pathlib import Path

from packaging.requirements import Requirement

from lastchunk.doctor.environment.distributions import Everything
from lastchunk.doctor.report.findings import Check, Status
from lastchunk.package import _instruments_any
from lastchunk.wording import listed

DISTRIBUTION = "lastchunk-instrumentation-autogen"
ENTRY_POINT = "autogen_streams"
GROUP = "opentelemetry_instrumentor"
_SDK = ("opentelemetry-api", "opentelemetry-sdk", "opentelemetry-instrumentation", "opentelemetry-distro")
_TRUE = "true"
_FOR = [Requirement(line).name for line in _instruments_any]


def checks(
    environ: Mapping[str, str],
    everything: Everything,
    points: EntryPoints,
    command: str | None,
    folders: Collection[str],
) -> Iterator[Check]:
    """Every check of the way from `opentelemetry-instrument` to us.

    `points` are the entry points of all distributions, `command` is where the command was found on the path, `folders` are
    those in which this environment has its commands.
    """
    yield sdk(everything)
    yield entry_point(points)
    yield on_path(command, folders)
    yield enabled(environ)


def sdk(everything: Everything) -> Check:
    """OpenTelemetry's SDK is installed: with the API alone every span is made, and none goes anywhere."""
    found = ", ".join(str(everything[name]) for name in _SDK if name in everything)
    if "opentelemetry-sdk" not in everything:
        return Check(
            "otel.sdk",
            Status.PROBLEM,
            f"{found}, but no opentelemetry-sdk: nothing is recorded.",
            f"Install the SDK and the exporter: pip install '{DISTRIBUTION}[otlp]'.",
        )
    if "opentelemetry-distro" not in everything:
        return Check(
            "otel.sdk",
            Status.WARNING,
            f"{found}, but no opentelemetry-distro: opentelemetry-instrument sets up no exporter by default.",
            "Install opentelemetry-distro, or set OpenTelemetry up in code.",
        )
    return Check("otel.sdk", Status.OK, found)


def entry_point(points: EntryPoints) -> Check:
    """Lastchunk is found by name, and what it is for is installed."""
    found = points.select(group=GROUP, name=ENTRY_POINT)
    ours = next((point for point in found if point.dist and point.dist.name == DISTRIBUTION), None)
    if ours is None or ours.dist is None:
        return Check(
            "otel.entry_point",
            Status.PROBLEM,
            f"The entry point {ENTRY_POINT} of {DISTRIBUTION} is missing: opentelemetry-instrument does not find "
            "Lastchunk.",
            f"Reinstall it in this environment: pip install --force-reinstall --no-deps {DISTRIBUTION}.",
        )
    try:
        # Here and not above: the doctor must start where OpenTelemetry does not.
        from opentelemetry.instrumentation.dependencies import get_dist_dependency_conflicts
    except ImportError:
        return Check("otel.entry_point", Status.SKIPPED, "OpenTelemetry cannot be imported: otel.start says why.")
    if get_dist_dependency_conflicts(ours.dist):
        return Check(
            "otel.entry_point",
            Status.WARNING,
            f"opentelemetry-instrument does not load {ENTRY_POINT} here: none of {listed(_FOR, 'or')} is installed.",
            "Install it in the environment of the application, where AutoGen or an SDK is installed.",
        )
    return Check("otel.entry_point", Status.OK, f"{ENTRY_POINT} = {ours.value}")


def on_path(command: str | None, folders: Collection[str]) -> Check:
    """`opentelemetry-instrument` on the path belongs to this environment."""
    if command is None:
        return Check(
            "otel.command",
            Status.WARNING,
            "opentelemetry-instrument is not on the PATH.",
            "Activate the virtual environment, or call the command by its path in the environment's bin folder.",
        )
    if Path(command).parent.resolve() not in {Path(folder).resolve() for folder in folders}:
        return Check(
            "otel.command",
            Status.WARNING,
            f"opentelemetry-instrument on the PATH is {command}, which belongs to another environment.",
            "Activate this virtual environment: Lastchunk may not be installed in the other one.",
        )
    return Check("otel.command", Status.OK, command)


def enabled(environ: Mapping[str, str]) -> Check:
    """Nobody has switched OpenTelemetry or Lastchunk off."""
    disabled = [name.strip() for name in environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")]
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == _TRUE:
        return Check(
            "otel.enabled", Status.PROBLEM, "OTEL_SDK_DISABLED=true: nothing is sent.", "Unset OTEL_SDK_DISABLED."
        )
    if ENTRY_POINT in disabled or "*" in disabled:
        return Check(
            "otel.enabled",
            Status.PROBLEM,
            f"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS names {ENTRY_POINT if ENTRY_POINT in disabled else '*'}: "
            "opentelemetry-instrument does not load Lastchunk.",
            "Remove it from OTEL_PYTHON_DISABLED_INSTRUMENTATIONS.",
        )
    return Check("otel.enabled", Status.OK, "OpenTelemetry and Lastchunk are enabled.")
