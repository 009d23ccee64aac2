# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the dashboards of `grafana/dashboards/` from `lastchunk.semconv`."""

from __future__ import annotations

from lastchunk.monitoring.dashboards import context, overview, path, selection
from lastchunk.monitoring.dashboards.links import CONTEXT, OVERVIEW, PATH, SELECTION
from lastchunk.monitoring.settings import Settings


def files(settings: Settings) -> dict[str, str]:
    """The text of each file, by its path below `grafana/`."""
    made = {OVERVIEW: overview, SELECTION: selection, CONTEXT: context, PATH: path}
    return {f"dashboards/{uid}.json": module.build(settings) for uid, module in made.items()}
