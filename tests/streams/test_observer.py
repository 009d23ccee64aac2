# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Text is counted in the loop that watches a stream, and everything else by `StreamRecord`: both count the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastchunk.semconv import ChunkKind, Operation, WaitingFor
from lastchunk.streams import clock
from lastchunk.streams.chunks import size_of_text
from lastchunk.streams.observed import ObservedAsyncGenerator
from lastchunk.streams.observer import Observer
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start

TEXTS = st.sampled_from(["", "a", "word ", "é", "漢字", "\ud800"])
PERIODS = st.sampled_from([0.0, 0.0, 0.01, 0.02, 1.0, 7.5])
NO_TEXT = st.sampled_from([("ask", WaitingFor.PERSON), ("call", WaitingFor.TOOL), ("result", WaitingFor.FIRST_CHUNK)])


@dataclass(frozen=True)
class Event:
    """An item whose content is text."""

    content: object


class OwnText(str):
    """An application's own kind of text."""

    __slots__ = ()


@dataclass(frozen=True)
class Step:
    """One step: how long the consumer pauses before it, what comes, and after how long; then perhaps it throws."""

    pause: float
    silences: tuple[float, ...]
    """Between two of them, something is heard on the wire."""
    item: object
    thrown: bool


class Now:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class OneStream:
    """Begins one stream, in place of `Streams`."""

    def __init__(self, kept: int) -> None:
        self.record = StreamRecord(Start(operation=Operation.CHAT, subject=1), None, kept)
        self.record.context = copy_context()

    def would_begin(self, start: Start) -> bool:
        return start is not None

    def begin(self, start: Start) -> StreamRecord:
        return self.record

    def end(self, record: StreamRecord, **how: object) -> None:
        record.step_ends(record.clock())


def on_item(record: StreamRecord, item: object, now: float, gap: float) -> None:
    """What the patches do, with `StreamRecord` alone."""
    match item:
        case (str() as what, WaitingFor() as waiting_for):
            record.waiting_for = waiting_for
            if what == "call":
                record.chunk(ChunkKind.TOOL_CALL, 9, now, gap)
        case Event(content=said) | said:
            record.waiting_for = WaitingFor.NEXT_CHUNK
            record.chunk(ChunkKind.TEXT, size_of_text(said), now, gap)


async def _read(steps: list[Step], now: Now, kept: int, text: type | None) -> tuple[StreamRecord, list[object]]:
    streams = OneStream(kept)

    async def inner() -> AsyncGenerator[object, None]:
        for step in steps:
            for place, silence in enumerate(step.silences):
                now.at += silence
                if place + 1 < len(step.silences):
                    streams.record.heard(now.at)
                    await asyncio.sleep(0)
            try:
                yield step.item
            except LookupError:
                now.at += 3.0
                yield "caught"

    describe: Callable[[], Start] = lambda: streams.record.start  # noqa: E731
    observer = Observer(streams, describe, on_item, text)  # type: ignore[arg-type]
    stream: Any = ObservedAsyncGenerator(inner(), observer)
    items: list[object] = []
    for step in steps:
        now.at += step.pause
        items.append(await stream.__anext__())
        if step.thrown:
            items.append(await stream.athrow(LookupError()))
    with pytest.raises(StopAsyncIteration):
        await stream.__anext__()
    return streams.record, items


def _seen(record: StreamRecord) -> dict[str, object]:
    """Everything that is counted, and what becomes events."""
    names = (
        "chunks empty size max_gap gap_before max_pause first_content_at last_content_at stepped_at silent_since"
        " waiting_for last_event wire_gap"
    )
    seen: dict[str, object] = {name: getattr(record, name) for name in names.split()}
    seen["kept"] = record.sample.chunks(record.chunks) if record.sample is not None else None
    return seen


def _steps(texts: st.SearchStrategy[object]) -> st.SearchStrategy[list[Step]]:
    periods = st.lists(PERIODS, min_size=1, max_size=3).map(tuple)
    thrown = st.sampled_from([False] * 9 + [True])
    return st.lists(st.builds(Step, PERIODS, periods, texts | texts | texts | NO_TEXT, thrown), max_size=60)


@pytest.mark.parametrize("of_an_event", [False, True])
@settings(max_examples=150, deadline=None)
@given(data=st.data(), kept=st.sampled_from([0, 1, 4, 32]))
def test_text_is_counted_as_everything_else_is(of_an_event: bool, data: st.DataObject, kept: int) -> None:
    """Whatever comes between, before and after, and whatever is thrown: numbers, times and chosen chunks are the same."""
    texts: st.SearchStrategy[object] = TEXTS | TEXTS.map(OwnText)
    if of_an_event:
        texts = texts.map(Event) | st.just(Event(None))
    steps = data.draw(_steps(texts))
    results = []
    for text in (None, Event if of_an_event else str):
        now = Now()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "monotonic", now)
            patch.setattr(clock, "wall", lambda: 0)
            record, items = asyncio.run(_read(steps, now, kept, text))
        results.append((_seen(record), items))
    assert results[0] == results[1]
    assert results[0][0]["chunks"] == sum(
        not isinstance(step.item, tuple) or step.item[0] == "call" for step in steps
    ) + sum(step.thrown for step in steps)
