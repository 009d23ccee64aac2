# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the streams that ended inside a run: which answer the run returns, and from how many cutoffs it recovered."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace

from lastchunk.semconv import Cause, Delivery, Operation, Reason, Source
from lastchunk.streams.answers import Answer, behind_answer
from lastchunk.streams.ending import FROM_A_RESULT, Ending
from lastchunk.streams.raised import Raised, behind

_KEPT = 16
"""Of the streams that ended inside a run, the last so many can be told apart."""


@dataclass(slots=True)
class InnerStream:
    """What is kept of a stream that ended inside a run."""

    operation: Operation
    name: str
    """Who its last message came from, which inside a nested team is not the team; else the agent's or workflow's name.
    Empty for a model stream."""
    ending: Ending
    delivery: Delivery
    source: Source
    idle: float = 0.0
    finish_raw: str | None = None
    raised: Raised | None = None
    """The exception that left it."""
    answer: Answer | None = None
    """What it gave, without the text; None if that cannot be told."""
    streamed: bool = True
    """False for the answer of a `create`: what ended there ended in the run, for no stream of ours stands for it."""
    said_error: bool = False
    """The last thing that came was an error of the provider."""
    left: bool = False
    """It ended because the consumer of a stream above it left: no cutoff that the run could recover from."""

    @classmethod
    def of_result(
        cls, ending: Ending, says_finish: bool, raised: Raised | None, answer: Answer | None = None
    ) -> InnerStream:
        """Describe a model's answer that was not streamed."""
        source = Source.RESULT if says_finish else Source.NONE
        return cls(Operation.CHAT, "", ending, Delivery.NONE, source, raised=raised, answer=answer, streamed=False)


class InnerStreams:
    """The inner streams of one run; constant memory but for one entry for each agent's name."""

    __slots__ = ("cutoffs", "failed_turn", "last", "last_model", "recent", "turns")

    def __init__(self) -> None:
        self.cutoffs: Counter[Cause] | None = None
        """By cause; most streams have none."""
        self.recent: deque[InnerStream] | None = None
        self.last: InnerStream | None = None
        self.last_model: InnerStream | None = None
        self.turns: dict[str, InnerStream] | None = None
        self.failed_turn: InnerStream | None = None
        """The first: a team fails with it, whatever its other agents, who may work at the same time, come to after that."""

    def add(self, stream: InnerStream) -> None:
        """An inner stream has ended."""
        if stream.ending.cutoff and not stream.left:
            self.cutoffs = self.cutoffs or Counter()
            self.cutoffs[stream.ending.cause or Cause.UNKNOWN] += 1
        self.last = stream
        self.recent = self.recent or deque(maxlen=_KEPT)
        self.recent.append(stream)
        if stream.operation is Operation.CHAT:
            self.last_model = stream
        elif stream.name:
            self.turns = self.turns or {}
            self.turns[stream.name] = stream
            if stream.raised is not None and stream.ending.reason is not Reason.CANCELLED:
                self.failed_turn = self.failed_turn or stream

    def raised_as(self, ending: Ending, error: BaseException) -> None:
        """A guard raised `error` for the stream with this `ending`, which itself had not raised, or not that."""
        for index, stream in enumerate(self.recent or ()):
            if stream.ending is ending and self.recent is not None:
                self.recent[index] = replace(stream, raised=Raised(error))

    def behind_result(self, source: str | None, team: bool, answer: Answer | None = None) -> InnerStream | None:
        """Return the stream behind a run's last message, which is `answer` and came from the agent called `source`.

        It is not always the last stream: a title or a summary of a complete answer is a stream, too.
        """
        stream = self._behind_answer(answer)
        if team:
            turn = (self.turns or {}).get(source or "")
            if turn is not None and turn.ending.reason is Reason.TOOL_ERROR:
                return turn
            stream = turn or self.last_model or stream
        return stream if stream is not None and stream.ending.reason in FROM_A_RESULT else None

    def _behind_answer(self, answer: Answer | None) -> InnerStream | None:
        given = [stream for stream in self.recent or () if stream.raised is None]
        found = behind_answer(answer, [stream.answer for stream in given])
        return given[found] if found is not None else self.last

    def behind_failure(self, error: BaseException, team: bool) -> InnerStream | None:
        """The stream behind an exception: the one that raised it, or one whose cut result the run was handling.

        A team raises a new exception with a text, so its failed turn is taken.
        """
        failed = [
            stream for stream in (*(self.recent or ()), *(self.turns or {}).values()) if stream.raised is not None
        ]
        for link in behind(error):
            for stream in reversed(failed):
                if stream.raised is not None and stream.raised.was(link):
                    return stream
        if team and self.failed_turn is not None:
            return self.failed_turn
        stream = self.last
        if stream is None or (team and stream.raised is not None):
            return stream
        return stream if stream.ending.cutoff and stream.ending.reason in FROM_A_RESULT else None
