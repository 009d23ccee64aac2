# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`--idle`: which silence is cut on the way. The server at the other end (`serve`) is as silent as it is asked to be.

Only silence from upstream shows an idle timeout: a model that answers quickly never meets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from lastchunk.doctor.ladder.endpoint import Endpoint, obstacle
from lastchunk.doctor.ladder.examine import Chosen, endpoint_of, subject_of
from lastchunk.doctor.ladder.observe import observing
from lastchunk.doctor.ladder.provider_sdks import captured
from lastchunk.doctor.ladder.rungs import Rungs
from lastchunk.doctor.ladder.runs import Run
from lastchunk.doctor.ladder.stage import Stage
from lastchunk.doctor.report.findings import Check, CouldNotRun, Detail, Doing, Findings, Status
from lastchunk.doctor.silence.request import asks_for
from lastchunk.semconv import Cause, Delivery, Reason
from lastchunk.streams.timeouts import OF_THE_CLIENT, ON_THE_WAY, Default, owners
from lastchunk.wording import many

SILENCES: tuple[float, ...] = (5, 15, 35, 65, 125, 245, 305, 355, 605, 905, 1205, 1805, 3600)
"""Seconds: each a little more than timeouts that are usual."""

ID = "stream.idle"
_ANCHOR = f"#cause-{Cause.IDLE_TIMEOUT}"
_HELD = 0.5
"""Seconds for which a proxy may hold the chunk before a silence, which makes that shorter; haproxy: 0.2."""
_HEADING = ("silence", "ended", "seen", "last event", "delivery")


@dataclass(frozen=True, slots=True)
class Tried:
    """One silence, and what became of the stream."""

    seconds: float
    run: Run

    @property
    def silent(self) -> float:
        """Seconds of the longest silence that the client met."""
        return max(self.run.longest_gap or 0.0, self.run.idle)

    @property
    def cut(self) -> bool:
        """The stream did not survive it."""
        return not self.run.completed


def silences(up_to: float, known: Sequence[float] = SILENCES) -> list[float]:
    """What is tried, in this order: the usual ones below `up_to`, and then that itself."""
    return [*(seconds for seconds in known if seconds < up_to), up_to]


def findings(chosen: Chosen, up_to: float, environ: Mapping[str, str], known: Sequence[float] = SILENCES) -> Findings:
    """Climb the silences to the first that is cut. `known` stands for the usual ones."""
    ladder = silences(up_to, known)
    with ExitStack() as stack:
        observed = stack.enter_context(observing(stall_after=ladder[0] * 0.5))
        stage = stack.enter_context(Stage())
        subject = stage.do(subject_of(chosen, environ, keyless=True))
        if subject.client is None:
            raise CouldNotRun(f"--target {chosen.target} has no model client that can be found, and --idle needs one.")
        stack.callback(lambda: stage.do(subject.close()))
        stack.enter_context(subject.watched())
        yield Check(
            "stream.calls",
            Status.OK,
            f"This makes at most {many(len(ladder), 'call')}, silent for {', '.join(f'{seconds:g}' for seconds in ladder)} s: "
            f"{_span(sum(ladder))} at most, and it ends at the first that is cut.",
        )
        tried: list[Tried] = []
        for number, seconds in enumerate(ladder, 1):
            yield Doing(f"a silence of {seconds:g} s")
            # What buffers holds the whole answer back, with its silence.
            rungs = Rungs(subject, subject.plain_question(asks_for(seconds)), "", observed, chosen.timeout + seconds)
            try:
                with captured() as requests:
                    run = stage.do(rungs.create_stream(number))
            except KeyboardInterrupt:
                yield from _seen(tried)
                yield Check("stream.interrupted", Status.SKIPPED, f"The silence of {seconds:g} s was interrupted.")
                raise
            if run.obstacle:
                _must_answer(endpoint_of(chosen, next(iter(requests), None), environ), run, chosen.timeout + seconds)
            _must_be_serve(seconds, run)
            tried.append(Tried(seconds, run))
            if tried[-1].cut:
                break
        yield from _seen(tried)
        yield verdict(tried)


