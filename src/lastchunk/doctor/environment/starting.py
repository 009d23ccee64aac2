# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Checks that OpenTelemetry starts here, and if not, finds the variable or the packages that prevent it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from lastchunk.doctor.environment.sheltered import is_of_opentelemetry
from lastchunk.doctor.environment.start import Started
from lastchunk.doctor.report.findings import Check, Status
from lastchunk.doctor.telemetry.signals import Signal, exporters
from lastchunk.wording import listed

PATIENCE = 60.0
"""Seconds for one start."""
_AT_ONCE = 2
_CHOOSE = ("OTEL_PYTHON_DISTRO", "OTEL_PYTHON_CONFIGURATOR")
"""Variables that choose who sets OpenTelemetry up."""

Try = Callable[[Mapping[str, str]], Started]
"""What comes of a start with these environment variables."""


def tried(environ: Mapping[str, str]) -> Started:
    """A start in a process of its own."""
    command = [sys.executable, "-m", "lastchunk.doctor.environment.start"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environ,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Started([f"it was still starting after {PATIENCE:g} s"])
    # A library may print when it is imported.
    for line in reversed(done.stdout.splitlines()):
        if line.startswith('{"failed"'):
            return Started(**json.loads(line))
    last = done.stderr.strip().splitlines()[-1:] or [f"the process ended with exit status {done.returncode}"]
    return Started([last[0]])


def checks(environ: Mapping[str, str], start: Try | None = None, *, has_distro: bool = False) -> Iterator[Check]:
    """One check if it starts, or if its packages keep it from that; else one for each variable that does."""
    start = start or tried
    started = start(environ)
    if not started.failed and (silent := _silent(started, environ, has_distro=has_distro)):
        yield _nothing_is_sent(silent, environ)
        return
    if not started.failed and not started.said:
        yield Check("otel.start", Status.OK, "OpenTelemetry starts as opentelemetry-instrument starts it.")
        return
    bare = {name: value for name, value in environ.items() if not is_of_opentelemetry(name)}
    base = start(bare)
    if base.failed:
        yield _packages(base.failed[0])
        return
    variables = sorted(name for name in environ if is_of_opentelemetry(name))
    groups = [(name, *(other for other in variables if other.startswith(f"{name}_"))) for name in variables]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        alone = list(pool.map(start, ({**bare, **{name: environ[name] for name in group}} for group in groups)))
    news = {said for said in started.said if said not in base.said}
    found = [check for group, came in zip(groups, alone, strict=True) if (check := _of(group, came, news)) is not None]
    yield from found
    if started.failed and not any(came.failed for came in alone):
        yield Check(
            "otel.start",
            Status.PROBLEM,
            f"OpenTelemetry does not start with these variables together ({', '.join(variables)}): {started.failed[0]}",
            "Unset them one by one until it starts.",
            blames=tuple(variables),
        )
    elif not found:
        yield Check("otel.start", Status.OK, f"OpenTelemetry starts. It logs: {started.said[0]}")


def _silent(started: Started, environ: Mapping[str, str], *, has_distro: bool) -> list[str]:
    """Signals for which an exporter is chosen, and none was set up."""
    if environ.get("OTEL_CONFIG_FILE", "").strip():
        return []
    chosen = [signal for signal in Signal if exporters(signal, environ, has_distro=has_distro)]
    return [signal for signal in chosen if signal in started.silent]


def _nothing_is_sent(silent: list[str], environ: Mapping[str, str]) -> Check:
    by = [name for name in _CHOOSE if environ.get(name, "").strip()]
    return Check(
        "otel.start",
        Status.PROBLEM,
        f"OpenTelemetry starts, and nothing is set up that sends {listed(silent)}.",
        f"Correct {listed(by)}, or unset {'it' if len(by) == 1 else 'them'}."
        if by
        else "Set OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER to otlp.",
        blames=tuple(by),
    )


def _packages(why: str) -> Check:
    return Check(
        "otel.start",
        Status.PROBLEM,
        f"OpenTelemetry does not start, even without its variables: {why}",
        "Install compatible releases: pip install --upgrade --force-reinstall "
        "'lastchunk-instrumentation-autogen[otlp]', then pip check.",
    )


def _of(group: tuple[str, ...], started: Started, news: Collection[str]) -> Check | None:
    """What is wrong with a variable and those that continue its name, such as `OTEL_TRACES_SAMPLER` and its `_ARG`."""
    variable, remedy = group[0], f"Correct {listed(group, 'or')}, or unset {'it' if len(group) == 1 else 'both'}."
    if started.failed:
        said = f"OpenTelemetry does not start with this {variable}: {started.failed[0]}"
        return Check("otel.start", Status.PROBLEM, said, remedy, blames=group)
    # Alone, a variable can lack another one: only what is said with all of them counts.
    said = next((said for said in started.said if said in news), None)
    if said is None:
        return None
    said = f"OpenTelemetry warns about this {variable}: {said}"
    return Check("otel.start", Status.WARNING, said, remedy, blames=group)
