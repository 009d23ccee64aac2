# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Rules with one change each: every one must fire otherwise than the original somewhere, or no scenario needs what it changed.

All mutants of a family are evaluated in one run of promtool, each under a name of its own.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.stack.rules.promtool import RECORDED, Rule, needed, write
from tests.stack.rules.scenario import Family

_DURATION = re.compile(r"(?:(?<=[\[: ])|^)(\d+)(ms|s|m|h|d)(?=[\]: )]|$)", re.MULTILINE)
_THRESHOLD = re.compile(r"(?<=[<>=] )(\d+(?:\.\d+)?)(?! ?[\d.])")
_LABELS = re.compile(r"(?<=by \(|on \()[^)]+(?=\))|(?<=group_left \()[^)]+(?=\))")
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
_GUARD = re.compile(r"> 0\b(?!\.)")
"""Where a denominator is not 0, or something rose at all: no threshold of anybody's."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """An alert with one change, in its own rule or in a rule that it depends on."""

    number: int
    """What its rules are named by: it keeps it where only some mutants are tried."""
    alert: str
    change: str
    rules: tuple[Rule, ...]
    """The changed rule and all that lead from it to the alert, under names of their own."""


def _texts(expression: str) -> Iterator[tuple[str, str]]:
    """Each change of an expression: what it is, and the changed expression."""
    for number in sorted({found[0] for found in _THRESHOLD.finditer(_GUARD.sub("", expression))}):
        for factor in (0.8, 1.25):
            other = float(number) * factor
            if "." not in number:
                other = max(int(number) + 1, round(other)) if factor > 1 else min(int(number) - 1, round(other))
            changed = re.sub(rf"(?<=[<>=] ){re.escape(number)}(?![\d.])", f"{other:g}", expression)
            yield f"{number} becomes {other:g}", changed
    for value, unit in sorted({(found[1], found[2]) for found in _DURATION.finditer(expression)}):
        for other in (f"{int(value) * 2}{unit}", _half(int(value), unit)):
            changed = _DURATION.sub(
                lambda found, value=value, unit=unit, other=other: other if found[0] == value + unit else found[0],
                expression,
            )
            yield f"{value}{unit} becomes {other}", changed
    for label in sorted({label for found in _LABELS.finditer(expression) for label in re.split(r",\s*", found[0])}):
        changed = _LABELS.sub(lambda found, label=label: re.sub(rf"\b{label}\b", "other", found[0]), expression)
        yield f"grouped without {label}", changed
    for label, operator, value in sorted({(found[1], found[2], found[3]) for found in _MATCHER.finditer(expression)}):
        whole = f'{label}{operator}"{value}"'
        yield f"{whole} of another label", expression.replace(whole, f'other{operator}"{value}"')
        parts = value.split("|")
        if label != "__name__" and label != "le" and len(parts) > 1:
            for part in parts:
                rest = "|".join(other for other in parts if other != part)
                yield f"{whole} without {part}", expression.replace(whole, f'{label}{operator}"{rest}"')


def _half(value: int, unit: str) -> str:
    smaller = {"d": (24, "h"), "h": (60, "m"), "m": (60, "s"), "s": (1000, "ms")}
    times, name = smaller[unit]
    return f"{value * times // 2}{name}"


def _changes(rule: Rule) -> Iterator[tuple[str, Rule]]:
    for change, expression in _texts(rule["expr"]):
        yield change, rule | {"expr": expression}
    for key in ("for", "keep_firing_for"):
        if key in rule:
            found = re.fullmatch(r"(\d+)(\w+)", rule[key])
            assert found is not None
            for other in (f"{int(found[1]) * 2}{found[2]}", _half(int(found[1]), found[2])):
                yield f"{key} becomes {other}", rule | {key: other}


def _is_for(family: Family, change: str, rule: Rule) -> bool:
    """Whether this family must notice a change. What is shorter than its step cannot be told apart with its samples."""
    wait = re.fullmatch(r".*becomes (\d+)s", change)
    if wait and int(wait[1]) < int(family.step[:-1]) * 60 and family.step.endswith("m"):
        return False
    past = "offset" in rule["expr"] and "alert" in rule and _DURATION.match(change) is not None
    return family.changes == "all" or past == (family.changes == "past windows")


def mutants(family: Family, elsewhere: Iterable[str] = ()) -> list[Mutant]:
    """Every change of every alert of a family, and of every recording that is not looked at elsewhere.

    Recordings that differ by nothing but their window are one: what is no duration is changed in all of them, as it would be
    by whoever changes the table that they are made from. One that differs by more is looked at by itself.
    """
    made: list[Mutant] = []
    seen: set[str] = set(elsewhere)
    for alert in family.alerts:
        chain = needed([alert])
        for rule in chain:
            name = rule.get("record", alert)
            if name in seen:
                continue
            seen.add(name)
            like_it = [other for other in chain if _but_for_its_window(other) == _but_for_its_window(rule)]
            for change, changed in _changes(rule):
                together = [rule] if _DURATION.match(change) else like_it
                if together[0] is not rule or not _is_for(family, change, changed):
                    continue
                all_changed = {id(rule): changed}
                for other in together[1:]:
                    all_changed[id(other)] = dict(_changes(other))[change]
                number = len(made)
                made.append(Mutant(number, alert, f"{name}: {change}", _renamed(chain, all_changed, number)))
    return made


def _but_for_its_window(rule: Rule) -> tuple[str, str]:
    """What a recording says, whatever its window is; an alert is like no other rule."""
    if "record" not in rule:
        return rule["alert"], ""
    name, window = rule["record"].rsplit(":", 1)
    return name, re.sub(rf"(?<=[\[ ]){window}\b", "window", rule["expr"])


def _renamed(chain: list[Rule], changed: Mapping[int, Rule], number: int) -> tuple[Rule, ...]:
    """The changed rules in the places of those that they change, and all that rest on them."""
    names: dict[str, str] = {}
    made: list[Rule] = []
    for before in chain:
        rule = changed.get(id(before), before)
        expression = RECORDED.sub(lambda found: names.get(found[0], found[0]), rule["expr"])
        if rule is before and expression == rule["expr"]:
            continue
        if "record" in rule:
            names[rule["record"]] = f"{rule['record']}_{number}"
            made.append({"record": names[rule["record"]], "expr": expression})
        else:
            made.append({**rule, "alert": f"M{number}", "expr": expression, "annotations": {}})
    return tuple(made)


def survivors(family: Family, made: list[Mutant], promtool: Path, folder: Path) -> list[str]:
    """The changes that no scenario of the family notices."""
    left = {mutant.number: mutant for mutant in made}
    while True:
        said = _run(family, left, promtool, folder)
        # A rule that cannot be evaluated stops promtool, and is noticed by that.
        broken = re.search(r"rule: (?:M|lastchunk:\w+:\w+_)(\d+), time", said)
        if broken is None:
            break
        del left[int(broken[1])]
    got = iter(re.findall(r"^\s+got:(.*)$", said, re.MULTILINE))
    for one in family.scenarios:
        for time in one.fires:
            fired: dict[str, set[frozenset[tuple[str, str]]]] = {}
            for text in re.findall(r"\{([^}]*)\}", next(got)):
                labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', text))
                fired.setdefault(labels["alertname"], set()).add(_without(labels.items()))
            due: dict[str, set[frozenset[tuple[str, str]]]] = {}
            for expected in one.expected(time):
                due.setdefault(dict(expected)["alertname"], set()).add(_without(expected))
            for number in [
                number
                for number, mutant in left.items()
                if fired.get(f"M{number}", set()) != due.get(mutant.alert, set())
            ]:
                del left[number]
    assert next(got, None) is None
    return [f"{mutant.alert}: {mutant.change}" for mutant in left.values()]


def _without(labels: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in labels if name not in ("__name__", "alertname", "alertstate"))


def _run(family: Family, left: dict[int, Mutant], promtool: Path, folder: Path) -> str:
    """What promtool prints about the mutants that fire at each time of each scenario; it is told to expect others."""
    rules = [*needed(family.alerts), *(rule for mutant in left.values() for rule in mutant.rules)]
    test = family.unit_test(write(folder / "mutants.yml", rules))
    test["tests"][0]["promql_expr_test"] = [
        {
            "expr": f'ALERTS{{alertstate="firing", job="{one.job}", alertname=~"M.*"}}',
            "eval_time": time,
            "exp_samples": [{"labels": "none", "value": 0}],
        }
        for one in family.scenarios
        for time in one.fires
    ]
    (folder / "test.yml").write_text(yaml.safe_dump(test))
    done = subprocess.run([promtool, "test", "rules", folder / "test.yml"], capture_output=True, text=True)
    return done.stdout + done.stderr
