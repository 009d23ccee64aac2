# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One run of one rung of the ladder, read from its span or, if it has none, from its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from lastchunk import foreign, semconv
from lastchunk.doctor.ladder.refusal import refusal_of
from lastchunk.semconv import LastEvent, Reason
from lastchunk.streams.ending import Ending, decide
from lastchunk.streams.evidence import Evidence
from lastchunk.streams.failure import failure_of
from lastchunk.streams.finish_reasons import Finish, meanings
from lastchunk.streams.provider_errors import cause_named_by


class Rung(IntEnum):
    """The layers through which the same request is sent, from the lowest."""

    CREATE = 1
    SDK_STREAM = 2
    CREATE_STREAM = 3
    AGENT = 4
    TEAM = 5

    def title(self, framework: str) -> str:
        """Its name in reports."""
        return _TITLES[framework][self - 1]


AUTOGEN, AGENT_FRAMEWORK = "AutoGen", "Agent Framework"
_TITLES = {
    AUTOGEN: ("SDK create", "SDK stream", "create_stream", "agent.run_stream", "team.run_stream"),
    AGENT_FRAMEWORK: ("SDK create", "SDK stream", "get_response", "agent.run", "workflow.run"),
}
"""By framework, from the lowest rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The result of one request. Times are seconds; unknown values are None or empty. It holds no content."""

    rung: Rung
    round: int
    """From 1."""
    reason: str
    cause: str | None
    detail: str | None = None
    error: str = ""
    """The exception's class …"""
    status: int | None = None
    """… the HTTP status that it carries …"""
    code: str = ""
    """… and the provider's own code for it, if that is an identifier."""
    missing: str = ""
    """What the endpoint says it does not have: a `Missing`."""
    obstacle: str = ""
    """Why no answer came, as in `Refusal` …"""
    obstacle_said: str = ""
    """… and the system's words for it."""
    characters: int = 0
    finish_sent: str = ""
    """The finish reason on the wire."""
    finish_reported: str = ""
    """The finish reason that the framework reports: `CreateResult.finish_reason`, or a team's `stop_reason` from a closed set."""
    last_event: str = ""
    first_chunk: float | None = None
    longest_gap: float | None = None
    idle: float = 0.0
    """Silence before the end."""
    delivery: str = ""
    """Empty where nothing is streamed."""
    duration: float = 0.0
    model_streams: int = 0
    """How many model streams ended within it …"""
    last_size: int = 0
    """… and the bytes of content in the last of them: its delivery is the run's."""
    called: bool = False
    """True if it ended in a tool call without text, so that it cannot be compared with runs that gave text."""
    gateway: str = ""
    """The gateway that answered, if it is one that hides broken answers."""
    tools: tuple[str, ...] = ()
    """Tools that the model called and the doctor did not run."""
    framework: str = AUTOGEN
    """The framework of the layers."""

    @property
    def layer(self) -> str:
        """The name of its rung."""
        return self.rung.title(self.framework)

    @property
    def completed(self) -> bool:
        """True if it ended as a stream should."""
        return self.reason == Reason.COMPLETED

    def with_tools(self, asked: Sequence[str]) -> Run:
        """The same run, with the tools that the doctor did not run."""
        return replace(self, tools=tuple(asked))


@dataclass(slots=True)
class Seen:
    """What the doctor itself sees while it reads a run."""

    duration: float = 0.0
    first: float | None = None
    """Seconds to the first piece of text."""
    characters: int = 0
    reported: str = ""
    calls: Sequence[Any] = ()
    """The tool calls with which the answer ended."""
    gateway: str = ""
    framework: str = AUTOGEN


def from_span(
    rung: Rung,
    number: int,
    span: Mapping[str, Any],
    seen: Seen,
    error: BaseException | None,
    models: Sequence[Mapping[str, Any]],
) -> Run:
    """The run of a stream, from its span and the spans of the model streams (`models`) inside it."""
    refusal = refusal_of(error)
    began = span.get(semconv.TERMINATION_REASON) not in (Reason.REJECTED, Reason.TIMEOUT) or seen.characters > 0
    return Run(
        rung=rung,
        round=number,
        reason=str(span[semconv.TERMINATION_REASON]),
        cause=span.get(semconv.TERMINATION_CAUSE),
        detail=span.get(semconv.TERMINATION_DETAIL),
        error=str(span.get(semconv.ERROR_TYPE) or span.get(semconv.LATE_ERROR) or ""),
        status=refusal.status,
        code=refusal.code,
        missing=refusal.missing,
        obstacle="" if began else refusal.obstacle,
        obstacle_said="" if began else refusal.said,
        characters=seen.characters,
        finish_sent=str(span.get(semconv.FINISH_REASON_RAW, "")),
        finish_reported=seen.reported or str(span.get(semconv.TEAM_STOP_REASON, "")),
        last_event=str(span.get(semconv.LAST_EVENT, "")),
        first_chunk=span.get(semconv.RESPONSE_TIME_TO_FIRST_CHUNK, seen.first),
        longest_gap=span.get(semconv.MAX_GAP),
        idle=float(span.get(semconv.IDLE_AT_END, 0.0)),
        delivery=str(span.get(semconv.DELIVERY, "")),
        duration=seen.duration,
        model_streams=len(models),
        last_size=int(models[-1].get(semconv.SIZE, 0)) if models else 0,
        gateway=seen.gateway,
        framework=seen.framework,
        called=rung < Rung.AGENT and not seen.characters and (bool(seen.calls) or _names_a_call(span)),
    )


def _names_a_call(span: Mapping[str, Any]) -> bool:
    return "tool" in str(span.get(semconv.FINISH_REASON_RAW, ""))


def from_answer(number: int, answer: tuple[str, str, bool], seen: Seen, refused: object = None) -> Run:
    """A run of the first rung that got an answer: text, finish reason, and whether it calls a tool; or an error in its place."""
    text, finish, calls = answer
    says = meanings(finish) if refused is None else frozenset({Finish.ERROR})
    evidence = Evidence(
        terminal=True, finish=says, arrived=bool(text) or calls, began=True, said=cause_named_by(refused)
    )
    ending = decide(evidence)
    return _whole(
        number,
        ending,
        seen,
        characters=len(text),
        finish_sent=foreign.word(finish) or "",
        last="finish",
        called=calls and not text,
    )


def from_error(rung: Rung, number: int, error: BaseException, seen: Seen) -> Run:
    """A run that failed before an observed stream began, or a failed run of the first rung."""
    refusal = refusal_of(error)
    return _whole(
        number,
        decide(Evidence(failure=failure_of(error))),
        seen,
        rung=rung,
        status=refusal.status,
        code=refusal.code,
        missing=refusal.missing,
        obstacle=refusal.obstacle,
        obstacle_said=refusal.said,
        last=LastEvent.ERROR,
    )


def _whole(number: int, ending: Ending, seen: Seen, last: str, rung: Rung = Rung.CREATE, **known: Any) -> Run:
    return Run(
        rung=rung,
        round=number,
        reason=ending.reason.value,
        cause=ending.cause.value if ending.cause is not None else None,
        detail=ending.detail.value if ending.detail is not None else None,
        error=ending.error_type or "",
        last_event=last,
        duration=seen.duration,
        framework=seen.framework,
        **known,
    )
