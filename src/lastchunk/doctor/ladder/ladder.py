# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The ladder: the same request through one layer after another, in rounds, so that only the layer differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lastchunk.doctor.ladder.observe import Observed
from lastchunk.doctor.ladder.provider_sdks import Request, captured
from lastchunk.doctor.ladder.refusal import UNANSWERED
from lastchunk.doctor.ladder.rungs import Rungs, Unobserved
from lastchunk.doctor.ladder.runs import Run, Rung
from lastchunk.doctor.ladder.subject import Question, Subject
from lastchunk.semconv import Cause, Reason

_MAY_PASS = (Cause.RATE_LIMITED, Cause.IDLE_TIMEOUT)
"""Causes of a refusal that may not affect the next request."""

_CALLS = 4
"""How often the model may call tools before it answers with text."""

_NO_CLIENT = "no model client was found in the target (looked for an agent's `_model_client` or `client`)"
_NO_AGENT = "there is no agent: name one with --target"
_NO_TEAM = "there is no team: name one with --target"


@dataclass(slots=True)
class Ladder:
    """The subject, and the runs so far."""

    subject: Subject
    repeat: int
    runs: list[Run] = field(default_factory=list[Run])
    skipped: dict[Rung, str] = field(default_factory=dict[Rung, str])
    """Rungs that cannot be run, and why."""
    _request: Request | None = None
    _rungs: Rungs | None = None

    def __post_init__(self) -> None:
        subject = self.subject
        if subject.client is None:
            self.skipped.update(dict.fromkeys((Rung.CREATE, Rung.SDK_STREAM, Rung.CREATE_STREAM), _NO_CLIENT))
        if subject.agent is None:
            self.skipped[Rung.AGENT] = _NO_AGENT
        if subject.team is None:
            self.skipped[Rung.TEAM] = _NO_TEAM

    def title(self, rung: Rung) -> str:
        """The name of a rung in reports."""
        return rung.title(self.subject.framework)

    @property
    def calls(self) -> tuple[int, bool]:
        """The number of model calls, and whether agents may make more."""
        return self.repeat * sum(rung not in self.skipped for rung in Rung), self.has_runs

    @property
    def has_runs(self) -> bool:
        """True if there is an agent or a team."""
        return self.subject.agent is not None or self.subject.team is not None

    @property
    def request(self) -> Request | None:
        """The request that the model client sent through a known SDK; None before that."""
        return self._request

    def prepare(self, question: Question, prompt: str, observed: Observed, patience: float | None = None) -> None:
        """Set the question, the observer, and how many seconds a model may take to begin its answer."""
        self._rungs = Rungs(self.subject, question, prompt, observed, patience)

    def steps(self) -> Iterator[tuple[int, Rung]]:
        """The next runs, as (round, rung). `create_stream` comes first, because the rungs below it resend its request."""
        for number in range(1, self.repeat + 1):
            order = sorted(Rung, key=lambda rung: rung is not Rung.CREATE_STREAM) if number == 1 else list(Rung)
            for rung in order:
                if rung not in self.skipped:
                    yield number, rung
                if number == 1 and rung is Rung.CREATE and self._hopeless():
                    why = "not tried, because the request also fails without streaming"
                    self.skipped.update({above: why for above in Rung if not self.of(above)})
                    return

    async def climb(self, number: int, rung: Rung) -> None:
        """Run one rung once."""
        rungs = self._rungs
        assert rungs is not None
        try:
            match rung:
                case Rung.CREATE:
                    run = await rungs.create(number, self._request)
                case Rung.SDK_STREAM:
                    assert self._request is not None
                    run = await rungs.sdk_stream(number, self._request)
                case Rung.CREATE_STREAM if number == 1:
                    run = await self._first_stream(rungs)
                case Rung.CREATE_STREAM:
                    run = await rungs.create_stream(number)
                case Rung.AGENT:
                    run = await rungs.agent(number)
                case Rung.TEAM:
                    run = await rungs.team(number)
        except Unobserved as why:
            self.skipped[rung] = str(why)
            return
        self.runs.append(run)

    async def _first_stream(self, rungs: Rungs) -> Run:
        """Run the model client's first stream, and keep its request; go on behind whole tool calls until text comes."""
        calls = 0
        while True:
            with captured() as requests:
                run = await rungs.create_stream(1)
            self._take(requests)
            calls += 1
            if not run.called or not run.completed or calls == _CALLS or not rungs.calls_answered():
                return run

    def of(self, rung: Rung) -> list[Run]:
        """The runs of one rung, in order."""
        return [run for run in self.runs if run.rung is rung]

    def _take(self, requests: list[Request]) -> None:
        """Choose the request that the client streamed. Without one, the SDK's rung cannot be run."""
        streamed = [request for request in requests if request.kwargs.get("stream") is True]
        self._request = streamed[-1 if self.subject.client_runs_tools else 0] if streamed else None
        if self._request is None:
            self.skipped[Rung.SDK_STREAM] = "the model client made no request through an SDK that Lastchunk knows"

    def _hopeless(self) -> bool:
        """True if the request was refused with and without streaming, in a way that no other layer will change."""
        first = [*self.of(Rung.CREATE), *self.of(Rung.CREATE_STREAM)]
        return len(first) == 2 and all(_refused(run) for run in first)


def _refused(run: Run) -> bool:
    if run.obstacle == UNANSWERED:
        return True
    return run.reason == Reason.REJECTED and run.cause not in _MAY_PASS and (run.status or 400) < 500
