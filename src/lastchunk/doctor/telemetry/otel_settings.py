# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Checks the settings of OpenTelemetry's SDK that could lose endings, chunk events or alerts."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterator, Mapping
from functools import partial

from lastchunk import semconv, settings
from lastchunk.doctor.report.findings import Check, Status
from lastchunk.doctor.telemetry.signals import Signal, exporters, protocol
from lastchunk.wording import listed

SHORTEST_VALUE = max(len(value) for value in (*semconv.Reason, *semconv.Cause))
"""Characters of the longest reason or cause."""
LONGEST_INTERVAL = 60_000
"""Milliseconds between two exports of metrics: OpenTelemetry's default."""
ADVISED_INTERVAL = 15_000
_CARRIES = {
    Signal.TRACES: "No trace shows how a stream ended",
    Signal.METRICS: "No alert counts cutoffs",
    Signal.LOGS: "No log event reports a cutoff or a stream that hangs",
}
_PUBLISHED = ("otlp_proto_grpc", "otlp_proto_http", "prometheus", "zipkin")
"""Exporters of the OpenTelemetry project. The package of each is called like it."""
_BY_PROTOCOL = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}


def checks(
    environ: Mapping[str, str],
    known: Mapping[Signal, Collection[str]],
    *,
    has_distro: bool,
    blamed: Collection[str] = (),
) -> Iterator[Check]:
    """Every check of the SDK's settings.

    `known` are the exporters that are installed, `blamed` the variables whose values OpenTelemetry refused or ignored when it
    was started.
    """
    by_file = environ.get("OTEL_CONFIG_FILE", "").strip()
    for look in (
        *(partial(exporter, signal, known=known[signal], has_distro=has_distro) for signal in Signal),
        sampler,
        span_limits,
        resource,
        interval,
        temporality,
    ):
        read = _Read(environ)
        check = look(environ=read)
        wrong = sorted(read.names.intersection(blamed))
        if by_file:
            said = "OTEL_CONFIG_FILE is set: OpenTelemetry reads that file and ignores the other variables."
            yield Check(check.id, Status.SKIPPED, said)
        elif check.status is Status.OK and wrong:
            yield Check(check.id, Status.SKIPPED, f"otel.start says what is wrong with {listed(wrong)}.")
        else:
            yield check


