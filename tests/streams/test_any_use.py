# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Random use of an async generator, bare and observed: the same results, the same exceptions, the same order within it.

Driven by hand, without a loop, so that any step can be asked for, resumed, cancelled, closed or forgotten at any time, two at
once too, which no `async for` does.
"""

from __future__ import annotations

import gc
import types
import warnings
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest
from autogen_ext.models.replay import ReplayChatCompletionClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Instrument

Log = list[object]
Script = list[str]
Use = list[tuple[str, int]]

BODIES = st.lists(st.sampled_from(["item", "item", "item", "wait", "wait", "fail", "keep"]), max_size=7)
"""What a generator does: yield, wait for its loop, raise, or yield and go on after whatever is thrown there."""

USES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("anext",) * 3,
                *("run",) * 4,
                *["default", "asend", "athrow", "aclose", "throw", "close", "forget", "await", "gc"],
            ]
        ),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=14,
)
"""What an application does: ask for a step in one of several ways; or do something with the one asked for so long ago."""


@types.coroutine
def _wait(number: int) -> Generator[Any, Any, Any]:
    return (yield ("waits", number))


async def _body(script: Script, log: Log) -> AsyncGenerator[Any, Any]:
    try:
        for number, action in enumerate(script):
            log.append((action, number))
            if action == "fail":
                raise LookupError(number)
            if action == "wait":
                log.append(await _wait(number))
            elif action == "item":
                log.append((yield number))
            else:
                try:
                    log.append((yield number))
                except Exception as error:
                    log.append(type(error))
    except BaseException as error:
        log.append(type(error))
        raise
    finally:
        log.append("finally")


async def _awaited(step: Any) -> Any:
    return await step


def _goes_on(log: Log, function: Callable[..., Any], *args: Any) -> bool:
    """Resume a step; False if that was its end."""
    try:
        log.append(("gives", function(*args)))
    except BaseException as error:
        log.append((type(error), *(repr(argument) for argument in error.args)))
        return False
    return True


def _used(stream: AsyncGenerator[Any, Any], uses: Use, log: Log) -> None:
    asked: list[Any] = []
    for what, number in uses:
        log.append(what)
        if what in ("anext", "default", "asend", "athrow", "aclose"):
            try:
                asked.append(
                    stream.__anext__()
                    if what == "anext"
                    else anext(stream, "no more")
                    if what == "default"
                    else stream.asend(number or None)
                    if what == "asend"
                    else stream.athrow((ValueError, GeneratorExit, KeyError)[number]("thrown"))
                    if what == "athrow"
                    else stream.aclose()
                )
            except BaseException as error:
                log.append((type(error), str(error)))
        elif what == "gc":
            gc.collect(0)
        elif number < len(asked):
            step = asked[-1 - number]
            over = False
            if what == "run":
                over = not _goes_on(log, step.send, None)
            elif what == "throw":
                over = not _goes_on(log, step.throw, ValueError("cancelled"))
            elif what == "close":
                _goes_on(log, step.close)
                over = True
            elif what == "await":
                asked[-1 - number] = _awaited(step)
            else:
                # Whoever forgets a bare step forgets it in the middle; observed, that is found by garbage collection.
                over = isinstance(step, types.CoroutineType)
            if over:
                # One object stands for all steps, one after the other: one that is over is not to be asked again.
                del asked[-1 - number]
            del step


class _Own(ReplayChatCompletionClient):
    body: Callable[[], AsyncGenerator[Any, Any]]

    def create_stream(self, *args: Any, **kwargs: Any) -> Any:
        return self.body()


def _happened(script: Script, uses: Use, client: _Own | None) -> Log:
    log: Log = []
    with warnings.catch_warnings():
        # A step that is never awaited is the one thing that is forgotten at another moment.
        warnings.simplefilter("ignore", RuntimeWarning)
        if client is None:
            stream = _body(script, log)
        else:
            client.body = lambda: _body(script, log)
            stream = client.create_stream()
        _used(stream, uses, log)
        log.append("left")
        del stream
        gc.collect()
    return log


@pytest.mark.timeout(120)
def test_any_use_comes_out_as_without_lastchunk(instrument: Instrument) -> None:
    exported = instrument()
    client = _Own([])
    # What is there already stays: the collection at the end of each example shall not look through it.
    gc.collect()
    gc.freeze()

    @settings(
        max_examples=250,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(BODIES, USES)
    def check(script: Script, uses: Use) -> None:
        assert _happened(script, uses, client) == _happened(script, uses, None)

    check()
    assert exported.ours
