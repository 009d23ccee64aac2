# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Workers that a server forks, as gunicorn and uvicorn do: a child neither reports nor ends its parent's streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

APPLICATION = """
import asyncio, atexit, json, os, sys

from autogen_core.models import UserMessage
from autogen_ext.models.replay import ReplayChatCompletionClient
from lastchunk import AutoGenStreamsInstrumentor, semconv
from tests.telemetry.signals import Signals

when, folder = sys.argv[1:]
signals = Signals(readers=2)
told = {}


def dump():
    # Registered first, so called last: after what Lastchunk does at exit.
    told["reasons"] = [span.attributes[semconv.TERMINATION_REASON] for span in signals.spans]
    told["events"] = [(event.event_name, event.attributes.get(semconv.TERMINATION_REASON)) for event in signals.events]
    told["open_at_exit"] = [signals.total(semconv.OPEN, reader) for reader in (0, 1)]
    with open(f"{folder}/{told['who']}.json", "w") as file:
        json.dump(told, file)


atexit.register(dump)
if when == "before":
    AutoGenStreamsInstrumentor().instrument(**signals.providers)
loop = asyncio.new_event_loop()
ask = [UserMessage(content="Go on.", source="user")]
held = ReplayChatCompletionClient(["one two three four"]).create_stream(ask)
loop.run_until_complete(anext(held))
told["open_before"] = signals.total(semconv.OPEN)
child = os.fork()
told["who"] = "parent" if child else "child"
if child:
    os.waitpid(child, 0)
elif when == "after":
    AutoGenStreamsInstrumentor().instrument(**signals.providers)
told["open_after"] = [signals.total(semconv.OPEN, reader) for reader in (0, 1)]


async def read(stream):
    async for _ in stream:
        pass


if child:
    loop.run_until_complete(read(held))
else:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(read(ReplayChatCompletionClient(["five six"]).create_stream(ask)))
    kept = ReplayChatCompletionClient(["seven eight"]).create_stream(ask)
    loop.run_until_complete(anext(kept))
    told["open_of_its_own"] = signals.total(semconv.OPEN)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_child_has_its_own_streams_only(when: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", APPLICATION, when, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    parent, child = (json.loads((tmp_path / f"{who}.json").read_text()) for who in ("parent", "child"))
    before = 1 if when == "before" else 0
    assert parent["open_before"] == child["open_before"] == before
    assert parent["open_after"] == [before, before]
    assert child["open_after"] == [0, 0]
    assert parent["reasons"] == ["completed"] * before
    assert parent["events"] == []
    assert child["open_of_its_own"] == 1
    assert child["reasons"] == ["completed", "process_exit"]
    assert child["events"] == [["lastchunk.stream.cutoff", "process_exit"]]
    assert parent["open_at_exit"] == child["open_at_exit"] == [0, 0]
