# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The silent model server in a thread of its own: the doctor runs in the thread of the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lastchunk.doctor.silence.serve import serve


@dataclass
class Silent:
    """The server, once it listens."""

    port: int = 0
    told: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def silent() -> Generator[Silent]:
    """Serve until the block ends."""
    loop, ready, server = asyncio.new_event_loop(), threading.Event(), Silent()

    def listening(port: int) -> None:
        server.port = port
        ready.set()

    async def run() -> None:
        await serve("127.0.0.1", 0, server.told.append, listening=listening)

    task = loop.create_task(run())
    thread = threading.Thread(target=loop.run_until_complete, args=(asyncio.wait({task}),), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield server
    loop.call_soon_threadsafe(task.cancel)
    thread.join()
    loop.close()
