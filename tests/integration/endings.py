# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How streams ended that were read for a client."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from lastchunk.streams import open_streams
from tests.conftest import Exported

LEFT = "client_disconnected"
SILENT = {"script": "stall", "text": "one two"}
"""One chunk, and then nothing."""
SLOW = {"script": "clean", "gap": 0.1}


async def all_ended() -> None:
    """Wait until no stream is open any more."""
    async with asyncio.timeout(10):
        while open_streams.open_streams():
            gc.collect()
            open_streams.drain()
            await asyncio.sleep(0.01)


async def causes(exported: Exported) -> set[tuple[Any, Any]]:
    """Reason and cause of each of our spans, once no stream is open any more."""
    await all_ended()
    return {outcome(span) for span in exported.ours}


def outcome(span: ReadableSpan) -> tuple[Any, Any]:
    """Reason and cause."""
    first, second = (span.attributes.get(f"lastchunk.stream.termination.{name}") for name in ("reason", "cause"))
    return first, second
