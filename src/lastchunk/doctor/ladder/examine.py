# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor stream`: the ladder, from the options to its findings."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from lastchunk import semconv
from lastchunk.doctor.ladder import clients
from lastchunk.doctor.ladder.advice import Asked, verdict
from lastchunk.doctor.ladder.clients import Given
from lastchunk.doctor.ladder.endpoint import Endpoint, must_look
from lastchunk.doctor.ladder.ladder import Ladder
from lastchunk.doctor.ladder.observe import Observed, observing
from lastchunk.doctor.ladder.provider_sdks import Request
from lastchunk.doctor.ladder.runs import Run, Rung
from lastchunk.doctor.ladder.stage import Stage
from lastchunk.doctor.ladder.subject import Subject
from lastchunk.doctor.ladder.target import load
from lastchunk.doctor.ladder.verdict import below, places, worse_than
from lastchunk.doctor.report.findings import Check, CouldNotRun, Detail, Doing, Findings, Status
from lastchunk.wording import many

PROMPT = (
    "Explain in about 400 words, as plain text in several paragraphs, how a message travels through the Internet, from one "
    "computer to another. Do not call any tool."
)
"""Asks for an answer that is long enough to show whether it is streamed."""

_HEADING = ("rung", "completed", "ended", "last event", "finish reason", "chars", "first", "gap", "took", "delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the options say."""

    given: Given | None = None
    target: str | None = None
    prompt: str = PROMPT
    repeat: int = 1
    allow_tools: bool = False
    timeout: float = 60.0
    """Seconds within which a model must begin its answer."""

    @property
    def key(self) -> str:
        """Where the key comes from, for people."""
        return (self.given and clients.key_variable(self.given.client)) or "the key that the client was created with"


def findings(chosen: Chosen, environ: Mapping[str, str]) -> Findings:
    """Climb the ladder, and name the first rung that does worse than the one below it."""
    with ExitStack() as stack:
        observed = stack.enter_context(observing())
        stage = stack.enter_context(Stage())
        yield Doing("creating the client")
        subject = stage.do(subject_of(chosen, environ))
        stack.callback(lambda: stage.do(_close(subject)))
        stack.enter_context(subject.watched())
        ladder = Ladder(subject, chosen.repeat)
        yield _calls(ladder, chosen)
        runs_tools = chosen.allow_tools or not ladder.has_runs
        asked = None if runs_tools else stack.enter_context(subject.tools_not_run())
        yield Doing("finding out what the agent asks its model")
        ladder.prepare(stage.do(subject.question(chosen.prompt)), chosen.prompt, observed, chosen.timeout)
        yield from _climb(ladder, stage, observed, asked, chosen.key)
        yield from _seen(ladder)
        found = places(ladder.runs)
        endpoint = endpoint_of(chosen, ladder.request, environ)
        if found and found[0].below is None and must_look(endpoint, found[0].run):
            yield Doing(f"checking what listens at {endpoint.address}")
        yield verdict(found, ladder.runs, Asked(chosen.key, endpoint, chosen.timeout))


_FAMILIES = {"azure.ai.inference.aio": "azure_inference"}


def endpoint_of(chosen: Chosen, request: Request | None, environ: Mapping[str, str]) -> Endpoint:
    """The endpoint, as far as the request that was sent shows it."""
    known: dict[str, str] = {}
    if request is not None:
        known = {"address": request.address, "model": request.model, "path": request.sdk.path}
    if (given := chosen.given) is not None:
        known["model"] = known.get("model") or given.model
        return Endpoint(client=given.client, setting=clients.address_setting(given, environ), **known)
    client = "" if request is None else _FAMILIES.get(request.sdk.package, request.sdk.package)
    if client == "openai" and "/openai/deployments" in known["address"]:
        client = "azure"
    return Endpoint(client=client, setting="the client's base_url", asks="the client's model", **known)


async def subject_of(chosen: Chosen, environ: Mapping[str, str], *, keyless: bool = False) -> Subject:
    """The subject to examine. Raises `CouldNotRun`."""
    if chosen.target is not None:
        return await load(chosen.target)
    assert chosen.given is not None
    return Subject(client=clients.make(chosen.given, environ, keyless=keyless))


async def _close(subject: Subject) -> None:
    with contextlib.suppress(Exception):
        await subject.close()


def _calls(ladder: Ladder, chosen: Chosen) -> Check:
    calls, or_more = ladder.calls
    if not calls:
        raise CouldNotRun(f"--target {chosen.target}: nothing in it can be run as a stream.")
    said = f"This makes {'at least ' if or_more else ''}{many(calls, 'model call')}"
    rungs = [str(rung.value) for rung in Rung if rung not in ladder.skipped]
    times = "once" if chosen.repeat == 1 else f"{chosen.repeat} times"
    said += f": rung{'' if len(rungs) == 1 else 's'} {', '.join(rungs)}, {times}{'' if len(rungs) == 1 else ' each'}."
    if or_more and not chosen.allow_tools:
        said += " Tools are not run."
    return Check("stream.calls", Status.OK, said)


def _climb(ladder: Ladder, stage: Stage, observed: Observed, asked: list[str] | None, key: str) -> Findings:
    for number, rung in ladder.steps():
        yield Doing(f"rung {rung.value} ({ladder.title(rung)}), run {number} of {ladder.repeat}")
        began, so_far = time.monotonic(), len(ladder.runs)
        try:
            stage.do(ladder.climb(number, rung))
        except KeyboardInterrupt:
            yield from _seen(ladder)
            yield _interrupted(f"Rung {rung.value} ({ladder.title(rung)})", time.monotonic() - began, observed)
            if so_far_worse := places(ladder.runs):
                yield verdict(so_far_worse, ladder.runs, Asked(key))
            raise
        if asked and len(ladder.runs) > so_far:
            ladder.runs[-1] = ladder.runs[-1].with_tools(asked)
            asked.clear()


def _interrupted(rung: str, after: float, observed: Observed) -> Check:
    said = f"{rung} was interrupted after {after:.1f} s"
    span = observed.outermost()
    if span is not None:
        said += f"; nothing had arrived for the last {span[semconv.IDLE_AT_END]:.1f} s"
    return Check("stream.interrupted", Status.SKIPPED, f"{said}.")


def _seen(ladder: Ladder) -> Findings:
    """A check for each rung that could not be run, then a table of those that ran."""
    for rung, why in sorted(ladder.skipped.items()):
        if not ladder.of(rung):
            yield Check(f"stream.rung{rung.value}", Status.SKIPPED, f"{ladder.title(rung)}: {why}.")
    cells = tuple(_row(runs, ladder.runs) for rung in Rung if (runs := ladder.of(rung)))
    yield Detail("runs", [_as_json(run) for run in ladder.runs], _HEADING if cells else (), cells)


def _as_json(run: Run) -> dict[str, Any]:
    return asdict(run) | {"rung": run.rung.value, "layer": run.layer, "tools": list(run.tools)}


def _row(runs: Sequence[Run], others: Sequence[Run]) -> tuple[str, ...]:
    """A rung's row in the table: its first run that did worse than the one below, else its first run."""
    run = next((run for run in runs if worse_than(run, below(run, others))), runs[0])
    completed = sum(run.completed for run in runs)
    return (
        f"{run.rung.value} {run.layer}",
        f"{completed}/{len(runs)}",
        run.reason + (f": {run.cause}" if run.cause else ""),
        run.last_event or "-",
        _finish(run),
        str(run.characters),
        _seconds(run.first_chunk),
        _seconds(run.longest_gap),
        _seconds(run.duration),
        run.delivery or "-",
    )


def _finish(run: Run) -> str:
    """The finish reason as sent, and as the framework reports it, if it does."""
    sent = run.finish_sent or "none"
    return f"{sent} -> {run.finish_reported}" if run.finish_reported else sent


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}s"
