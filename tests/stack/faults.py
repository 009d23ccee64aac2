# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in which service, and the alerts that must follow: the faults of the end-to-end test as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lastchunk.model_server.server import ModelServer
from lastchunk.monitoring.alerts.promql import AGENT, MODEL, OPERATION
from lastchunk.semconv import Operation
from tests.stack.past import Past
from tests.stack.run import Plan

BACKENDS = {
    "resets": "rst",
    "loses-few": "incomplete_chunked",
    "cuts-few": "silent_cut",
    "idles": "stall",
    "says-nothing": "empty_chunks_only",
    "fails": "error_object",
    "stops-early": "length",
    "filters": "content_filter",
    "collects": "single",
    "limits-rate": "http_429",
    "limits-history": "http_400_context",
    "fails-at-once": "http_500",
    "refuses": "http_401",
    "slows-down": "slow_first_chunk",
    "falls-silent": "stall",
    "hangs": "stall_after_headers",
}
"""Model servers that are healthy, and the script that each follows once its fault begins."""


@dataclass(frozen=True)
class Way:
    """Streams of one model in a round of its service."""

    backend: str
    """One of `BACKENDS`, or a script that is followed all the time."""
    model: str
    broken: int = 1
    """So many streams from this backend."""
    healthy: int = 0
    """So many from one that stays healthy."""
    plan: Mapping[str, Any] = field(default_factory=dict)
    """What the plan says of them beside that."""
    during: Mapping[str, Any] = field(default_factory=dict)
    """What it says during the fault: the application's own."""


@dataclass(frozen=True)
class Raised:
    """An alert that must be notified, with the labels that tell it from its neighbours."""

    alert: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """One service: its streams, how often one begins, its past, and what must be notified after its fault."""

    every: float
    """Seconds between two streams, during the fault."""
    ways: tuple[Way, ...]
    raises: tuple[Raised, ...] = ()
    past: Past | None = None
    may: tuple[str, ...] = ()
    """Tickets that a page about the same thing inhibits, unless they come before it."""
    ends: Literal["traffic", "process"] | None = None
    """The fault is that it ends."""
    settings: Mapping[str, str] = field(default_factory=dict)
    before: float | None = None
    """Seconds between two streams before the fault, if there are fewer: what is compared with a day counts them too."""

    def plan(self, models: ModelServer, *, faulty: bool) -> Plan:
        """The streams of one round. Of a fault in a backend it says nothing."""
        if faulty and self.ends == "traffic":
            return []
        made: Plan = []
        for way in self.ways:
            common = {"does": "read", "model": way.model} | way.plan | (way.during if faulty else {})
            made += [common | {"url": models.url("clean")}] * way.healthy
            made += [common | {"url": models.url(way.backend, wait=_WAIT)}] * way.broken
        return made


def of_model(alert: str, model: str = "one", **labels: str) -> Raised:
    """An alert about one model."""
    return Raised(alert, {MODEL: model, **labels})


_WAIT = 12.0
"""Seconds that `slow_first_chunk` and `single` wait: people who are patient for half of them leave the one."""
_FEW = {"healthy": 13}
"""One in fourteen is broken: far above any past, and below the 8 % that page."""
_SILENT = ("LastchunkStreamSilent",)
"""Ten minutes are ten seconds at this speed, and some backends here are silent for longer."""
_RUNS, _TEAMS = {OPERATION: Operation.INVOKE_AGENT}, {OPERATION: Operation.INVOKE_WORKFLOW}
_GATHERED = {"silence": "25 to 35 s"}

