# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`--idle`: find which silence is cut on the way. The server at the other end (`serve`) pauses for as long as asked.

Only a silent server shows an idle timeout: a model that answers quickly never triggers it.
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
"""Seconds; each is a little longer than a common timeout."""

ID = "stream.idle"
_ANCHOR = f"#cause-{Cause.IDLE_TIMEOUT}"
_HELD = 0.5
"""Seconds for which a proxy may hold the chunk before a silence, which shortens the silence; haproxy: 0.2."""
_HEADING = ("silence", "ended", "seen", "last event", "delivery")


@dataclass(frozen=True, slots=True)
class Tried:
    """One silence, and how its stream ended."""

    seconds: float
    run: Run

    @property
    def silent(self) -> float:
        """The longest silence that the client saw, in seconds."""
        return max(self.run.longest_gap or 0.0, self.run.idle)

    @property
    def cut(self) -> bool:
        """True if the stream did not complete."""
        return not self.run.completed


def silences(up_to: float, known: Sequence[float] = SILENCES) -> list[float]:
    """The silences to try, in order: the usual ones below `up_to`, then `up_to`."""
    return [*(seconds for seconds in known if seconds < up_to), up_to]


def findings(chosen: Chosen, up_to: float, environ: Mapping[str, str], known: Sequence[float] = SILENCES) -> Findings:
    """Try longer and longer silences, up to the first that is cut. `known` replaces the usual ones."""
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
            f"This makes at most {many(len(ladder), 'call')}, with a silence of "
            f"{', '.join(f'{seconds:g}' for seconds in ladder)} s. It takes at most {_span(sum(ladder))}, and stops at the "
            "first silence that is cut.",
        )
        tried: list[Tried] = []
        for number, seconds in enumerate(ladder, 1):
            yield Doing(f"a silence of {seconds:g} s")
            # Something that buffers holds back the whole answer, for the length of its silence.
            rungs = Rungs(subject, subject.plain_question(asks_for(seconds)), "", observed, chosen.timeout + seconds)
            try:
                with captured() as requests:
                    run = stage.do(rungs.create_stream(number))
            except KeyboardInterrupt:
                yield from _seen(tried)
                yield Check(
                    "stream.interrupted", Status.SKIPPED, f"The run with a silence of {seconds:g} s was interrupted."
                )
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
    """Raise `CouldNotRun` if no answer came and the reason is known."""
    found = obstacle(endpoint, run, timeout)
    if found.said:
        raise CouldNotRun(f"The request does not reach `lastchunk doctor serve`. {found.said} {found.remedy}")


def _must_be_serve(seconds: float, run: Run) -> None:
    """Raise `CouldNotRun` if another server answers than `lastchunk doctor serve`."""
    if run.reason == Reason.REJECTED and run.cause != Cause.IDLE_TIMEOUT:
        status = f"HTTP {run.status}" if run.status else run.error
        raise CouldNotRun(
            f"--base-url does not lead to `lastchunk doctor serve` ({status}): start it, put it behind the proxy, and give the "
            "proxy's address with /v1."
        )
    if run.completed and (run.longest_gap or 0.0) < seconds - _HELD:
        raise CouldNotRun(
            f"The answer from --base-url had no silence of {seconds:g} s: check that `lastchunk doctor serve` answers there, "
            "and that nothing on the way caches answers or sends keep-alives."
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
    """Name the first silence that was cut, and the products that have this default."""
    last = tried[-1]
    if not last.cut:
        return Check(ID, Status.OK, f"No silence up to {last.seconds:g} s was cut.{_buffered(tried)}", _ALL_WELL)
    by_client = last.run.reason == Reason.TIMEOUT
    before = f"; a silence of {tried[-2].seconds:g} s was not" if len(tried) > 1 else ""
    said = f"A silence of {last.seconds:g} s was cut after {last.silent:.1f} s{before}. The stream ended `{last.run.reason}`"
    said += f" with {last.run.error}." if last.run.error and last.run.error != last.run.reason else "."
    said += " The client's own timeout fired." if by_client else " Something on the way closed the connection."
    found = owners(last.silent, OF_THE_CLIENT if by_client else ON_THE_WAY)
    if found:
        said += f" {last.silent:.0f} s is the default of {_list(found)}."
        todo = "; ".join(dict.fromkeys(f"{one.owner}: {one.setting or 'cannot be set'}" for one in found))
        remedy = (
            f"Raise the one that you use ({todo}), or have the model's server send SSE comments while it is silent."
        )
    else:
        said += " No product that Lastchunk knows has this default, so somebody set it."
        remedy = f"Look for a timeout of {last.silent:.0f} s at every hop between here and the server, and raise it."
    return Check(ID, Status.PROBLEM, f"{said} Cause: {Cause.IDLE_TIMEOUT}.{_buffered(tried)}", remedy, _ANCHOR)


_ALL_WELL = (
    "To try longer silences, raise --idle. If streams still break, run `lastchunk doctor stream` without --idle, against the "
    "real model."
)


def _buffered(tried: Sequence[Tried]) -> str:
    if any(one.run.delivery in (Delivery.BURST, Delivery.SINGLE) for one in tried):
        return " The answers came in one piece, so something on the way also buffers."
    return ""


def _list(found: Sequence[Default]) -> str:
    names = list(dict.fromkeys(one.owner for one in found))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
