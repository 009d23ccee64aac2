# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`make backtest` in small: how soon pages come, and that none comes in health. The months are for people to run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lastchunk.monitoring.settings import load
from tests.stack.backtest import drills, minutes
from tests.stack.backtest.__main__ import streams
from tests.stack.backtest.life import HEALTHY
from tests.stack.backtest.month import Month, paging
from tests.stack.servers import binary

pytestmark = pytest.mark.timeout(300)
Needs = Callable[..., None]
Figure = Callable[[str], None]


@pytest.mark.parametrize("traffic", [2, 600])
def test_a_fault_pages_in_time(traffic: int, needs: Needs, tmp_path: Path, figure: Figure) -> None:
    needs("promtool")
    found = minutes.minutes(binary("promtool"), streams(load()), tmp_path, minutes.faults((traffic,)))
    figure(minutes.table(found))
    assert not minutes.too_late(found)


def test_a_healthy_service_never_pages_and_a_faulty_one_does(needs: Needs, tmp_path: Path, figure: Figure) -> None:
    needs("prometheus", "promtool")
    rules, ill = streams(load()), drills.drill(10)
    month = Month(tmp_path, [*HEALTHY[:5], ill], rules, days=2, seed=7)
    try:
        pages = [page for alert in paging(rules, "page") for page in month.pages(alert)]
    finally:
        month.close()
    assert [page for page in pages if page.labels["job"] != ill.name] == []
    found = drills.minutes(pages, month.begin, month.end, ill)
    figure(drills.table({ill.name: found}))
    assert all(times and max(times) <= 60 for times in found.values())
