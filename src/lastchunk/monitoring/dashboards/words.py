# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The row that explains the words: every reason and every cause with its family, its remedy and its runbook entry."""

from __future__ import annotations

from grafana_foundation_sdk.builders import text

from lastchunk.monitoring.dashboards.colours import CAUSES, REASONS
from lastchunk.monitoring.dashboards.drawing import About
from lastchunk.monitoring.dashboards.tables import said
from lastchunk.remedies import remedy_for
from lastchunk.semconv import Cause, Reason


def reasons(id_: int) -> text.Panel:
    """The table of reasons: how a stream ended."""
    lines = [
        "How a stream ended. In charts, the colour is that of the family.",
        "",
        "| reason | family | what to do |",
    ]
    lines.append("|---|---|---|")
    for reason, family in REASONS.items():
        linked = str(reason) if reason is Reason.COMPLETED else f"[{reason}](${{runbook:raw}}#reason-{reason})"
        lines.append(f"| {linked} | {family} | {_sentence(reason, Cause.UNKNOWN)} |")
    about = About(id_, "Reasons", "Every reason with which a stream can end, and what to do about it.", "", 24, 20)
    return said(about, "\n".join(lines))


def causes(id_: int) -> text.Panel:
    """The table of causes: why it probably ended so."""
    lines = ["What the evidence points to. Begin here. If the cause is `unknown`, look at the reason.", ""]
    lines += ["| cause | family | what to do |", "|---|---|---|"]
    for cause, family in CAUSES.items():
        sentence = _sentence(Reason.ERROR, cause) if cause is not Cause.UNKNOWN else "Look at the reason."
        lines.append(f"| [{cause}](${{runbook:raw}}#cause-{cause}) | {family} | {sentence} |")
    about = About(id_, "Causes", "Every cause that an ending can have, and what to do about it.", "", 24, 23)
    return said(about, "\n".join(lines))


def _sentence(reason: Reason, cause: Cause) -> str:
    remedy = remedy_for(reason, cause)
    return remedy.sentence.replace("|", "\\|") if remedy is not None else "Nothing: the answer is complete."
