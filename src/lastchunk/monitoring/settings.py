# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads and checks `grafana/settings.yaml`. A wrong value is reported in one sentence with the key and the remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from lastchunk.shipped import shipped

SETTINGS = shipped("grafana/settings.yaml")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class SettingsError(Exception):
    """A setting that cannot be used; the message is one sentence for the person who wrote it."""


def milliseconds(duration: str) -> int:
    """A duration of Prometheus with one unit, such as `5m`. Raises `ValueError`."""
    found = re.fullmatch(r"([1-9]\d*)(ms|s|m|h|d)", duration)
    if found is None:
        raise ValueError(duration)
    return int(found[1]) * _UNITS[found[2]]


def duration(of: int) -> str:
    """Milliseconds as a duration of Prometheus, in the largest unit that is exact."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if of % _UNITS[unit] == 0)
    return f"{of // _UNITS[unit]}{unit}"


@dataclass(frozen=True, slots=True)
class Windows:
    """Two windows in which a budget must burn, and the burn rate that is too fast."""

    long: str
    short: str
    factor: float


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder that pages: how much is cut, for how long, and in how many streams."""

    long: str
    short: str
    share: float
    """Of the streams that began, in both windows."""
    floor: int
    """Streams in the long window."""
    each: int
    """Streams in the short window, and in the one before it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of dashboards and alerts."""

    objective: float
    ladder: tuple[Rung, ...]
    """The shortest long window first."""
    slow: Windows
    past: str
    ticket_floor: int
    hanging_floor: int
    rejected_slow: float
    severities: Mapping[str, str]
    labels: Mapping[str, str]
    grafana_url: str
    runbook_url: str
    datasource: str
    folder: str
    org: int
    collectors_job: str
    speed: int = 1
    """Divides every window and wait, for tests with a real Prometheus."""

    @property
    def hour(self) -> str:
        """The longest window of the ladder. Counts in it are recorded, and longer windows are sums of them."""
        return self.ladder[-1].long

    @property
    def counted(self) -> tuple[str, ...]:
        """Every window of the ladder, the longest first."""
        windows = {window for rung in self.ladder for window in (rung.long, rung.short)}
        return tuple(sorted(windows, key=milliseconds, reverse=True))

    def time(self, normal: str) -> str:
        """A duration, at this speed."""
        return duration(milliseconds(normal) // self.speed)

    def threshold(self, windows: Windows) -> float:
        """The share of cut streams at which the budget burns too fast."""
        return round(windows.factor * (1 - self.objective), 6)


def _anything(value: object) -> bool:
    return True


class _Keys:
    """The mapping at one key, read key by key. Raises `SettingsError` for a key that is missing, wrong or unknown."""

    def __init__(self, value: object, at: str = "") -> None:
        if not isinstance(value, dict):
            raise SettingsError(f"settings.yaml: {at or 'the file'} must be a mapping of keys and values.")
        self._left: dict[Any, Any] = dict(value)
        self._at = f"{at}." if at else ""

    def take(self, key: str, kind: type | tuple[type, ...], rule: str, holds: Callable[[Any], bool] = _anything) -> Any:
        at = f"settings.yaml: {self._at}{key}"
        if key not in self._left:
            raise SettingsError(f"{at} is missing: {rule}.")
        value = self._left.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool) or not holds(value):
            raise SettingsError(f"{at} is {value!r}: {rule}.")
        return value

    def below(self, key: str) -> _Keys:
        return _Keys(self._left.pop(key, None), f"{self._at}{key}")

    def share(self, key: str) -> float:
        return float(self.take(key, (int, float), "give a share between 0 and 1", lambda value: 0 < value < 1))

    def count(self, key: str) -> int:
        return int(self.take(key, int, "give a whole number from 1 on", lambda value: value >= 1))

    def window(self, key: str) -> str:
        def is_one(value: str) -> bool:
            return re.fullmatch(r"[1-9]\d*(s|m|h|d)", value) is not None

        return str(self.take(key, str, "give a duration with one unit, such as 5m, 1h or 1d", is_one))

    def windows(self, key: str) -> Windows:
        keys = self.below(key)
        factor = keys.take("factor", (int, float), "give a number above 0", lambda value: value > 0)
        made = Windows(keys.window("long"), keys.window("short"), float(factor))
        keys.end()
        if milliseconds(made.short) >= milliseconds(made.long):
            raise SettingsError(
                f"settings.yaml: {self._at}{key}.short must be shorter than its long window {made.long}."
            )
        return made

    def ladder(self, key: str) -> tuple[Rung, ...]:
        at = f"settings.yaml: {self._at}{key}"
        rungs = self._left.pop(key, None)
        if not isinstance(rungs, list) or not rungs:
            raise SettingsError(
                f"{at} must be a list of rungs, such as {{long: 5m, short: 2m, share: 0.4, floor: 5, each: 2}}."
            )
        made: list[Rung] = []
        for place, rung in enumerate(rungs):
            keys = _Keys(rung, f"{self._at}{key}[{place}]")
            one = Rung(
                keys.window("long"), keys.window("short"), keys.share("share"), keys.count("floor"), keys.count("each")
            )
            keys.end()
            if milliseconds(one.short) >= milliseconds(one.long):
                raise SettingsError(f"{at}[{place}].short must be shorter than its long window {one.long}.")
            if made and milliseconds(made[-1].long) > milliseconds(one.long):
                raise SettingsError(
                    f"{at}[{place}].long is {one.long}: give the rungs in the order of their long windows."
                )
            made.append(one)
        return tuple(made)

    def text(self, key: str) -> str:
        return str(self.take(key, str, "give a text", lambda value: value))

    def url(self, key: str) -> str:
        def is_one(value: str) -> bool:
            return value == "" or re.fullmatch(r"https?://\S+[^/\s]", value) is not None

        return str(self.take(key, str, 'give a URL such as https://grafana.example.org, or ""', is_one))

    def end(self) -> None:
        if self._left:
            raise SettingsError(f"settings.yaml: {self._at}{next(iter(self._left))} is not a setting: remove it.")


