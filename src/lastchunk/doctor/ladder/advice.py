# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Puts a verdict into words: what was seen, which known cause it is, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lastchunk.doctor.ladder.endpoint import Endpoint, Found, missing, obstacle, wrong_address
from lastchunk.doctor.ladder.refusal import UNANSWERED
from lastchunk.doctor.ladder.runs import Run, Rung
from lastchunk.doctor.ladder.verdict import Place, Worse
from lastchunk.doctor.report.findings import Check, Status
from lastchunk.remedies import Remedy, remedy_for
from lastchunk.semconv import Cause, Delivery, Reason
from lastchunk.wording import many

ID = "stream.verdict"

_LAYER = {
    Rung.CREATE: "The request also fails without streaming, so streaming is not the cause.",
    Rung.SDK_STREAM: "The same request works without streaming, so the fault is in the backend or on the way to it.",
    Rung.CREATE_STREAM: "The SDK reads the same stream without an error, so the fault is in {framework}'s model client, or that "
    "client does not fit the SDK.",
    Rung.AGENT: "The model client streams without an error, so the fault is in the agent: its tools, its settings or its code.",
    Rung.TEAM: "The team's agent streams without an error, so the fault is in the team or in another of its agents.",
}

_REFUSED = {
    401: "The endpoint does not accept the key: check {key}, and that it belongs to this endpoint.",
    403: "The key has no permission for this request: check {key}, and what it may do at this endpoint.",
}
"""By HTTP status."""

_NOT_STREAMED_BY_AGENT = (
    "The agent asks its model without streaming, which is AutoGen's default: create it with `model_client_stream=True`."
)
_INVENTS_STOP = (
    "LiteLLM answers here. It ends every answer with `stop`, even one that broke off behind it: run this command against the "
    "server behind LiteLLM, too."
)

