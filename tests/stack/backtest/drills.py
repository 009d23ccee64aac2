# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Services that are ill for an hour of every four, one fault after the other: what the weeks of health are worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from statistics import median, quantiles

from tests.stack.backtest.life import EVERY, Service
from tests.stack.backtest.minutes import LIMITS, PAGES, Kind
from tests.stack.backtest.month import Page

_EACH, _LASTS = 4 * 3600, 3600
"""Seconds from one fault to the next, and those that it lasts."""
_FAULTS: tuple[tuple[Kind, float], ...] = tuple(product(PAGES, LIMITS))


def _fault(at: int) -> tuple[Kind, float] | None:
    """The fault at this second."""
    number, since = divmod(at - _EACH // 2, _EACH)
    return _FAULTS[number % len(_FAULTS)] if since < _LASTS else None


def _trouble(step: int) -> tuple[float, float]:
    fault = _fault(step * EVERY)
    if fault is None:
        return 0.0, 0.0
    kind, share = fault
    return (share, 0.0) if kind == "cut" else (0.0, share)


def drill(a_minute: float) -> Service:
    """A service of so many streams a minute, by day and night."""
    return Service(f"drill-{a_minute:g}", a_minute, night=1, weekend=1, left=0, trouble=_trouble)


def minutes(pages: Iterable[Page], begin: int, end: int, service: Service) -> Mapping[tuple[Kind, float], list[float]]:
    """The minutes from each fault of this service to its page; infinite where none came while it lasted."""
    mine = [page for page in pages if page.labels["job"] == service.name]
    made: dict[tuple[Kind, float], list[float]] = {fault: [] for fault in _FAULTS}
    first = -(-(begin - _EACH // 2) // _EACH) * _EACH + _EACH // 2
    for at in range(first, end - _LASTS, _EACH):
        fault = _fault(at)
        assert fault is not None
        kind, share = fault
        after = [page.begin - at for page in mine if page.alert == PAGES[kind] and at < page.begin <= at + _LASTS]
        made[kind, share].append(min(after, default=float("inf")) / 60)
    return made


def table(found: Mapping[str, Mapping[tuple[Kind, float], list[float]]]) -> str:
    """Median and nine in ten, for each fault and service, as Markdown."""
    head = ["", *found]
    lines = [head, ["---"] * len(head)]
    for kind, share in _FAULTS:
        row = [f"{share * 100:g} % {kind}"]
        for of_service in found.values():
            times = of_service[kind, share]
            nine = quantiles(times, n=10)[-1] if len(times) > 1 and max(times) < float("inf") else max(times)
            row.append(f"{median(times):.0f}, {nine:.0f}")
        lines.append(row)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
