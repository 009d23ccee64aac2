# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix of endings as data: one line says what one stream, ended in one way, must show.

A table belongs to one *source* of streams; each line is one *way* to end:

    way reason cutoff cause last_event finish status evidence | what the application sees | the streams below | also

`-` stands for nothing. The first eight words are of the outermost span, in the order of `COLUMNS`. What the application
sees is the number of items and the class of the last, or of the exception: `9 CreateResult`, `4 raises openai.APIError`.
The streams below the outermost one are listed in the order in which they begin: `=` for the outermost one's own reason and
cause, else `reason` or `reason/cause`; with a `+` behind one that inherits its ending. If one below has the same ending and
did not inherit it, the outermost did. `also` names further attributes of the outermost span: `delivery=single`. What it
does not name is as usual: `delivery` is `incremental`, or `none` where nothing was delivered or a run took no other's ending.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lastchunk.semconv import Cause, ChunkKind, Delivery, Detail, LastEvent, Reason, Source, TeamStopReason, WaitingFor

COLUMNS = ("way", "reason", "cutoff", "cause", "last event", "raw finish reason", "status", "evidence")
_LAST_EVENTS = {str(value) for values in (ChunkKind, LastEvent) for value in values}
_ALSO = {
    "delivery": Delivery,
    "termination.detail": Detail,
    "waiting_for": WaitingFor,
    "team.stop_reason": TeamStopReason,
    "late_error": str,
    "inner_cutoffs": int,
    "inherited": bool,
}


@dataclass(frozen=True, slots=True)
class Below:
    """What a stream below the outermost one must show."""

    reason: Reason
    cause: Cause | None = None
    inherited: bool = False

    def __str__(self) -> str:
        return f"{self.reason}{f'/{self.cause}' if self.cause else ''}{'+' if self.inherited else ''}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix."""

    source: str
    way: str
    reason: Reason
    cutoff: bool
    cause: Cause | None
    last_event: str
    finish: str | None
    status: str
    evidence: Source
    sees: str
    below: tuple[Below, ...]
    also: dict[str, str | int | bool]
    wrong: str = ""
    """Why the code does not do this yet; the line says what is right."""

    @property
    def id(self) -> str:
        """The row's name in test ids."""
        return f"{self.source}-{self.way}"

    @property
    def case(self) -> tuple[str, str]:
        """Source and way: what is run."""
        return self.source, self.way

    @property
    def inherited(self) -> bool:
        """Whether the outermost stream has its ending from an inner one."""
        return bool(self.also.get("inherited")) or (self.cause is not None and self._same_below)

    @property
    def _same_below(self) -> bool:
        """A stream below has the same ending, and did not inherit it from above."""
        return any((one.reason, one.cause, one.inherited) == (self.reason, self.cause, False) for one in self.below)

    @property
    def delivery(self) -> str:
        """How the content came."""
        nothing = self.reason in (Reason.REJECTED, Reason.EMPTY, Reason.TOOL_ERROR) or (
            self.is_run and not self._same_below
        )
        return str(self.also.get("delivery", Delivery.NONE if nothing else Delivery.INCREMENTAL))

    @property
    def is_run(self) -> bool:
        """The outermost stream is a run, not a model stream."""
        return "run" in self.source.split("_")


def table(source: str, text: str) -> list[Row]:
    """Read the table of one source; raises ValueError for a word that is not of the closed sets."""
    return [_row(source, line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def like(rows: list[Row], source: str, ways: str = "", *, but: str = "") -> list[Row]:
    """What is expected of another `source` is the same: in these `ways`, or in all of them `but` some."""
    by_way = {row.way: row for row in rows}
    chosen = ways.split() or [way for way in by_way if way not in but.split()]
    return [replace(by_way[way], source=source) for way in chosen]


def _row(source: str, line: str) -> Row:
    line, _, wrong = line.partition(" ! ")
    words, sees, below, also = (*(part.strip() for part in line.split("|")), "", "", "")[:4]
    try:
        way, reason, cutoff, cause, last, finish, status, evidence = words.split()
        if last not in _LAST_EVENTS or status not in ("unset", "error") or cutoff not in ("yes", "no") or not sees:
            raise ValueError(line)
        return Row(
            source=source,
            way=way,
            reason=Reason(reason),
            cutoff=cutoff == "yes",
            cause=None if cause == "-" else Cause(cause),
            last_event=last,
            finish=None if finish == "-" else finish,
            status=status,
            evidence=Source(evidence),
            sees=sees,
            below=tuple(_below(below, Reason(reason), None if cause == "-" else Cause(cause))),
            also=dict(_also(also)),
            wrong=wrong.strip(),
        )
    except ValueError as exc:
        raise ValueError(f"a row of {source}: {line!r}: {exc}") from exc


def _below(text: str, same: Reason, same_cause: Cause | None) -> Iterator[Below]:
    for word in text.split():
        if word.rstrip("+") == "=":
            yield Below(same, same_cause, word.endswith("+"))
            continue
        reason, _, cause = word.rstrip("+").partition("/")
        if word != "-":
            yield Below(Reason(reason), Cause(cause) if cause else None, word.endswith("+"))


def _also(text: str) -> Iterator[tuple[str, str | int | bool]]:
    for word in text.split():
        name, _, value = word.partition("=")
        kind = _ALSO[name]
        yield name, True if kind is bool else int(value) if kind is int else str(kind(value))