def _labels(keys: _Keys) -> Mapping[str, str]:
    rule = "give names and texts, such as {team: chat}"
    labels = keys.take("labels", dict, rule)
    for name, value in labels.items():
        if not isinstance(value, str) or not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", str(name)):
            raise SettingsError(f"settings.yaml: labels.{name} is {value!r}: {rule}.")
        if name in ("severity", "job", "alertname"):
            raise SettingsError(f"settings.yaml: labels.{name} is set by the alerts themselves: choose another name.")
    return labels


def load(path: Traversable = SETTINGS) -> Settings:
    """The settings in a file. Raises `SettingsError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as missing:
        raise SettingsError(f"{path} cannot be read: name another with --settings.") from missing
    except UnicodeDecodeError as wrong:
        raise SettingsError(f"{path} is not a text in UTF-8: save it as one.") from wrong
    return parse(text)


def parse(text: str) -> Settings:
    """The settings in a text of YAML. Raises `SettingsError`."""
    try:
        keys = _Keys(yaml.safe_load(text))
    except yaml.YAMLError as broken:
        raise SettingsError(f"settings.yaml is not valid YAML{_where(broken)}: correct it there.") from broken
    windows, floors, rejected = keys.below("windows"), keys.below("floors"), keys.below("rejected")
    severities, urls, grafana = keys.below("severities"), keys.below("urls"), keys.below("grafana")
    made = Settings(
        objective=keys.share("objective"),
        ladder=windows.ladder("page"),
        slow=windows.windows("slow"),
        past=windows.window("past"),
        ticket_floor=floors.count("ticket"),
        hanging_floor=floors.count("hanging"),
        rejected_slow=rejected.share("slow"),
        severities={name: severities.text(name) for name in ("page", "ticket")},
        labels=_labels(keys),
        grafana_url=urls.url("grafana"),
        runbook_url=urls.url("runbook"),
        datasource=grafana.text("datasource"),
        folder=grafana.text("folder"),
        org=grafana.count("org"),
        collectors_job=keys.text("collectors_job"),
    )
    for part in (windows, floors, rejected, severities, urls, grafana, keys):
        part.end()
    _reachable(made)
    return made


def _where(broken: yaml.YAMLError) -> str:
    """What the parser says of it, in brackets; empty if it says nothing."""
    mark = getattr(broken, "problem_mark", None)
    said = [f"line {mark.line + 1}"] if mark is not None else []
    said += [str(problem)] if (problem := getattr(broken, "problem", None) or getattr(broken, "reason", None)) else []
    return f" ({': '.join(said)})" if said else ""


def _reachable(settings: Settings) -> None:
    """Check that alerts can fire, do not fire for what the objective allows, and have windows that are whole multiples."""
    share = settings.slow.factor * (1 - settings.objective)
    if share >= 1:
        raise SettingsError(
            f"settings.yaml: windows.slow.factor {settings.slow.factor:g} * (1 - objective {settings.objective:g}) is "
            f"{share:.3g}, and no share of cut streams can exceed 1: give a factor below {1 / (1 - settings.objective):.4g}."
        )
    for place, rung in enumerate(settings.ladder):
        if rung.share <= 1 - settings.objective:
            raise SettingsError(
                f"settings.yaml: windows.page[{place}].share is {rung.share:g}, and the objective allows "
                f"{1 - settings.objective:.3g}: give a share above it."
            )
    step = milliseconds(settings.hour)
    parts = {"slow.long": settings.slow.long, "slow.short": settings.slow.short, "past": settings.past}
    for key, window in parts.items():
        if milliseconds(window) % step:
            raise SettingsError(
                f"settings.yaml: windows.{key} is {window}: give a whole multiple of the longest window in windows.page, "
                f"{settings.hour}."
            )
