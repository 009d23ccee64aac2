# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Six hours of an invented shop, as OpenMetrics text for `promtool tsdb create-blocks-from openmetrics`.

    python -m grafana.preview.history trouble > history.txt

`healthy`, or `trouble`: for the last two hours a proxy cuts silent streams of one service after 60 s, one model's provider has
an outage of twenty minutes, and the gateway cannot send for an hour; at its end the agent is down too. Names come from
`lastchunk.semconv`, as those of the dashboards do.
"""

from __future__ import annotations

import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

from lastchunk import semconv
from lastchunk.monitoring.alerts import groups
from lastchunk.monitoring.dashboards.foreign import ENVIRONMENT, OVERFLOW
from lastchunk.monitoring.names import label, series
from lastchunk.monitoring.settings import load
from lastchunk.semconv import Cause, Delivery, Metric, Operation, Reason, WaitingFor

STEP, HOURS = 30, 6
SERVICES = {
    "shop/checkout-agents": ("newsroom", "openai", "house/model:8b"),
    "support": ("helpdesk", "anthropic", "opus-4"),
}
AGENTS = ("planner", "writer")
FIRING = {"LastchunkCutoffsSlow": {}, "LastchunkIdleTimeouts": {label(semconv.REQUEST_MODEL): "house/model:8b"}}
"""What the trouble raises, with the labels that the dashboards show beside the service."""
Labels = tuple[tuple[str, str], ...]
Ending = tuple[Reason, Cause | None]
DONE: Ending = (Reason.COMPLETED, None)
ALWAYS: dict[Ending, float] = {
    (Reason.ABANDONED, Cause.CLIENT_DISCONNECTED): 0.004,
    (Reason.CANCELLED, Cause.CANCELLED_BY_APPLICATION): 0.03,
    (Reason.LENGTH, Cause.CONTEXT_LIMIT): 0.001,
    (Reason.CONTENT_FILTER, Cause.CONTENT_FILTER): 0.001,
    (Reason.CONNECTION_LOST, Cause.CONNECTION_LOST): 0.0005,
    (Reason.TOOL_ERROR, Cause.TOOL_FAILURE): 0.0008,
    (Reason.REJECTED, Cause.RATE_LIMITED): 0.002,
}


class Shop:
    """Counters of everything that happened so far."""

    def __init__(self, *, trouble: bool) -> None:
        self.trouble = trouble
        self.values: dict[tuple[str, Labels], float] = defaultdict(float)

    def add(self, name: str, value: float, **labels: str | None) -> None:
        """Add to one series; a label that is None is absent."""
        self.values[name, tuple(sorted((key, text) for key, text in labels.items() if text is not None))] += value

    def observe(self, metric: Metric, value: float, **labels: str | None) -> None:
        """Record one value of a histogram."""
        name = series(metric)
        for bound in metric.buckets:
            self.add(f"{name}_bucket", value <= bound, **labels, le=f"{float(bound)}")
        self.add(f"{name}_bucket", 1, **labels, le="+Inf")
        self.add(f"{name}_count", 1, **labels)
        self.add(f"{name}_sum", value, **labels)

    def ends(self, service: str, left: float) -> Ending:
        """How the next stream ends, `left` hours before now."""
        chances = dict(ALWAYS)
        if self.trouble and service != "support" and left < 2:
            chances |= {
                (Reason.TRUNCATED, Cause.IDLE_TIMEOUT): 0.05,
                (Reason.ABANDONED, Cause.CLIENT_DISCONNECTED): 0.02,
            }
        if self.trouble and service == "support" and 0.5 < left < 0.85:
            chances |= {
                (Reason.REJECTED, Cause.PROVIDER_ERROR): 0.4,
                (Reason.PROVIDER_ERROR, Cause.PROVIDER_ERROR): 0.2,
            }
        return random.choices([*chances, DONE], [*chances.values(), 1 - sum(chances.values())])[0]

    def stream(self, service: str, left: float) -> None:
        """A team's run with one chat stream below it."""
        team, provider, model = SERVICES[service]
        reason, cause = self.ends(service, left)
        who = {"job": service, "instance": random.choice(("7f31", "a2c4")), "deployment_environment_name": "production"}
        chat = who | {
            label(semconv.OPERATION_NAME): str(Operation.CHAT),
            label(semconv.PROVIDER_NAME): provider,
            label(semconv.REQUEST_MODEL): model,
        }
        run = who | {label(semconv.OPERATION_NAME): str(Operation.INVOKE_WORKFLOW)}
        above = {"reason": reason, "cause": cause, "team": team}
        if reason is not Reason.REJECTED and cause is not None and random.random() < 0.1:
            above |= {"reason": Reason.COMPLETED, "cause": None}
            labels = run | {label(semconv.OUTERMOST): "true", label(semconv.TERMINATION_CAUSE): str(cause)}
            self.add(series(semconv.RECOVERED), 1, **labels)
        self.level(chat, outermost="false", agent=random.choice(AGENTS), reason=reason, cause=cause)
        self.level(run, outermost="true", **above)

    def level(
        self,
        labels: dict[str, str],
        outermost: str,
        reason: Reason,
        cause: Cause | None,
        agent: str = "",
        team: str = "",
    ) -> None:
        """What one level records."""
        of = labels | {label(semconv.OUTERMOST): outermost}
        cut = reason not in (Reason.COMPLETED, Reason.REJECTED, Reason.CANCELLED)
        ended = {
            label(semconv.TERMINATION_REASON): str(reason),
            label(semconv.TERMINATION_CAUSE): str(cause) if cause else None,
        }
        delivery = Delivery.BURST if random.random() < 0.02 else Delivery.INCREMENTAL
        more = {
            label(semconv.CUTOFF): str(cut).lower(),
            label(semconv.DELIVERY): str(delivery),
            label(semconv.AGENT_NAME): agent or None,
            label(semconv.WORKFLOW_NAME): team or None,
        }
        self.add(series(semconv.ENDED), 1, **of, **ended, **more)
        if cut:
            self.add(series(semconv.CUTOFFS), 1, **of, **ended)
        for pair in semconv.COUNTED_BY_ALERTS:
            reasons = {label(semconv.TERMINATION_REASON): str(pair[0]), label(semconv.TERMINATION_CAUSE): str(pair[1])}
            self.add(series(semconv.CUTOFFS), 0, **of, **reasons)
        idle = random.gauss(60.3, 0.4) if cause is Cause.IDLE_TIMEOUT else random.expovariate(2)
        first, took = random.lognormvariate(-0.3, 0.6), random.lognormvariate(2, 0.7)
        size = random.lognormvariate(9.5, 1) * (2.5 if cut else 1)
        which = of | {label(semconv.CUTOFF): str(cut).lower()}
        self.observe(semconv.LONGEST_GAP, max(idle, random.lognormvariate(0, 0.7)), **which)
        if reason is not Reason.COMPLETED:
            self.observe(semconv.IDLE, idle, **of, **{label(semconv.TERMINATION_REASON): str(reason)})
        self.observe(semconv.BYTES_SENT, size, **which)
        self.observe(semconv.MESSAGES_SENT, size / 700, **which)
        if outermost == "false":
            self.observe(semconv.TIME_TO_FIRST_CHUNK, first, **labels)
            self.observe(semconv.OPERATION_DURATION, first + took + idle, **labels)
            for kind, tokens in (("input", size / 4), ("output", took * 40)):
                self.observe(semconv.TOKEN_USAGE, tokens, **labels, **{label(semconv.TOKEN_TYPE): kind})
            who = {name: labels[name] for name in ("job", "instance", "deployment_environment_name")}
            self.observe(semconv.AGENT_DURATION, took + idle, **who, **{label(semconv.AGENT_NAME): agent})
        else:
            who = {name: labels[name] for name in ("job", "instance", "deployment_environment_name")}
            self.observe(semconv.WORKFLOW_DURATION, took + idle + 2, **who, **{label(semconv.WORKFLOW_NAME): team})
            waits = 4 if self.trouble and cause is Cause.IDLE_TIMEOUT else 0
            for name in (WaitingFor.FIRST_CHUNK, WaitingFor.NEXT_CHUNK, WaitingFor.TOOL):
                key = tuple(sorted((of | {label(semconv.WAITING_FOR): str(name)}).items()))
                old = self.values[series(semconv.STALLED), key]
                new = waits if name is WaitingFor.NEXT_CHUNK else 0
                self.values[series(semconv.STALLED), key] = max(new, old - random.random() * (old > 0)) // 1
            self.values[series(semconv.OPEN), tuple(sorted(of.items()))] = random.randrange(4, 16)

    def path(self, left: float) -> None:
        """What the Collectors say of themselves."""
        failing = self.trouble and 0.2 < left < 1.2
        for instance in ("agent:8888", "gateway-1:8888"):
            of = {"job": "lastchunk-collectors", "instance": instance}
            self.values["up", tuple(sorted(of.items()))] = not (failing and left < 0.4 and instance.startswith("agent"))
            self.values["otelcol_process_memory_rss", tuple(sorted(of.items()))] = random.gauss(9e7, 2e6)
            for signal, count in (("spans", 900), ("metric_points", 2400), ("log_records", 6)):
                self.add(f"otelcol_receiver_accepted_{signal}", count * random.uniform(0.9, 1.1), **of, receiver="otlp")
                self.add(
                    f"otelcol_exporter_sent_{signal}", count * random.uniform(0.9, 1.1), **of, exporter="otlp_http"
                )
            queue = of | {"exporter": "otlp_http", "data_type": "traces"}
            waiting = (1.2 - left) * 120_000 if failing else random.randrange(0, 4000)
            self.values["otelcol_exporter_queue_size", tuple(sorted(queue.items()))] = min(waiting, 100_000)
            self.values["otelcol_exporter_queue_capacity", tuple(sorted(queue.items()))] = 100_000
        if self.trouble:
            of = {"job": "shop/checkout-agents", "instance": "7f31"}
            self.values[series(semconv.ENDED), tuple(sorted((of | {OVERFLOW: "true"}).items()))] = 1
            many = {ENVIRONMENT: "production", label(semconv.AGENT_NAME): semconv.OTHER}
            many |= {
                label(name): str(value)
                for name, value in (
                    (semconv.OPERATION_NAME, Operation.CHAT),
                    (semconv.PROVIDER_NAME, "openai"),
                    (semconv.REQUEST_MODEL, "house/model:8b"),
                    (semconv.OUTERMOST, "false"),
                    (semconv.CUTOFF, "false"),
                    (semconv.TERMINATION_REASON, Reason.COMPLETED),
                    (semconv.DELIVERY, Delivery.INCREMENTAL),
                )
            }
            self.values[series(semconv.ENDED), tuple(sorted((of | many).items()))] = 1
        of = {"job": "lastchunk-collectors", "instance": "gateway-1:8888"}
        if failing:
            self.add("otelcol_exporter_send_failed_spans", random.uniform(20, 40), **of, exporter="otlp_http")
            if left < 0.5:
                self.add("otelcol_exporter_enqueue_failed_spans", 800, **of, exporter="otlp_http", data_type="traces")
                self.add("otelcol_receiver_refused_metric_points", 300, **of, receiver="otlp")
        for decision, count in (("sampled", 11), ("not_sampled", 140)):
            self.add("otelcol_processor_tail_sampling_global_count_traces_sampled", count, **of, decision=decision)
        self.values["otelcol_processor_tail_sampling_sampling_traces_on_memory", tuple(sorted(of.items()))] = 300