SCENES: dict[str, Scene] = {
    "healthy": Scene(1.0, (Way("clean", "one"),), past=Past(60)),
    "cut": Scene(
        0.5,
        (Way("resets", "one", healthy=1),),
        (Raised("LastchunkCutoffsFast", _RUNS), of_model("LastchunkModelCutoffsFast")),
        # With this much of a past the tickets about the budget come after the page, which inhibits them.
        Past(40),
        may=("LastchunkConnectionsLost",),
    ),
    # A past would make this a long wait: what burns slowly is measured against a whole day.
    "new": Scene(
        0.6,
        (Way("cuts-few", "one", **_FEW),),
        (
            Raised("LastchunkCutoffsSlow", _RUNS),
            of_model("LastchunkModelCutoffsSlow"),
            of_model("LastchunkTruncated"),
        ),
    ),
    "leaking": Scene(
        0.1,
        (
            Way("loses-few", "lost", **_FEW),
            Way("cuts-few", "cut", **_FEW),
            Way("idles", "idle", **_FEW),
            Way("says-nothing", "empty", **_FEW),
            Way("fails", "error", **_FEW),
        ),
        (
            of_model("LastchunkConnectionsLost", "lost"),
            of_model("LastchunkTruncated", "cut"),
            of_model("LastchunkIdleTimeouts", "idle", **_GATHERED),
            of_model("LastchunkEmpty", "empty"),
            of_model("LastchunkProviderErrors", "error"),
        ),
        Past(100, ("lost", "cut", "idle", "empty", "error")),
        may=_SILENT,
    ),
    "limits": Scene(
        0.14,
        (
            Way("stops-early", "short", healthy=2),
            Way("filters", "strict", healthy=2),
            Way("collects", "whole", broken=4),
            Way("tool_call", "tools", plan={"tool": True}, during={"tool": "broken"}),
            Way("clean", "fine", broken=12),  # beside them the broken tool is less of the service than what pages
        ),
        (
            of_model("LastchunkLimitsReached", "short"),
            of_model("LastchunkContentFilter", "strict"),
            of_model("LastchunkStoppedStreaming", "whole"),
            Raised("LastchunkToolFailures", {AGENT: "writer"}),
        ),
        Past(100, ("short", "strict", "whole", "tools", "fine")),
        may=_SILENT,
    ),
    "limited": Scene(
        0.25,
        (
            Way("limits-rate", "busy", healthy=2),
            Way("limits-history", "long", healthy=2),
            Way("fails-at-once", "flaky", healthy=15),
        ),
        (
            of_model("LastchunkRateLimited", "busy"),
            of_model("LastchunkContextRejected", "long"),
            of_model("LastchunkRejectedSlow", "flaky"),
        ),
        before=1.0,
    ),
    # What does start is cut, every time: that is a ticket about its cause, and no second page. So few start that wherever an
    # export divides the round, three rejections are counted before three cutoffs are.
    "refused": Scene(
        0.25,
        (Way("refuses", "one", 9), Way("cuts-few", "one")),
        (of_model("LastchunkRejectedFast"), of_model("LastchunkTruncated")),
    ),
    "impatient": Scene(
        0.5,
        (
            Way("slows-down", "one", broken=3, healthy=3, plan={"leaves_after": _WAIT / 2}),
            Way("falls-silent", "one", plan={"team": True, "leaves_after": 30.0, "patience": 600.0}),
        ),
        (Raised("LastchunkPeopleLeave", _RUNS), Raised("LastchunkPeopleLeaveTogether", _TEAMS | _GATHERED)),
        Past(60),
        may=_SILENT,
        settings={"LASTCHUNK_STALL_AFTER": "60"},
    ),
    "hanging": Scene(
        0.5,
        (Way("hangs", "one", plan={"patience": 600.0}),),
        (of_model("LastchunkStreamSilent"),),
        settings={"LASTCHUNK_STALL_AFTER": "3"},
    ),
    "hoarding": Scene(
        0.3,
        (Way("clean", "one", during={"does": "keep"}),),
        (Raised("LastchunkOpenGrows"),),
        Past(10, opened=15),
    ),
    "gone": Scene(1.0, (Way("clean", "one"),), (Raised("LastchunkTelemetryGone"),), Past(60), ends="process"),
    "quiet": Scene(1.0, (Way("clean", "one"),), (Raised("LastchunkNoTraffic"),), Past(60), ends="traffic"),
}
"""By the service's name. `healthy` must raise nothing, as long as the others have their faults."""

OF_THE_PATH = ("LastchunkSamplesTooEarly", "LastchunkPathDown", "LastchunkPathUnseen")
"""What the same test raises in the Collectors."""

ELSEWHERE = {
    **dict.fromkeys(
        ("LastchunkPathRefuses", "LastchunkPathQueueFills", "LastchunkPathDrops"),
        "test_overload.py: a Collector without memory, and one without a gateway, at the speed that is shipped",
    ),
    "LastchunkStreamsHang": "rules/hangs.py: applications count what is silent for ten minutes, at any speed of the rules",
}
"""What is not raised here, and where it is instead. At this speed a minute of refusals is a second."""
