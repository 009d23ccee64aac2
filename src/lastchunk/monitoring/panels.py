# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The panels to which alerts link, by dashboard and id. Bookmarks and alerts contain both, so they never change."""

from __future__ import annotations

OVERVIEW = "lastchunk-overview"
SELECTION = "lastchunk-selection"
CONTEXT = "lastchunk-context"
PATH = "lastchunk-path"

PANELS: dict[str, tuple[str, int]] = {
    "cutoff_rate": (OVERVIEW, 1),
    "rejected_rate": (OVERVIEW, 2),
    "endings_by_reason": (OVERVIEW, 3),
    "cutoffs_by_cause": (OVERVIEW, 4),
    "open_now": (OVERVIEW, 5),
    "stalled_now": (OVERVIEW, 6),
    "idle_at_end": (OVERVIEW, 7),
    "left_early": (OVERVIEW, 8),
    "delivery": (OVERVIEW, 9),
    "series_present": (OVERVIEW, 10),
    "longest_silence": (OVERVIEW, 53),
    "hanging_now": (OVERVIEW, 54),
    "by_model": (OVERVIEW, 31),
    "chat_by_reason": (SELECTION, 33),
    "chat_idle": (SELECTION, 58),
    "context_errors": (CONTEXT, 1),
    "tool_failures": (CONTEXT, 2),
    "inner_cutoffs": (CONTEXT, 3),
    "filter": (CONTEXT, 4),
    "refused": (PATH, 1),
    "dropped": (PATH, 2),
    "queue": (PATH, 3),
    "sampling": (PATH, 4),
    "collectors_up": (PATH, 5),
}
"""A name for the code, and where the panel is: the dashboard's uid, the panel's id."""

OF_MODELS = {
    "by_model",
    "chat_by_reason",
    "chat_idle",
    "context_errors",
    "delivery",
    "filter",
    "hanging_now",
    "longest_silence",
    "rejected_rate",
}
"""Panels of chat streams: a link may choose a model. Runs of teams have none, and would all be hidden."""
