# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Links between dashboards, which keep the time and the variables, and to the runbook.

Values of labels contain `/` and `:` (`shop/checkout`, `model:8b`): every value that is put into a URL is percent-encoded.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from lastchunk.monitoring.dashboards.foreign import JOB
from lastchunk.monitoring.dashboards.queries import AGENT, MODEL

OVERVIEW, SELECTION, CONTEXT, PATH = (f"lastchunk-{name}" for name in ("overview", "selection", "context", "path"))
TAG = "lastchunk"
_KEPT = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "tempo", "loki", "environment"))
_LABELS = {"job": JOB, "model": MODEL, "agent": AGENT}


def to_selection(*narrowed: str) -> dashboard.DashboardLink:
    """From a series to the dashboard of one selection: these variables take the series' labels, the others stay."""
    labels = [f"var-{name}=${{__field.labels.{_LABELS[name]}:percentencode}}" for name in narrowed]
    kept = [f"${{{name}:queryparam}}" for name in ("job", "model") if name not in narrowed]
    url = f"/d/{SELECTION}?${{__url_time_range}}&{_KEPT}&{'&'.join(labels + kept)}"
    return dashboard.DashboardLink(f"Only this {' and '.join(narrowed).replace('job', 'service')}").url(url)


def to_row(*narrowed: str) -> dashboard.DashboardLink:
    """The same from a line of a table, whose columns have the names of the variables."""
    columns = [f'var-{name}=${{__data.fields["{_COLUMNS[name]}"]:percentencode}}' for name in narrowed]
    url = f"/d/{SELECTION}?${{__url_time_range}}&{_KEPT}&{'&'.join(columns)}"
    return dashboard.DashboardLink(f"Only this {' and '.join(narrowed).replace('job', 'service')}").url(url)


_COLUMNS = {"job": "Service", "model": "Model", "agent": "Agent"}


def runbook(title: str, anchor: str) -> dashboard.DashboardLink:
    """To an entry of the runbook, for the corner of a panel."""
    link = dashboard.DashboardLink(f"Runbook: {title}").type(DashboardLinkType.LINK)
    return link.url(f"${{runbook:raw}}#{anchor}").target_blank(True)


def to_each_other() -> dashboard.DashboardLink:
    """To all dashboards of this kind, at the top of each."""
    link = dashboard.DashboardLink("Lastchunk").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(False).include_vars(True).keep_time(True)
