# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Sends an empty export of each signal, to check that its receiver accepts it."""

from __future__ import annotations

from collections.abc import Mapping

from lastchunk.doctor.report.findings import Check, Doing, Findings, Status
from lastchunk.doctor.telemetry.delivery import Delivery, Outcome, deliver
from lastchunk.doctor.telemetry.probe import MEANS, SILENCES, Listener
from lastchunk.doctor.telemetry.signals import GRPC, HTTP, PORTS, Signal, Target, targets

_TO_DO: Mapping[str, str] = {
    Listener.UNRESOLVED: "Correct the host in {variable}.",
    Listener.REFUSED: "Start the receiver, or {correct} {variable}.",
    Listener.UNREACHABLE: "Check the network between this machine and the receiver, or {correct} {variable}.",
    Listener.DROPS: "Check for a firewall between this machine and the receiver, or correct the host in {variable}; --timeout "
    "waits longer.",
    Listener.SILENT: "Check the receiver, or the proxy in front of it: one of them hangs; --timeout waits longer.",
    Listener.TLS_SILENT: "Correct the port in {variable}, or write http:// there if the receiver does not use TLS; --timeout "
    "waits longer.",
    Listener.UNTRUSTED: "Set OTEL_EXPORTER_OTLP_CERTIFICATE to a file with the certificate of the authority that signed it.",
    Listener.OTHER_NAME: "In {variable}, use the host name that the certificate is for.",
    Listener.EXPIRED: "Renew the receiver's certificate, or correct this machine's clock.",
    Listener.TLS_FAILED: "Check OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE and _CLIENT_KEY against what the receiver "
    "asks for.",
    Listener.PLAIN: "Write http:// in {variable}, or switch TLS on at the receiver.",
    Listener.WANTS_TLS: "Write https:// in {variable}.",
}
"""The remedy for each key of `MEANS`."""
_SAYS: Mapping[Outcome, tuple[str, str]] = {
    **{Outcome(found): (MEANS[found], _TO_DO[found]) for found in MEANS},
    Outcome.UNAUTHENTICATED: (
        "it does not accept the credentials",
        "Check the key in OTEL_EXPORTER_OTLP_HEADERS (name=value, with %20 for a blank).",
    ),
    Outcome.WRONG_PATH: (
        "it does not accept {signal} at this path",
        "Leave /v1/{signal} out of OTEL_EXPORTER_OTLP_ENDPOINT, but write it in OTEL_EXPORTER_OTLP_{upper}_ENDPOINT. A Collector "
        "without a pipeline for {signal} gives the same answer: add one, or set OTEL_{upper}_EXPORTER=none.",
    ),
    Outcome.NOT_TAKEN: (
        "it does not accept {signal}",
        "Add a pipeline for {signal} to the receiver, or set OTEL_{upper}_EXPORTER=none.",
    ),
    Outcome.NOT_OTLP: ("it answers like a web page, not like a receiver", "Correct {variable}."),
    Outcome.REJECTED: ("it rejects an empty export", "Read the receiver's log."),
    Outcome.FAILED: (
        "the export failed, and nothing says why",
        "Read the log of the receiver, and of any proxy on the way.",
    ),
    Outcome.NO_PROTOCOL: (
        "OpenTelemetry for Python does not have this protocol",
        "Set OTEL_EXPORTER_OTLP_PROTOCOL to grpc or http/protobuf.",
    ),
    Outcome.BAD_ENDPOINT: ("this is not a valid endpoint", "Correct {variable}."),
    Outcome.NOT_INSTALLED: (
        "the exporter is not installed",
        "Install it: pip install opentelemetry-exporter-otlp.",
    ),
}


def checks(environ: Mapping[str, str], *, has_distro: bool, offline: bool, timeout: float) -> Findings:
    """One check for each target of each signal."""
    if environ.get("OTEL_CONFIG_FILE", "").strip():
        for signal in Signal:
            yield _skipped(signal, "OTEL_CONFIG_FILE is set, and the doctor does not read that file.")
        return
    found = list(targets(environ, has_distro=has_distro))
    silent: dict[tuple[str, str], Delivery] = {}
    for signal in Signal:
        mine = [target for target in found if target.signal is signal]
        if not mine:
            yield _skipped(signal, f"{signal.capitalize()} are not sent by OTLP.")
        for target in mine:
            if offline:
                yield _skipped(signal, f"{_where(target)}: not tried, because of --offline.")
                continue
            yield Doing(f"Sending an empty export of {signal} to {target.endpoint}")
            # A receiver that did not answer in time is not tried again.
            place = (target.host, target.protocol)
            delivery = silent.get(place) or deliver(target, timeout)
            if delivery.outcome.value in SILENCES:
                silent[place] = delivery
            yield check(target, delivery)


def check(target: Target, delivery: Delivery) -> Check:
    """The check for an outcome: its meaning, and its remedy."""
    name = f"otlp.{target.signal}"
    said = f" ({delivery.said})" if delivery.said else ""
    if delivery.outcome is Outcome.DELIVERED:
        return Check(name, Status.OK, f"{_where(target)} accepts them{said}.")
    if delivery.outcome is Outcome.WRONG_PROTOCOL:
        return _wrong_protocol(name, target, delivery.said)
    means, remedy = _SAYS[delivery.outcome]
    words = {
        "signal": target.signal,
        "upper": target.signal.upper(),
        "variable": target.variable or "OTEL_EXPORTER_OTLP_ENDPOINT",
        "correct": "correct" if target.variable else "set",
    }
    status = Status.WARNING if delivery.outcome is Outcome.REJECTED else Status.PROBLEM
    return Check(name, status, f"{_where(target)}: {means.format(**words)}{said}.", remedy.format(**words))


def _wrong_protocol(name: str, target: Target, speaks: str) -> Check:
    return Check(
        name,
        Status.PROBLEM,
        f"{_where(target)}: it speaks {_NAMES[speaks]}, not {_NAMES[target.protocol]}.",
        f"Set OTEL_EXPORTER_OTLP_PROTOCOL={speaks}, or use the port for {_NAMES[target.protocol]}, "
        f"usually {PORTS[target.protocol]}.",
    )


_NAMES = {GRPC: "gRPC", HTTP: "HTTP"}


def _where(target: Target) -> str:
    return f"{target.endpoint} by {_NAMES.get(target.protocol, target.protocol)}{'' if target.variable else ' (the default)'}"


def _skipped(signal: Signal, why: str) -> Check:
    return Check(f"otlp.{signal}", Status.SKIPPED, why)
