# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor`: what is installed and set where the command runs."""

from __future__ import annotations

from collections.abc import Mapping

from lastchunk.doctor import configuration
from lastchunk.doctor.report import Findings


def findings(environ: Mapping[str, str], *, offline: bool, timeout: float) -> Findings:
    """Every check of the environment."""
    yield from configuration.checks(environ)
