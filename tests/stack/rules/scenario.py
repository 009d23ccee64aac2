# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What Prometheus sees of a service over hours or days, and which alerts must fire when: a unit test of promtool.

Each scenario is a service (`job`) of its own, so that many share one test. Names are written as they stand in
Prometheus, and expected values are worked out by hand: nothing here comes from the code that makes the rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Labels = Mapping[str, str]
Series = tuple[str, Labels, str]
_LONG = {
    "op": "gen_ai_operation_name",
    "provider": "gen_ai_provider_name",
    "model": "gen_ai_request_model",
    "agent": "gen_ai_agent_name",
    "workflow": "gen_ai_workflow_name",
    "cause": "lastchunk_stream_termination_cause",
    "reason": "lastchunk_stream_termination_reason",
    "delivery": "lastchunk_stream_delivery",
    "waiting": "lastchunk_stream_waiting_for",
    "outermost": "lastchunk_stream_outermost",
}

MODEL = {"provider": "openai", "model": "vendor/large:2"}
CHAT = {"op": "chat", "outermost": "true"} | MODEL
"""What an application iterates that calls a model client itself."""
INNER = CHAT | {"outermost": "false"}
"""A chat stream below a run."""
RUN = {"op": "invoke_workflow", "outermost": "true", "workflow": "Team"}


def rates(*parts: tuple[int, float], start: float = 0) -> str:
    """A counter in promtool's words: for so many steps, so much more at each. The first sample is `start`.

    Parts of a stream must be exact in binary, such as 0.25: a counter that falls by a rounding error was reset.
    """
    words, value, first = [], start, True
    for steps, more in parts:
        begin, count = (value, steps) if first else (value + more, steps - 1)
        words.append(f"{begin:g}{more:+g}x{count}")
        value, first = value + more * steps, False
    return " ".join(words)


def ended(of: Labels, reason: str, values: str, cause: str = "", **labels: str) -> Series:
    """Streams that ended."""
    return (
        "lastchunk_stream_ended_total",
        {**of, "reason": reason, **({"cause": cause} if cause else {}), **labels},
        values,
    )


def cut(of: Labels, reason: str, values: str, cause: str = "unknown", **labels: str) -> tuple[Series, Series]:
    """Streams that ended, and were cut."""
    run_only = {name: value for name, value in of.items() if name not in ("agent", "workflow")}
    both = {"reason": reason, "cause": cause, **labels}
    return ended(of, reason, values, cause, **labels), ("lastchunk_stream_cutoffs_total", {**run_only, **both}, values)


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert that fires, with all its labels but the job."""

    name: str
    severity: str
    labels: Labels


def page(name: str, **labels: str) -> Firing:
    return Firing(f"Lastchunk{name}", "page", labels)


def ticket(name: str, **labels: str) -> Firing:
    return Firing(f"Lastchunk{name}", "ticket", labels)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A service, and the alerts that fire for it at these times: exactly these, and with exactly these labels."""

    name: str
    series: Sequence[Series]
    fires: Mapping[str, Sequence[Firing]]
    named: str = ""

    @property
    def job(self) -> str:
        """The service: of a name that links must escape."""
        return self.named or f"shop/{self.name.replace(' ', '-')}:1"

    def input_series(self) -> list[dict[str, str]]:
        """What the service sends."""
        return [
            {"series": written({"job": self.job, "instance": "a"} | named(labels), metric), "values": values}
            for metric, labels, values in self.series
        ]

    def expected(self, time: str) -> set[frozenset[tuple[str, str]]]:
        """The labels of the alerts that must fire."""
        return {
            frozenset(({"alertname": one.name, "severity": one.severity, "job": self.job} | named(one.labels)).items())
            for one in self.fires[time]
        }

    def checks(self) -> list[dict[str, Any]]:
        """Every time, as a query of promtool."""
        return [
            {
                "expr": f'ALERTS{{alertstate="firing", job="{self.job}"}}',
                "eval_time": time,
                "exp_samples": [
                    {"labels": written({**dict(one), "alertstate": "firing"}, "ALERTS"), "value": 1}
                    for one in self.expected(time)
                ],
            }
            for time in self.fires
        ]


@dataclass(frozen=True, slots=True)
class Family:
    """Scenarios with one distance between samples and evaluations, and the alerts whose boundaries they are at."""

    step: str
    alerts: Sequence[str]
    scenarios: Sequence[Scenario]
    changes: Literal["all", "all but past windows", "past windows"] = "all"
    """What of the alerts these scenarios notice, if it is changed."""

    def unit_test(self, rules: str) -> dict[str, Any]:
        """A file for `promtool test rules`."""
        return {
            "rule_files": [rules],
            "evaluation_interval": self.step,
            "tests": [
                {
                    "interval": self.step,
                    "input_series": [series for one in self.scenarios for series in one.input_series()],
                    "promql_expr_test": [check for one in self.scenarios for check in one.checks()],
                }
            ],
        }


def seconds(duration: str) -> int:
    """Of a duration such as 1h30m."""
    units = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([dhms])", duration))


def named(labels: Labels) -> dict[str, str]:
    return {_LONG.get(name, name): value for name, value in labels.items()}


def written(labels: Labels, metric: str) -> str:
    return metric + "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
