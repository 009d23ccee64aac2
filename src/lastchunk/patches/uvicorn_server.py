# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Flushes telemetry before a signal ends a uvicorn server.

When uvicorn has shut down because of a signal, it raises that signal anew. A SIGTERM then ends the process without its exit
handlers, and the SDK's last batch with it; under gunicorn uvicorn's worker does the same. No signal handler is installed for
this, and a server that stops by itself is left alone. Source: uvicorn/server.py (`Server.capture_signals`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import ModuleType

from lastchunk.own_errors import report
from lastchunk.patches.support.fields import field, items_of
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import instead_of
from lastchunk.streams import web_clients
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.shapes import Args, Function, Kwargs

PATIENCE = 5.0
"""Seconds for all three signals: a receiver that hangs must not use up the time that a process has to stop."""


def _apply(module: ModuleType, patcher: Patcher) -> None:
    def shutdown(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        return instead_of(answer := wrapped(*args, **kwargs), _shut_down(patcher, instance, answer))

    patcher.wrap(module.Server, "shutdown", shutdown)


async def _shut_down(patcher: Patcher, server: object, answer: Awaitable[object]) -> object:
    """Shut down as uvicorn does. If a signal caused it, flush the telemetry of ended streams."""
    try:
        web_clients.server_stops(_ports(server))
    except Exception as exc:
        report("handling the shutdown of a web server", exc)
    with no_frame_of_ours:
        result = await answer
    try:
        if field(server, "_captured_signals"):
            await _sent(patcher.streams.telemetry.flush)
    except Exception as exc:
        report("handling the shutdown of a web server", exc)
    return result


def _ports(server: object) -> set[int]:
    """Return the ports at which a server listens. Empty for a Unix socket."""
    names = [
        socket.getsockname() for one in items_of(field(server, "servers")) for socket in getattr(one, "sockets", ())
    ]
    return {name[1] for name in names if isinstance(name, tuple)}


async def _sent(flush: Callable[[int], None]) -> None:
    """Flush in another thread, so that other tasks of the loop may still end."""
    loop, sent = asyncio.get_running_loop(), asyncio.Event()

    def send() -> None:
        flush(round(PATIENCE * 1000))
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(sent.set)

    threading.Thread(target=send, name="lastchunk-flush", daemon=True).start()
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await sent.wait()


PATCHES = (Patch("uvicorn", ">= 0.29", "uvicorn.server", _apply),)