NOT_REPRODUCED = (
    "Try what failed, on the machine where it failed: its prompt (--prompt), its agent or team (--target), its tools "
    "(--allow-tools), more runs (--repeat 10). For streams that are cut after a silence, run "
    "`lastchunk doctor stream --idle 300`."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked, and how."""

    key: str
    """Where the key comes from."""
    endpoint: Endpoint = field(default_factory=Endpoint)
    timeout: float = 60.0
    """Seconds within which a model must begin its answer."""


def verdict(places: Sequence[Place], runs: Sequence[Run], asked: Asked) -> Check:
    """The last check of the ladder: the verdict. It may connect to the endpoint, to see who listens there."""
    if not places:
        return _not_reproduced(runs)
    place = places[0]
    said = [
        f"{_begin(place.run)} is the first rung that does worse than the one below it"
        if place.below is not None
        else f"{_begin(place.run)} already fails",
    ]
    if place.of > 1:
        said[0] += f", in {place.times} of {place.of} runs" + ("" if place.always else " (intermittent)")
    said[0] += f": {_what(place)}."
    if place.below is not None:
        said.append(f"{_begin(place.below)} {_how_below(place)}.")
    found = _at_endpoint(place, asked)
    if found.said:
        said.append(found.said)
    said.append(_layer(place))
    said.append(f"Cause: {place.cause or Cause.UNKNOWN}.")
    for other in places[1:]:
        said.append(f"{_begin(other.run)} also does worse than the one below it, in {other.times} of {other.of} runs.")
    said += _gateways(runs)
    remedy, anchor = _remedy(place, asked.key)
    remedy = found.remedy or remedy
    return Check(ID, Status.PROBLEM, " ".join(said), remedy, anchor)


def _not_reproduced(runs: Sequence[Run]) -> Check:
    if not runs:
        return Check(ID, Status.SKIPPED, "No rung could be run.")
    rounds = max(run.round for run in runs)
    top = max(runs, key=lambda run: run.rung)
    times = "once" if rounds == 1 else f"{rounds} times"
    seen = f"Not reproduced: each rung up to {_name(top)} ran {times}, and none did worse than the one below it."
    streamed = [run for run in runs if run.rung is not Rung.CREATE]
    if streamed and all(run.delivery in (Delivery.SINGLE, Delivery.BURST) for run in streamed):
        seen += " The answer was too short to tell whether it is streamed: ask for a longer one with --prompt."
    asked = sorted({tool for run in runs for tool in run.tools})
    if asked:
        seen += f" The model called {', '.join(asked)}, which the doctor did not run (--allow-tools runs tools)."
    return Check(ID, Status.OK, " ".join([seen, *_gateways(runs)]), NOT_REPRODUCED)


def _gateways(runs: Sequence[Run]) -> list[str]:
    """A sentence about a gateway that answered, if one did."""
    return [_INVENTS_STOP] if any(run.gateway for run in runs) else []


def _name(run: Run) -> str:
    return f"rung {run.rung.value} ({run.layer})"


def _begin(run: Run) -> str:
    return f"R{_name(run)[1:]}"


def _what(place: Place) -> str:
    run = place.run
    if place.worse is Worse.DELIVERY:
        if run.rung >= Rung.AGENT and not run.model_streams:
            return "the whole answer came as one message, and no model stream was opened"
        after = f", after {run.first_chunk:.1f} of {run.duration:.1f} s" if run.first_chunk is not None else ""
        return f"the answer came in one piece (`{run.delivery}`){after}"
    parts = [f"it ended `{run.reason}`"]
    if run.error and run.error != run.reason:
        parts.append(f"with {run.error}" + _status(run))
    if run.rung is not Rung.CREATE:
        parts.append(f"after {many(run.characters, 'character')}, last event `{run.last_event or 'none'}`")
        parts.append(f"finish reason {run.finish_sent or 'none'}")
        if run.idle >= 1:
            parts.append(f"{run.idle:.1f} s of silence before the end")
    elif run.finish_sent:
        parts.append(f"finish reason {run.finish_sent}")
    return ", ".join(parts)


def _status(run: Run) -> str:
    said = [f"HTTP {run.status}"] if run.status else []
    said += [f"code {run.code}"] if run.code else []
    return f" ({', '.join(said)})" if said else ""


def _how_below(place: Place) -> str:
    below = place.below
    assert below is not None
    how = "completed" if place.worse is Worse.ENDING or below.rung is Rung.CREATE else f"came `{below.delivery}`"
    late = f" ({below.error} came after its last chunk)" if below.error else ""
    return f"{how} with {many(below.characters, 'character')}{late}"


def _layer(place: Place) -> str:
    if place.below is None and place.rung is not Rung.CREATE:
        return "No rung below it could be run."
    if place.rung is Rung.CREATE_STREAM and place.below is not None and place.below.rung is Rung.CREATE:
        return (
            "The SDK's stream could not be tried on its own, so the fault may be in the model client, in the backend, or "
            "between them."
        )
    if place.rung is Rung.CREATE_STREAM and place.below is not None and place.below.error:
        said = "The SDK delivered every chunk before that error, so the answer was complete: {framework}'s model client loses it."
        return said.format(framework=place.run.framework)
    return _LAYER[place.rung].format(framework=place.run.framework)


def _remedy(place: Place, key: str) -> tuple[str, str]:
    """What to do, and the runbook's anchor."""
    run = place.run
    reason = Reason.COMPLETED if place.worse is Worse.DELIVERY else run.reason
    general = remedy_for(reason, place.cause, run.detail) or Remedy("", "")
    return _special(place, key) or general.sentence, general.anchor


def _special(place: Place, key: str) -> str:
    """The remedy where the ladder knows more than the ending alone tells; empty where it does not."""
    run = place.run
    if place.worse is Worse.DELIVERY:
        return _NOT_STREAMED_BY_AGENT if run.rung >= Rung.AGENT and not run.model_streams else ""
    if run.reason == Reason.REJECTED and run.cause == Cause.PROVIDER_ERROR and run.status in _REFUSED:
        return _REFUSED[run.status].format(key=key)
    return ""


def _at_endpoint(place: Place, asked: Asked) -> Found:
    """What is wrong at the endpoint itself: it cannot be reached, or it does not have what was requested."""
    run = place.run
    if place.worse is Worse.DELIVERY:
        return Found()
    if run.rung is Rung.CREATE and run.reason == Reason.EMPTY and not run.finish_sent:
        return Found("The answer from this address is not a chat completion.", wrong_address(asked.endpoint))
    if run.missing:
        return missing(asked.endpoint, run)
    if place.below is None:
        return obstacle(asked.endpoint, run, asked.timeout)
    if run.obstacle == UNANSWERED:
        return Found(
            f"No answer began within {asked.timeout:g} s, although the rung below got one.",
            "Check what this layer adds to the request. If it needs more time, raise --timeout.",
        )
    return Found()