def history(shop: Shop, now: float) -> Iterator[str]:
    """Every sample, series by series."""
    samples: dict[tuple[str, Labels], list[str]] = defaultdict(list)
    for at in range(HOURS * 3600 // STEP + 1):
        left = HOURS - at * STEP / 3600
        for service, busy in zip(SERVICES, (14, 6), strict=True):
            for _ in range(int(random.gauss(busy, 3))):
                shop.stream(service, left)
        shop.path(left)
        moment = f"{now - left * 3600:.0f}"
        for key, value in shop.values.items():
            samples[key].append(f"{value:g} {moment}")
    if shop.trouble:
        for alert in (one for group in groups(load()) for one in group.alerts if one.name in FIRING):
            of = FIRING[alert.name] | {"alertname": alert.name, "alertstate": "firing", "severity": alert.severity}
            moments = [f"1 {now - left * STEP:.0f}" for left in range(200, -1, -1)]
            samples["ALERTS", tuple(sorted((of | {"job": "shop/checkout-agents"}).items()))] = moments
    for name, labels in sorted(samples):
        text = ",".join(f'{key}="{value}"' for key, value in labels)
        for sample in samples[name, labels]:
            yield f"{name}{{{text}}} {sample}"
    yield "# EOF"


def main() -> None:
    """Print it."""
    random.seed(3)
    for line in history(Shop(trouble=sys.argv[1:] == ["trouble"]), time.time() // STEP * STEP):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
