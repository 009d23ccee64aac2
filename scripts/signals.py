# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of docs/signals.md from the table of names in `lastchunk.semconv`.

python scripts/signals.py          writes them
python scripts/signals.py --check  exits with 1 if they are not as they would be written
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lastchunk import semconv
from lastchunk.semconv import Attribute, Metric
from lastchunk.telemetry.caps import LIMIT
from lastchunk.telemetry.metrics import KINDS_FROM_ZERO

PAGE = Path(__file__).parents[1] / "docs" / "signals.md"
_BLOCK = re.compile(r"(<!-- made by scripts/signals.py: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

_ZEROS = len(semconv.COUNTED_BY_ALERTS)


@dataclass(frozen=True)
class Service:
    """What a process streams. Each agent has one model; all of them run in teams."""

    says: str
    teams: int
    agents: int
    models: int
    endings: int = 8
    """Different endings (reason, cause, delivery) that one kind of stream has come to so far …"""
    cutoffs: int = 2
    """… of which are cutoffs that no alert counts, and so were not there as 0 …"""
    reasons: int = 6
    """… and different reasons among them."""
    errors: int = 3
    """Different `error.type`s."""


SERVICES = (
    Service("a team of 3 agents with one model", teams=1, agents=3, models=1),
    Service("5 teams, 20 agents, 4 models", teams=5, agents=20, models=4),
    Service("20 teams, 100 agents, 10 models", teams=20, agents=100, models=10),
)


def sets(metric: Metric, service: Service) -> int:
    """Sets of attributes of a metric in such a process: below the SDK's limit of 2,000, or some go into its overflow."""
    model_kinds, run_kinds = service.models, service.models + 1
    kinds = model_kinds + run_kinds
    waiting = 2 * model_kinds + 3 * run_kinds
    zeros = _ZEROS * min(kinds, KINDS_FROM_ZERO)
    return {
        semconv.ENDED: (2 * service.agents + service.teams) * service.endings,
        semconv.CUTOFFS: zeros + kinds * service.cutoffs,
        semconv.OPEN: kinds,
        semconv.STALLED: waiting,
        semconv.HANGING: waiting,
        semconv.LONGEST_SILENCE: waiting,
        semconv.RECOVERED: run_kinds * service.cutoffs,
        semconv.IDLE: kinds * (service.reasons - 1),  # not for those that completed
        semconv.OPERATION_DURATION: service.models * (1 + service.errors),
        semconv.TIME_TO_FIRST_CHUNK: service.models,
        semconv.TIME_PER_OUTPUT_CHUNK: 0,
        semconv.TOKEN_USAGE: service.models * 2,
        semconv.AGENT_DURATION: service.agents * (1 + service.errors),
        semconv.WORKFLOW_DURATION: service.teams * (1 + service.errors),
    }.get(metric, kinds * 2)


def series(metric: Metric, service: Service) -> int:
    """Its series in Prometheus: a histogram has one for each bucket, and three more."""
    return sets(metric, service) * (len(metric.buckets) + 3 if metric.buckets else 1)


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("|" + "---|" * (lines[0].count("|") - 1))
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def metrics() -> str:
    """Every metric."""
    rows = []
    for metric in semconv.METRICS:
        own = metric.attributes[: len(semconv.COMMON)] == semconv.COMMON
        more = _names(metric.attributes[len(semconv.COMMON) if own else 0 :])
        attributes = f"common{', ' if more else ''}{more}" if own else more
        rows.append((f"`{metric.name}`", metric.instrument, f"`{metric.unit}`", metric.brief, attributes))
    return _table(("metric", "instrument", "unit", "says", "attributes"), rows)


def buckets() -> str:
    """The buckets of every histogram."""
    histograms = [metric for metric in semconv.METRICS if metric.buckets]
    bounds = (", ".join(f"{bound:g}" if bound < 1000 else str(bound) for bound in one.buckets) for one in histograms)
    return _table(("histogram", "upper bounds"), zip(_names_each(histograms), bounds, strict=True))


def _names_each(metrics: Iterable[Metric]) -> Iterable[str]:
    return (f"`{metric.name}`" for metric in metrics)


def zeros() -> str:
    """The pairs that alerts count."""
    causes: dict[str, list[str]] = {}
    for reason, cause in semconv.COUNTED_BY_ALERTS:
        causes.setdefault(reason, []).append(cause)
    return _table(("reason", "causes"), ((f"`{reason}`", _names(found)) for reason, found in causes.items()))


def span_attributes() -> str:
    """The attributes of spans."""
    return _attributes(semconv.SPAN_ATTRIBUTES)


def chunk_attributes() -> str:
    """The attributes of the span event of a chunk."""
    return _attributes(semconv.CHUNK_EVENT_ATTRIBUTES)


def stalled_attributes() -> str:
    """Those of the event of a stream that hangs."""
    return _attributes(semconv.STALLED_EVENT_ATTRIBUTES)


def _attributes(attributes: Iterable[Attribute]) -> str:
    def meaning(attribute: Attribute) -> str:
        values = f" One of {_names(attribute.values)}." if attribute.values else ""
        return attribute.brief + values

    rows = ((f"`{one.name}`", one.type, f"`{one.unit}`" if one.unit else "", meaning(one)) for one in attributes)
    return _table(("attribute", "type", "unit", "says"), rows)


def cardinality() -> str:
    """How many sets of attributes, and how many series in Prometheus, a process has."""
    rows: list[tuple[str, ...]] = [
        (f"`{metric.name}`", *(f"{sets(metric, one):,} / {series(metric, one):,}" for one in SERVICES))
        for metric in semconv.METRICS
        if metric is not semconv.TIME_PER_OUTPUT_CHUNK
    ]
    for one in SERVICES:
        assert all(sets(metric, one) < 2000 for metric in semconv.METRICS), one
    total = (f"**{sum(series(metric, one) for metric in semconv.METRICS):,}**" for one in SERVICES)
    rows.append(("**series in all**", *total))
    return _table(("metric: sets / series", *(one.says for one in SERVICES)), rows)


def numbers() -> str:
    """The limits."""
    return (
        f"Agent, workflow, model, response model, server and `error.type` are each capped at {LIMIT} values in metrics;"
        f" later ones are counted as `{semconv.OTHER}`, with one warning in the log. The cutoffs of the first"
        f" {KINDS_FROM_ZERO} combinations of the common attributes are counted from 0, for {_ZEROS} pairs of reason and"
        " cause each.\n"
    )


BLOCKS: dict[str, Callable[[], str]] = {
    block.__name__: block
    for block in (
        metrics,
        buckets,
        zeros,
        span_attributes,
        chunk_attributes,
        stalled_attributes,
        cardinality,
        numbers,
    )
}


def written(page: str) -> str:
    """The page, with every block as it is to be."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}", page)


def main() -> None:
    page = PAGE.read_text()
    current = written(page)
    if "--check" in sys.argv[1:]:
        if page != current:
            sys.exit("docs/signals.md is not what lastchunk.semconv says: run `python scripts/signals.py`")
        return
    PAGE.write_text(current)


if __name__ == "__main__":
    main()