def _must_answer(endpoint: Endpoint, run: Run, timeout: float) -> None:
    """Raises `CouldNotRun` if it is known why no answer came at all."""
    found = obstacle(endpoint, run, timeout)
    if found.said:
        raise CouldNotRun(f"`lastchunk doctor serve` is not reached. {found.said} {found.remedy}")


def _must_be_serve(seconds: float, run: Run) -> None:
    """Raises `CouldNotRun` if what answers is not the server that stays silent."""
    if run.reason == Reason.REJECTED and run.cause != Cause.IDLE_TIMEOUT:
        status = f"HTTP {run.status}" if run.status else run.error
        raise CouldNotRun(
            f"--base-url does not lead to `lastchunk doctor serve` ({status}): start it, put it behind the proxy, and give the "
            "proxy's address with /v1."
        )
    if run.completed and (run.longest_gap or 0.0) < seconds - _HELD:
        raise CouldNotRun(
            f"What answers at --base-url was not silent for {seconds:g} s: is it `lastchunk doctor serve`? A cache or a "
            "keep-alive on the way would look the same."
        )


def _seen(tried: Sequence[Tried]) -> Iterator[Detail]:
    cells = tuple(
        (
            f"{one.seconds:g}s",
            one.run.reason + (f" ({one.run.error})" if one.cut and one.run.error else ""),
            f"{one.silent:.1f}s",
            one.run.last_event,
            one.run.delivery,
        )
        for one in tried
    )
    values = [
        {
            "silence": one.seconds,
            "cut": one.cut,
            "reason": one.run.reason,
            "cause": one.run.cause,
            "error": one.run.error,
            "seen": round(one.silent, 3),
            "delivery": one.run.delivery,
        }
        for one in tried
    ]
    yield Detail("silences", values, _HEADING if cells else (), cells)


def verdict(tried: Sequence[Tried]) -> Check:
    """The first silence that was cut, and whose default that is."""
    last = tried[-1]
    if not last.cut:
        return Check(ID, Status.OK, f"No silence up to {last.seconds:g} s was cut.{_buffered(tried)}", _ALL_WELL)
    by_client = last.run.reason == Reason.TIMEOUT
    before = f"; one of {tried[-2].seconds:g} s was not" if len(tried) > 1 else ""
    said = f"A silence of {last.seconds:g} s is cut, after {last.silent:.1f} s{before}: it ended `{last.run.reason}`"
    said += f" with {last.run.error}." if last.run.error and last.run.error != last.run.reason else "."
    said += " The client's own timeout fired." if by_client else " Something on the way closed the connection."
    found = owners(last.silent, OF_THE_CLIENT if by_client else ON_THE_WAY)
    if found:
        said += f" {last.silent:.0f} s is the default of {_list(found)}."
        todo = "; ".join(dict.fromkeys(f"{one.owner}: {one.setting or 'cannot be set'}" for one in found))
        remedy = f"Raise it where it is yours ({todo}), or let the model's side send SSE comments while it is silent."
    else:
        said += " That is no default known here: somebody set it."
        remedy = f"Look for a timeout of {last.silent:.0f} s at every hop between here and the server, and raise it."
    return Check(ID, Status.PROBLEM, f"{said} Cause: {Cause.IDLE_TIMEOUT}.{_buffered(tried)}", remedy, _ANCHOR)


_ALL_WELL = (
    "For a longer silence raise --idle; else look elsewhere: climb the ladder without --idle, against the real model."
)


def _buffered(tried: Sequence[Tried]) -> str:
    if any(one.run.delivery in (Delivery.BURST, Delivery.SINGLE) for one in tried):
        return " The answers came in one piece: something on the way buffers, too."
    return ""


def _list(found: Sequence[Default]) -> str:
    names = list(dict.fromkeys(one.owner for one in found))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
