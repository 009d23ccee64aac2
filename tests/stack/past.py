# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Days that a Prometheus did not see: samples as a text that `promtool` makes blocks of, and what rules say of them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from lastchunk.monitoring.alerts.promql import AGENT, INSTANCE, JOB, MODEL, OPERATION, OUTERMOST, PROVIDER, REASON
from lastchunk.monitoring.names import series
from lastchunk.monitoring.settings import Settings, milliseconds
from lastchunk.semconv import ENDED, OPEN, Operation, Reason
from tests.stack.prometheus import Prometheus
from tests.stack.servers import binary

_EVERY = 15
"""Seconds between two samples, and between two evaluations of a rule."""
_HOURS = 7 * 24 + 4
"""A week, and the hours before in which its first streams ended."""


@dataclass(frozen=True)
class Past:
    """The history of a service, in hours of the sped-up time, with every stream completed."""

    an_hour: int
    """Chat streams of each model, each in a run of its own."""
    models: tuple[str, ...] = ("one",)
    opened: int = 0
    """Streams that are open now: ever more in the last day and a half, and none before that."""
    ended: int = 5
    """Hours ago: so many minutes does Prometheus look back, and then what is gone is gone."""


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels.items())


def _of_job(job: str, past: Past, hour: float, now: float) -> tuple[list[str], list[str]]:
    """The samples of its streams that ended, and of those that were open. The process is the one that goes on."""
    counted, opened = series(ENDED), series(OPEN)
    process = {JOB: job, INSTANCE: job}
    outermost, yes = OUTERMOST.replace('"', "").split("=")
    run = process | {OPERATION: Operation.INVOKE_AGENT, AGENT: "writer", outermost: yes, REASON: Reason.COMPLETED}
    chat = process | {OPERATION: Operation.CHAT, PROVIDER: "openai", outermost: "false", REASON: Reason.COMPLETED}
    counts = [(run, len(past.models)), *((chat | {MODEL: model}, 1) for model in past.models)]
    gauge = process | {OPERATION: Operation.INVOKE_AGENT, outermost: yes}
    begin, end = now - _HOURS * hour, now - past.ended * hour
    ended: list[str] = []
    were_open: list[str] = []
    for step in reversed(range(int((end - begin) / _EVERY))):
        at = end - step * _EVERY
        count = past.an_hour * (at - begin) / hour
        ended += [f"{counted}{{{_labels(labels)}}} {count * share:.0f} {at:.3f}" for labels, share in counts]
        grown = max(0.0, 1 - (now - at) / hour / 36)
        were_open.append(f"{opened}{{{_labels(gauge)}}} {past.opened * grown:.0f} {at:.3f}")
    return ended, were_open


def text(pasts: Mapping[str, Past], settings: Settings, now: float) -> str:
    """The samples of all these jobs until now, as OpenMetrics text."""
    hour = milliseconds(settings.time("1h")) / 1000
    made = [_of_job(job, past, hour, now) for job, past in pasts.items()]
    lines = [f"# TYPE {series(ENDED).removesuffix('_total')} counter"]
    lines += [line for ended, _ in made for line in ended]
    lines += [f"# TYPE {series(OPEN)} gauge"]
    lines += [line for _, were_open in made for line in were_open]
    return "\n".join([*lines, "# EOF", ""])


def _promtool(*arguments: str | Path) -> None:
    done = subprocess.run([binary("promtool"), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def make(folder: Path, pasts: Mapping[str, Past], rules: Iterable[Path], settings: Settings) -> None:
    """Fill the data of a Prometheus in this folder, that has not started yet, with these pasts and what rules record of them."""
    data, now = folder / "data", time.time()
    data.mkdir(parents=True)
    (folder / "past.txt").write_text(text(pasts, settings, now))
    _promtool("tsdb", "create-blocks-from", "openmetrics", "--quiet", folder / "past.txt", data)
    recorded = folder / "recorded.yml"
    groups = [group for file in rules for group in yaml.safe_load(file.read_text())["groups"]]
    for group in groups:
        group["interval"] = f"{_EVERY}s"
        group["rules"] = [rule for rule in group["rules"] if "record" in rule]
    recorded.write_text(yaml.safe_dump({"groups": [group for group in groups if group["rules"]]}))
    day_and_more = 40 * milliseconds(settings.time("1h")) / 1000
    asked = Prometheus(folder, {}, rules=folder / "no-rules.yml")
    try:
        asked.start()
        span = [f"--start={now - day_and_more:.0f}", f"--end={now:.0f}"]
        url = f"--url=http://127.0.0.1:{asked.port}"
        _promtool("tsdb", "create-blocks-from", "rules", "--quiet", *span, url, f"--output-dir={data}", recorded)
    finally:
        asked.stop()