class _Read(Mapping[str, str]):
    """The environment, which notes the names that are looked up."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


def exporter(signal: Signal, environ: Mapping[str, str], known: Collection[str], *, has_distro: bool) -> Check:
    """Check that a signal is sent by installed exporters."""
    name, variable = f"otel.exporter.{signal}", f"OTEL_{signal.upper()}_EXPORTER"
    chosen = exporters(signal, environ, has_distro=has_distro)
    if not chosen:
        is_set = environ.get(variable, "").strip()
        return Check(
            name,
            Status.WARNING,
            f"{variable} is {environ[variable].strip() if is_set else 'not set'}: {_CARRIES[signal]}, unless the "
            "application sets OpenTelemetry up in code.",
            f"Set {variable}=otlp."
            if is_set
            else f"Set {variable}=otlp, or install opentelemetry-distro, which makes it the default.",
        )
    if "otlp" in chosen and protocol(signal, environ) not in _BY_PROTOCOL:
        return Check(
            name,
            Status.PROBLEM,
            f"The protocol for {signal} is {protocol(signal, environ)}, which OpenTelemetry for Python does not "
            "support: it does not start.",
            f"Set OTEL_EXPORTER_OTLP_PROTOCOL to {' or '.join(_BY_PROTOCOL)}.",
        )
    meant = [_BY_PROTOCOL[protocol(signal, environ)] if one == "otlp" else one for one in chosen]
    missing = [one for one in meant if one not in known]
    if missing:
        return Check(
            name,
            Status.PROBLEM,
            f"{variable} names {', '.join(missing)}, which is not installed: OpenTelemetry does not start.",
            _remedy_for_missing(missing[0], variable, {*known, "otlp"}),
        )
    said = "" if environ.get(variable, "").strip() else " (the distro's default)"
    return Check(name, Status.OK, f"{', '.join(meant)}{said}")


def _remedy_for_missing(name: str, variable: str, known: Collection[str]) -> str:
    if name in _PUBLISHED:
        return f"Install it: pip install opentelemetry-exporter-{name.replace('_', '-')}."
    close = difflib.get_close_matches(name, sorted({*known, *_PUBLISHED}), n=1)
    if close:
        return f"Correct {variable}: did you mean {close[0]}?"
    return f"Correct {variable}, or install the package that brings this exporter."


def sampler(environ: Mapping[str, str]) -> Check:
    """Check that every cutoff has a span: a sampler decides before the stream has ended."""
    name = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower() or "parentbased_always_on"
    given = environ.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
    if name.endswith("always_off"):
        return Check(
            "otel.sampler",
            Status.PROBLEM,
            f"OTEL_TRACES_SAMPLER={name}: no stream has a span. Metrics and log events are sent nevertheless.",
            "Unset OTEL_TRACES_SAMPLER, and leave sampling to the Collector, which sees how streams end.",
        )
    if name.endswith("traceidratio") and (ratio := _number(given)) is not None and ratio < 1:
        return Check(
            "otel.sampler",
            Status.WARNING,
            f"OTEL_TRACES_SAMPLER={name} keeps only {ratio:.3g} of all traces, cutoffs included: it decides "
            "before a stream has ended. Metrics and log events cover every stream.",
            f"Unset OTEL_TRACES_SAMPLER, and let the Collector keep every cutoff (tail sampling on {semconv.CUTOFF}).",
        )
    return Check("otel.sampler", Status.OK, f"{name}{f' ({given})' if given else ''}")


def span_limits(environ: Mapping[str, str]) -> Check:
    """Check that a span can hold every chunk event, every attribute, and whole values."""
    with_attributes = _limit(environ, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")
    of_events = _limit(environ, "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")
    of_values = _limit(environ, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
    events = _limit(environ, "OTEL_SPAN_EVENT_COUNT_LIMIT")
    needed = (
        (events, _chunk_events(environ), "chunk events (LASTCHUNK_CHUNK_EVENTS): the first ones are dropped"),
        (with_attributes, len(semconv.SPAN_ATTRIBUTES), "attributes of a stream's span"),
        (of_events, len(semconv.CHUNK_EVENT_ATTRIBUTES), "attributes of a chunk event"),
        (of_values, SHORTEST_VALUE, "characters of the longest reason or cause"),
    )
    short = [
        f"{variable}={limit} is less than the {need} {what}" for (variable, limit), need, what in needed if limit < need
    ]
    if short:
        return Check(
            "otel.span_limits", Status.WARNING, f"{'; '.join(short)}.", "Raise the limit, or keep fewer chunk events."
        )
    return Check(
        "otel.span_limits", Status.OK, f"The limits allow {_chunk_events(environ)} chunk events and every attribute."
    )


def resource(environ: Mapping[str, str]) -> Check:
    """Check that the service has a name, and that its processes do not share an instance id."""
    pairs = (pair.partition("=") for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    given = {name.strip(): value.strip() for name, _, value in pairs}
    service = environ.get("OTEL_SERVICE_NAME", "").strip() or given.get("service.name", "")
    if given.get("service.instance.id"):
        return Check(
            "otel.resource",
            Status.WARNING,
            "OTEL_RESOURCE_ATTRIBUTES sets service.instance.id: all processes with this environment report as "
            "one instance, and overwrite each other's counters.",
            "Remove it: OpenTelemetry makes one for each process. You can keep it if each container has only one "
            "process.",
        )
    if not service:
        return Check(
            "otel.resource",
            Status.WARNING,
            "The service has no name: dashboards and alerts show unknown_service.",
            "Set OTEL_SERVICE_NAME.",
        )
    return Check("otel.resource", Status.OK, f"service.name={service}")


def interval(environ: Mapping[str, str]) -> Check:
    """Check that metrics are sent often enough for alerts that look at five minutes."""
    given = environ.get("OTEL_METRIC_EXPORT_INTERVAL", "").strip()
    value = _number(given)
    if given and value is None:
        return Check(
            "otel.interval",
            Status.WARNING,
            f"OTEL_METRIC_EXPORT_INTERVAL={given} is not a number of milliseconds.",
            f"Set OTEL_METRIC_EXPORT_INTERVAL={ADVISED_INTERVAL}.",
        )
    if value is not None and value > LONGEST_INTERVAL:
        return Check(
            "otel.interval",
            Status.WARNING,
            f"Metrics are sent every {value / 1000:g} s. That is rare for alerts, which look at five minutes, and "
            "a stream that hangs is seen late.",
            f"Set OTEL_METRIC_EXPORT_INTERVAL={ADVISED_INTERVAL}.",
        )
    every = LONGEST_INTERVAL if value is None else value
    advice = f"; for alerts {ADVISED_INTERVAL / 1000:g} s is better" if every > ADVISED_INTERVAL else ""
    return Check("otel.interval", Status.OK, f"Metrics are sent every {every / 1000:g} s{advice}.")


def temporality(environ: Mapping[str, str]) -> Check:
    """Check that counters are cumulative: the Collector loses rare deltas."""
    variable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
    given = environ.get(variable, "").strip().lower() or "cumulative"
    if given in ("delta", "lowmemory"):
        return Check(
            "otel.temporality",
            Status.WARNING,
            f"{variable}={given}: counters are sent as differences. A Collector that adds them up for Prometheus forgets a "
            "counter after five minutes without a value. Cutoffs that are rarer than that are lost, and no alert sees them.",
            f"Unset {variable}. A backend that stores differences itself may keep it.",
        )
    return Check("otel.temporality", Status.OK, f"Counters are {given}.")


def _limit(environ: Mapping[str, str], *variables: str) -> tuple[str, float]:
    """The first variable that is set, with its limit. Infinite without one, or if it is not a number: the defaults suffice."""
    for variable in variables:
        if given := environ.get(variable, "").strip():
            return variable, int(given) if given.isdecimal() else math.inf
    return variables[0], 128 if variables == ("OTEL_SPAN_EVENT_COUNT_LIMIT",) else math.inf


def _chunk_events(environ: Mapping[str, str]) -> int:
    for setting in settings.SETTINGS:
        if setting.field == "chunk_events":
            try:
                return int(str(setting.read(environ.get(setting.variable, "").strip())))
            except ValueError:
                break
    return settings.Settings().chunk_events


def _number(given: str) -> float | None:
    try:
        number = float(given)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
