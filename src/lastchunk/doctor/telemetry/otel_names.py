# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds variables whose name is nearly one of OpenTelemetry's: OpenTelemetry ignores them, and says nothing."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator, Mapping

from lastchunk.doctor.report.findings import Check, Status

_PREFIX = "OTEL_"
_LISTS = ("opentelemetry.environment_variables", "opentelemetry.sdk.environment_variables")
_SIMILAR = 0.9
"""The ratio of `difflib` from which a name is a slip, as `OTEL_TRACE_EXPORTER`. Instrumentations have names of their own."""


def known() -> frozenset[str]:
    """The variables of the installed API and SDK; none if they are not installed."""
    found: set[str] = set()
    for name in _LISTS:
        try:
            found |= {value for value in vars(importlib.import_module(name)).values() if isinstance(value, str)}
        except ImportError:
            continue
    return frozenset(value for value in found if value.startswith(_PREFIX) and value.isupper())


def checks(environ: Mapping[str, str], names: frozenset[str] | None = None) -> Iterator[Check]:
    """A warning for each such variable, or one check that says that there is none. `names` are those that OpenTelemetry reads."""
    names = known() if names is None else names
    slips = 0
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable in names:
            continue
        for meant in difflib.get_close_matches(variable, sorted(names), n=1, cutoff=_SIMILAR):
            slips += 1
            yield Check(
                "otel.known",
                Status.WARNING,
                f"{variable} is not a variable of OpenTelemetry's SDK, which ignores it.",
                f"Set {meant} instead, or unset {variable}.",
            )
    if not slips:
        yield Check("otel.known", Status.OK, f"No variable {_PREFIX}* looks like a slip of the pen.")
