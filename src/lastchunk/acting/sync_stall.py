# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Limits the silence of a sync stream: when the limit is reached, a second thread shuts the connection down."""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from lastchunk.acting.patience import Patience
from lastchunk.acting.stall import Stalled
from lastchunk.wording import a

Item = TypeVar("Item")


class SyncStallLimit:
    """Watches the steps of one stream, from a thread that only looks when a limit may be over."""

    def __init__(self, stream: Any, patience: Patience, give_up: Callable[[], None]) -> None:
        """TypeError for a stream whose connection is out of reach; `give_up` is called before it is shut down."""
        self._connection = _connection_of(stream)
        self._patience = patience
        self._give_up = give_up
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._pending = False
        self._reached = False

    def step(self, ask: Callable[[], Item]) -> Item:
        """Make the step `ask`. Raise `Stalled` if the limit is reached."""
        with self._lock:
            self._patience.step_begins()
            self._pending = True
        if self._thread is None:
            self._thread = threading.Thread(
                target=_watch, args=(weakref.ref(self), self._over), name="lastchunk-guard", daemon=True
            )
            self._thread.start()
        try:
            item = ask()
        except BaseException:
            self._over.set()
            self._ends()
            if not self._reached:
                raise
        else:
            self._ends()
            return item
        raise Stalled

    def _ends(self) -> None:
        with self._lock:
            self._pending = False
            self._patience.step_ends()

    def look(self) -> float | None:
        """Look at the silence. Return the seconds until the next look, None if there is nothing to look at any more."""
        with self._lock:
            left = self._patience.left()
            if left is None or not self._pending or left > 0:
                return left if left is None or left > 0 else self._patience.limit
            self._reached = True
            self._give_up()
            try:
                # Not `close`: only this wakes the thread that reads from it.
                socket.socket.shutdown(self._connection, socket.SHUT_RDWR)
            except OSError:
                pass  # it has just broken by itself, and the step is over anyway
            return None


def _watch(reference: weakref.ref[SyncStallLimit], over: threading.Event) -> None:
    left: float | None = 0.001
    while left is not None and not over.wait(left):
        limit = reference()
        left = None if limit is None else limit.look()
        del limit


def _connection_of(stream: Any) -> socket.socket:
    """Return the socket below an httpx response, on which the streams of the openai and anthropic SDKs are built."""
    response = getattr(stream, "response", None) or getattr(getattr(stream, "_raw_stream", None), "response", None)
    network = getattr(response, "extensions", {}).get("network_stream")
    found = network.get_extra_info("socket") if network is not None else None
    if not isinstance(found, socket.socket) or getattr(response, "http_version", "") == "HTTP/2":
        raise TypeError(
            f"guard(first=…, stall=…) cannot close {a(type(stream).__name__)} while it waits: of sync streams only those of the"
            " openai and anthropic SDKs over HTTP/1.1 can be. Give its client a read timeout, and guard it without these."
        )
    return found
