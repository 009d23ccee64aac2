# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor`: what is installed and set where the command runs."""

from __future__ import annotations

from collections.abc import Mapping

from lastchunk.doctor import configuration, packages
from lastchunk.doctor.distributions import folder, installed
from lastchunk.doctor.report import Doing, Findings


def findings(environ: Mapping[str, str], *, offline: bool, timeout: float) -> Findings:
    """Every check of the environment."""
    yield Doing("Reading what is installed")
    everything = installed()
    yield from packages.checks(everything, folder("autogen"))
    yield from configuration.checks(environ)
