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
    """Hand out the items of `stream`, and raise where the answer was cut and nobody else said so.

    `StreamCutOff` comes after the last item, so read to the end: a loop that is left at the `TaskResult` never hears of it.
    What the stream raises itself is passed on; what the consumer does itself is never raised.

    - `stream`: what `run_stream`, `create_stream` or an SDK's `create(stream=True)` returned, async or sync.
    - `on`: the reasons to raise for; by default every one with which the service cut an answer. `allow`: those of them to let
      through, `"length"` for example.
    - `stall`: seconds without content after which `StreamStalled` is raised; `first`: the same until a model's first content
      (by default `stall`). The stream is closed then. What keeps a connection alive is no content; the arguments of a tool call
      are. Waiting for a person is no silence; waiting for a tool is none unless `tools`.
    - `token`: the `CancellationToken` of the run, which is cancelled when the stream stalls. A team needs it: without, its
      close waits for the turn of its agent.
    - `finish="optional"`: the backend sends neither a finish reason nor an end marker, so that their absence says nothing.

    A sync stream can only be closed while it waits if it is one of the openai or anthropic SDK's.

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
