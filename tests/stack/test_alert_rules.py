# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every alert at its boundary, just below, and in what must not raise it: by both versions of promtool."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.stack.rules import budget, days, hangs, jumps, path, silence, starts, users
from tests.stack.rules.mutants import Mutant, mutants, survivors
from tests.stack.rules.promtool import RULES, binary, needed, rules, said, versions, write
from tests.stack.rules.scenario import Family

Needs = Callable[[str], None]
FAMILIES: dict[str, Family] = {
    "starts": starts.FAMILY,
    "budget": budget.FAMILY,
    "days": days.FAMILY,
    "jumps": jumps.FAMILY,
    "past": jumps.PAST_WINDOWS,
    "users": users.FAMILY,
    "hangs": hangs.FAMILY,
    "silence": silence.FAMILY,
    "path": path.FAMILY,
    "unseen": path.UNSEEN,
}
A_WEEK = {"silence"}
"""Of a week only the alerts that look at it are evaluated: every other one would take a minute more."""
EVERY = os.environ.get("LASTCHUNK_EVERY_CHANGE") == "true"
SOME = 4
"""One change in four is tried, or with `LASTCHUNK_EVERY_CHANGE=true` every one: that takes several minutes."""
pytestmark = pytest.mark.timeout(600)


def test_promtool_has_nothing_against_the_rules(needs: Needs) -> None:
    needs("promtool")
    for promtool in versions():
        assert not said(promtool, "check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))


def test_every_alert_has_its_scenarios() -> None:
    proven = {name for family in FAMILIES.values() for name in family.alerts}
    assert proven == {rule["alert"] for rule in rules() if "alert" in rule}


@pytest.mark.parametrize("name", FAMILIES)
def test_alerts_fire_when_they_should_and_only_then(name: str, needs: Needs, tmp_path: Path) -> None:
    needs("promtool")
    family = FAMILIES[name]
    streams = [rule for rule in rules() if not rule.get("alert", "").startswith("LastchunkPath")]
    evaluated = needed(family.alerts) if name in A_WEEK or name in ("path", "unseen") else streams
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(family.unit_test(write(tmp_path / "rules.yml", evaluated))))
    for promtool in versions():
        assert not said(promtool, "test", "rules", file)


@pytest.mark.parametrize("name", FAMILIES)
def test_whatever_is_changed_in_an_alert_is_noticed(
    name: str, needs: Needs, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Each threshold, window, wait, label and value, one at a time."""
    needs("promtool")
    before = list(FAMILIES.values())[: list(FAMILIES).index(name)]
    elsewhere = {rule["record"] for family in before for rule in needed(family.alerts) if "record" in rule}
    made: list[Mutant] = mutants(FAMILIES[name], elsewhere)[:: 1 if EVERY else SOME]
    left = survivors(FAMILIES[name], made, binary("promtool"), tmp_path)
    figure(f"{len(made)} changes")
    assert not left
