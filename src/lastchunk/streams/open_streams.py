# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The streams that are open now, those that were let go, and what becomes of both when the process ends or forks."""

from __future__ import annotations

import asyncio
import atexit
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context

from lastchunk.streams.record import StreamRecord
from lastchunk.streams.shapes import Function

_open: dict[StreamRecord, Callable[..., None]] = {}
"""What is open, with what ends it: that of the instrumentation that began it, which may be another one by now."""
_by_key: dict[str, dict[StreamRecord, None]] = {}
"""The open runs that call themselves something: several may by the same name, and the first that began is found."""
_let_go: deque[tuple[StreamRecord, float]] = deque()
_registered = False


def add(record: StreamRecord, end: Callable[..., None]) -> None:
    """A stream began; `end(record, left=…, at=…, process_exit=…)` ends it.

    The exit handler is registered here, at the first stream, so that it runs before the handlers of providers and
    exporters, which were registered earlier.
    """
    global _registered
    if not _registered:
        _registered = True
        atexit.register(_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork)
    drain()
    _open[record] = end
    if record.start.key:
        _by_key.setdefault(record.start.key, {})[record] = None


def remove(record: StreamRecord) -> bool:
    """Note that a stream ends. Return True to the first caller, and False to all others."""
    if _open.pop(record, None) is None:
        return False
    key = record.start.key
    if key and (named := _by_key.get(key)) is not None:
        named.pop(record, None)
        if not named:
            del _by_key[key]
    return True


def open_streams() -> list[StreamRecord]:
    """Return the streams that are open now."""
    return list(_open)


def find(key: str) -> StreamRecord | None:
    """Return the open run with this `key`."""
    return next(iter(list(_by_key.get(key, ()))), None) if key else None


def let_go(record: StreamRecord) -> None:
    """The application dropped its last reference. Called by finalisers: no OpenTelemetry, no lock, no log.

    Garbage collection may run a finaliser while the SDK holds a lock of its own, so the end is only noted, and carried out
    on the loop; without a loop at the next begin, end or collection, or at exit.
    """
    _let_go.append((record, record.clock()))
    wake(record.loop, drain)


def wake(loop: asyncio.AbstractEventLoop | None, callback: Function, *args: object) -> None:
    """Let `loop` call `callback(*args)` soon, unless it is closed."""
    if loop is not None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(callback, *args, context=Context())


def drain() -> None:
    """End the streams that were let go, with the time at which they were."""
    while _let_go:
        try:
            record, at = _let_go.popleft()
        except IndexError:
            return
        end = _open.get(record)
        if end is not None:
            end(record, left=True, at=at)


def _at_exit() -> None:
    drain()
    for record, end in list(_open.items()):
        end(record, process_exit=True)


def _after_fork() -> None:
    """Forget the parent's streams: in the child they are neither open nor ever ended."""
    _open.clear()
    _by_key.clear()
    _let_go.clear()
