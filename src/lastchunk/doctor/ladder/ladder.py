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
"""Causes of a refusal that the next request need not meet."""

_CALLS = 4
"""How often the model may call tools before it gives a text."""

_NO_CLIENT = "there is no model client in it that can be found (`_model_client` or `client` of an agent)"
_NO_AGENT = "no agent: --target can name one"
_NO_TEAM = "no team: --target can name one"


@dataclass(slots=True)
class Ladder:
    """What is climbed, and what has become of it so far."""

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
        """How a rung is called."""
        return rung.title(self.subject.framework)

    @property
    def calls(self) -> tuple[int, bool]:
        """How many model calls it takes, and whether agents may make more."""
        return self.repeat * sum(rung not in self.skipped for rung in Rung), self.has_runs

    @property
    def has_runs(self) -> bool:
        """There is an agent or a team."""
        return self.subject.agent is not None or self.subject.team is not None

    @property
    def request(self) -> Request | None:
        """What the model client sends, once it has sent it, through an SDK that is known."""
        return self._request

    def begin(self, question: Question, prompt: str, observed: Observed, patience: float | None = None) -> None:
        """Set what is asked, who watches, and how many seconds a model has to begin its answer."""
        self._rungs = Rungs(self.subject, question, prompt, observed, patience)

    def steps(self) -> Iterator[tuple[int, Rung]]:
        """What is run next, as (round, rung): `create_stream` first, for its request is what the rungs below it resend."""
        for number in range(1, self.repeat + 1):
            order = sorted(Rung, key=lambda rung: rung is not Rung.CREATE_STREAM) if number == 1 else list(Rung)
            for rung in order:
                if rung not in self.skipped:
                    yield number, rung
                if number == 1 and rung is Rung.CREATE and self._hopeless():
                    why = "not tried: the request fails without streaming, too"
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
        """The model client's first stream, and the request that it sends: if it may be, one that is answered with a text."""
        calls = 0
        while True:
            with captured() as requests:
                run = await rungs.create_stream(1)
            self._take(requests)
            calls += 1
            if not run.called or calls == _CALLS or not rungs.calls_answered():
                return run

    def of(self, rung: Rung) -> list[Run]:
        """The runs of one rung, in order."""
        return [run for run in self.runs if run.rung is rung]

    def _take(self, requests: list[Request]) -> None:
        """Choose the request that the client streamed; without one, the SDK's rung cannot be run."""
        streamed = [request for request in requests if request.kwargs.get("stream") is True]
        self._request = streamed[-1 if self.subject.client_runs_tools else 0] if streamed else None
        if self._request is None:
            self.skipped[Rung.SDK_STREAM] = "the model client made no request through an SDK that Lastchunk knows"

    def _hopeless(self) -> bool:
        """With and without streaming, the request was refused in a way that no other layer will change."""
        first = [*self.of(Rung.CREATE), *self.of(Rung.CREATE_STREAM)]
        return len(first) == 2 and all(_refused(run) for run in first)


def _refused(run: Run) -> bool:
    if run.obstacle == UNANSWERED:
        return True
    return run.reason == Reason.REJECTED and run.cause not in _MAY_PASS and (run.status or 400) < 500
