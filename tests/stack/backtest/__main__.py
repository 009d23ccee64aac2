# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`make backtest`: how soon the pages come with these settings, and how often they come for nothing."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from lastchunk.monitoring.alerts import files
from lastchunk.monitoring.settings import SETTINGS, Settings, SettingsError, load
from tests.stack.backtest import drills, minutes
from tests.stack.backtest.life import HEALTHY
from tests.stack.backtest.month import Month, Page, groups, paging
from tests.stack.rules.promtool import Rule, needed
from tests.stack.servers import Missing, binary

_DRILLS = (2, 10, 60)


def streams(settings: Settings) -> list[Rule]:
    """The rules on streams that page with these settings, and what they rest on."""
    every = groups(files(settings)["alerts/prometheus/lastchunk-streams.yml"])
    return needed([rule["alert"] for rule in paging(every, settings.severities["page"])], every)


def main(arguments: list[str] | None = None) -> int:
    """Print the tables. Returns 1 if a page comes too late or for nothing, 2 if it cannot be known."""
    parser = argparse.ArgumentParser(prog="make backtest", description=__doc__)
    parser.add_argument("--settings", type=Path, default=SETTINGS, help="another settings.yaml")
    parser.add_argument("--days", type=int, default=30, help="days of each service (30)")
    parser.add_argument("--seed", type=int, default=1, help="another seed: another month")
    options = parser.parse_args(arguments)
    try:
        settings = load(options.settings)
        promtool = binary("promtool")
        binary("prometheus")
    except (SettingsError, Missing) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    rules = streams(settings)
    with tempfile.TemporaryDirectory() as folder:
        found = minutes.minutes(promtool, rules, Path(folder), minutes.faults())
        print("Minutes from a fault to the page, at the latest (streams at even distances, evaluated once a minute):\n")
        print(minutes.table(found), flush=True)
        late = minutes.too_late(found)
        false = _month(Path(folder), settings, rules, options.days, options.seed)
    if late:
        print(f"\nToo late: {', '.join(late)}")
    return 1 if late or false else 0


def _month(folder: Path, settings: Settings, rules: list[Rule], days: int, seed: int) -> int:
    services = [drills.drill(a_minute) for a_minute in _DRILLS]
    began = time.monotonic()
    month = Month(folder, [*HEALTHY, *services], rules, days=days, seed=seed)
    pages: list[Page] = []
    costs: dict[str, float] = {}
    try:
        for alert in paging(rules, settings.severities["page"]):
            begin = time.monotonic()
            pages += month.pages(alert)
            costs[alert["alert"]] = time.monotonic() - begin
    finally:
        month.close()
    ill = {service.name for service in services}
    false = [page for page in pages if page.labels["job"] not in ill]
    by_service = {
        f"{service.a_minute:g} a minute": drills.minutes(pages, month.begin, month.end, service) for service in services
    }
    print("\nMinutes to the page where streams end at random: the median, and nine in ten:\n")
    print(drills.table(by_service))
    print(f"\nPages in {len(HEALTHY) * days} service-days of health: {len(false)}")
    for page in false:
        print(f"  {page.alert} {dict(page.labels)} {(page.begin - month.begin) / 3600:.2f} h after the beginning")
    print(
        f"Minute by minute ({days * 1440:,} evaluations of {len(HEALTHY) + len(services)} services, from recordings):"
    )
    for name, seconds in costs.items():
        print(f"  {name} {seconds:.1f} s")
    print(f"In all {time.monotonic() - began:.0f} s.")
    return len(false)


if __name__ == "__main__":
    sys.exit(main())
