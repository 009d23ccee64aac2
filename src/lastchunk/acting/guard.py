# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`guard`: yields the items of a stream, and raises if its answer was cut without an exception."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any, Literal, TypeVar, overload

from lastchunk.acting.endings import observer_of
from lastchunk.acting.guarded import GuardedAsyncStream, GuardedStream, Terms
from lastchunk.acting.reasons import CUT_BY_THE_SERVICE, reasons, seconds
from lastchunk.acting.stall import Token
from lastchunk.semconv import Reason

Item = TypeVar("Item")
Finish = Literal["required", "optional"]


@overload
def guard(
    stream: AsyncIterable[Item],
    *,
    on: Iterable[Reason | str] = ...,
    allow: Iterable[Reason | str] = ...,
    first: float | None = ...,
    stall: float | None = ...,
    tools: bool = ...,
    token: Token | None = ...,
    finish: Finish = ...,
) -> GuardedAsyncStream[Item]: ...
@overload
def guard(
    stream: Iterable[Item],
    *,
    on: Iterable[Reason | str] = ...,
    allow: Iterable[Reason | str] = ...,
    first: float | None = ...,
    stall: float | None = ...,
    tools: bool = ...,
    token: Token | None = ...,
    finish: Finish = ...,
) -> GuardedStream[Item]: ...
def guard(
    stream: Any,
    *,
    on: Iterable[Reason | str] = CUT_BY_THE_SERVICE,
    allow: Iterable[Reason | str] = (),
    first: float | None = None,
    stall: float | None = None,
    tools: bool = False,
    token: Token | None = None,
    finish: Finish = "required",
) -> Any:
    """Yield the items of `stream`, and raise `StreamCutOff` if the answer was cut and nothing else raised.

    `StreamCutOff` is raised after the last item, so read to the end: a loop that breaks at the `TaskResult` never gets it.
    Exceptions of the stream pass through. `guard` never raises for what the consumer does itself.

    - `stream`: what `run_stream`, `create_stream`, an SDK's `create(stream=True)` or Agent Framework's `run(stream=True)`
      returned, async or sync.
    - `on`: the reasons to raise for. By default: every reason with which the service cuts an answer.
    - `allow`: reasons to leave out of `on`, for example `"length"`.
    - `stall`: seconds without content after which the guard closes the stream and raises `StreamStalled`. Keep-alive comments
      are not content; the arguments of a tool call are. Time that a person takes does not count.
    - `first`: the same limit until the model's first content. By default it is `stall`.
    - `tools`: True counts the time that a tool takes as silence, too.
    - `token`: the `CancellationToken` of the run. The guard cancels it when the stream stalls. Pass it for a team: without it,
      closing the team waits for the turn of its agent.
    - `finish`: `"optional"` if the backend sends neither a finish reason nor an end marker. An answer without them then counts
      as complete.

    While a sync stream waits, only streams of the openai and anthropic SDKs can be closed.

    Raises TypeError for a stream that Lastchunk does not observe, ValueError for an unknown reason or time.
    """
    observer = observer_of(stream, "guard")
    if finish not in ("required", "optional"):
        raise ValueError(f"finish={finish!r}: say 'required' or 'optional'.")
    terms = Terms(
        on=reasons(on, "on", CUT_BY_THE_SERVICE) - reasons(allow, "allow", CUT_BY_THE_SERVICE),
        first=seconds(first, "first"),
        stall=seconds(stall, "stall"),
        tools=tools,
        token=token,
        finish_optional=finish == "optional",
    )
    if hasattr(stream, "__anext__"):
        return GuardedAsyncStream(stream, observer, terms)
    return GuardedStream(stream, observer, terms)
