# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix of endings once more, for the application: the same reason, the same items, and never silence with half an answer.

Rows that are read to their end are performed again, through `guard`, without an SDK. All others end by what their consumer
does, and are held against what a guard raises for.
"""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest

from lastchunk import StreamCutOff, ending_of, guard
from lastchunk.acting.reasons import CUT_BY_THE_SERVICE, OWN
from lastchunk.instrumentor import observe, stop_observing
from lastchunk.model_server.server import ModelServer
from tests.acting.speaking import read
from tests.endings.drive import AT_ONCE, CHANCES, WAITING_AT_ONCE, stage_of
from tests.endings.matrix import ROWS
from tests.endings.sources import SOURCES
from tests.endings.stage import Stage, name_of
from tests.endings.table import Row
from tests.endings.ways import SCRIPTS, STALL_AFTER, WAYS, read_all

pytestmark = pytest.mark.timeout(300)
_SOURCES = {"create_stream", "sdk_async", "sdk_sync", "agent_run", "team_run", "own_client", "agent_run_own_client"}
AGAIN = [row for row in ROWS if row.source in _SOURCES and WAYS[row.way].consume is read_all]
"""The rows that are performed again."""


async def _guarded(stage: Stage, row: Row) -> dict[str, Any]:
    """What an application sees that reads the row's stream through a guard."""
    stream = await SOURCES[row.source](stage)
    if callable(stream):
        return await asyncio.to_thread(_guarded_sync, stream)
    items, error = await read(guard(stream))
    return _seen(len(items), error, ending_of(stream))


def _guarded_sync(open_stream: Any) -> dict[str, Any]:
    items, error, stream = 0, None, open_stream()
    try:
        for _ in guard(stream):
            items += 1
    except Exception as raised:
        error = raised
    return _seen(items, error, ending_of(stream))


def _seen(items: int, error: BaseException | None, ending: Any) -> dict[str, Any]:
    of_error = ending_of(error) if error is not None else ending
    return {
        "items": items,
        "raises": None if error is None else name_of(type(error)),
        "ending": (ending.reason, ending.cause),
        "ending of the exception": (of_error.reason, of_error.cause) if of_error is not None else None,
    }


def _expected(row: Row) -> dict[str, Any]:
    count, _, last = row.sees.partition(" ")
    raises = last.removeprefix("raises ") if last.startswith("raises ") else None
    if raises is None and row.reason in CUT_BY_THE_SERVICE:
        raises = name_of(StreamCutOff)
    ending = (row.reason, row.cause)
    return {"items": int(count), "raises": raises, "ending": ending, "ending of the exception": ending}


async def _perform(rows: list[Row], server: ModelServer) -> dict[str, Any]:
    """Several at a time, in one loop."""
    at_once, waiting_at_once, seen = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(WAITING_AT_ONCE), {}

    async def one(row: Row) -> None:
        async with waiting_at_once if WAYS[row.way].timed else at_once:
            stage = stage_of(WAYS[row.way], server)
            try:
                async with asyncio.timeout(30):
                    seen[row.id] = await _guarded(stage, row)
            except Exception as error:  # no stream was obtained: nothing to guard
                ending = ending_of(error)
                seen[row.id] = _seen(0, error, ending) if ending is not None else repr(error)
            for close in stage.closing:
                await close()

    await asyncio.gather(*map(one, rows))
    return seen


@pytest.fixture(scope="module", name="seen")
def _performed() -> dict[str, Any]:
    """Every row; those that a busy machine may have spoilt again, with fewer beside them."""
    with pytest.MonkeyPatch.context() as patched, ModelServer(SCRIPTS) as server, warnings.catch_warnings():
        patched.setenv("LASTCHUNK_STALL_AFTER", str(STALL_AFTER))
        warnings.simplefilter("ignore")
        stop_observing()
        observe()
        seen = asyncio.run(_perform(AGAIN, server))
        for _ in range(CHANCES):
            seen |= asyncio.run(_perform([row for row in AGAIN if seen[row.id] != _expected(row)], server))
        stop_observing()
        return seen


def test_rows_through_a_guard(seen: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """Items, exception and ending are as the table says; what was silent is raised."""
    caplog.clear()  # AutoGen logs what fails in a team
    assert {row.id: seen[row.id] for row in AGAIN if seen[row.id] != _expected(row)} == {}
    assert len(AGAIN) > 200


def test_never_silence_with_half_an_answer() -> None:
    """An ending that is a cutoff is raised by the stream, or by the guard, or it was the consumer who left."""
    told = CUT_BY_THE_SERVICE | OWN
    assert [row.id for row in ROWS if row.cutoff and " raises " not in row.sees and row.reason not in told] == []
