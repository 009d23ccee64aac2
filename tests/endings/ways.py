# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Ways to end a stream: what the server does (a script), and what the consumer does with the stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lastchunk.model_server import scripts
from lastchunk.model_server.actions import Comments, Sleep, Stall
from tests.endings.dialects import BRIEFS, DIALECTS
from tests.endings.stage import SECRET, Stage

STALL_AFTER = 1.0
"""Seconds of silence that count as a stall in this matrix."""
WAIT = 1.6
"""Seconds of the one long silence in the scripts that have one: longer than a stall."""
PATIENCE = 10.0
"""Seconds that a client waits for the server …"""
IMPATIENCE = 1.5
"""… and where its timeout is the way to end."""
TEXT = " ".join(f"{SECRET}-{index}" for index in range(8))
"""The answer: eight words, each with the secret in it."""

SCRIPTS = {**scripts.SCRIPTS, **DIALECTS}
"""What the server of this matrix can do."""

Open = Callable[[], Awaitable[Any]]
Consume = Callable[[Stage, Open], Awaitable[None]]


async def read_all(stage: Stage, open_stream: Open) -> None:
    """Iterate to the end."""
    stream = await open_stream()
    if callable(stream):
        await asyncio.to_thread(_read_sync, stage, stream)
        return
    async for item in stream:
        stage.saw(item)


def _read_sync(stage: Stage, open_stream: Callable[[], Any]) -> None:
    for item in open_stream():
        stage.saw(item)


@dataclass(frozen=True)
class Way:
    """One way to end."""

    script: str = "clean"
    speech: Mapping[str, str | float] = field(default_factory=dict[str, "str | float"])
    timeout: float = PATIENCE
    consume: Consume = read_all
    says: Any = None
    """What a client without a server says."""
    stage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further fields of the stage."""
    brief: str = ""

    @property
    def timed(self) -> bool:
        """It takes its time, and how much it takes decides the ending."""
        steps = SCRIPTS[self.script].steps
        return self.consume is not read_all or any(isinstance(step, Sleep | Stall | Comments) for step in steps)

    def url(self, server: Any, dialect: str = "openai") -> str:
        """The base URL of this way's server, for clients of that dialect."""
        spoken: dict[str, str | float] = {"text": TEXT, "error": f"failed: {SECRET}", "wait": WAIT, **self.speech}
        return server.url(self.script, dialect=dialect, **spoken)


async def read_with_patience(stage: Stage, open_stream: Open, patience: float = WAIT) -> None:
    """Iterate, and give up when nothing came for so long; by default that counts as a stall."""
    async with asyncio.timeout(None) as timeout:  # from the third item: a busy machine is slow to begin
        async for item in await open_stream():
            stage.saw(item)
            if len(stage.items) > 2:
                timeout.reschedule(asyncio.get_running_loop().time() + patience)


STRUCTURED = '{"city": "s3cr3t-on-sea", "days": 3}'

WAYS: dict[str, Way] = {
    name: Way(name, timeout=IMPATIENCE if Stall() in script.steps else PATIENCE, brief=BRIEFS.get(name, ""))
    for name, script in SCRIPTS.items()
}
"""By name; every script of the server is one."""
WAYS |= {
    "keep_alive_comments": Way("keep_alive_comments", consume=read_with_patience),
    "slow_first_chunk": Way("slow_first_chunk", {"wait": 0.7}),
    "burst": Way("burst", {"wait": 2.0}),
    "burst_after_5s": Way("burst", {"wait": 5.2}),
    "single_after_5s": Way("single", {"wait": 5.2}),
    "finish_with_text": Way("raw_finish", {"finish": f"stopped by {SECRET}"}),
}
