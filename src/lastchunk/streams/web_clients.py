# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Remembers for which client of a web server a stream is read, and when the application learned that this client had left.

A WebSocket handler is not cancelled when its client leaves: it learns of it where it sends or receives, and stops reading in its
own way. The handler, and every task that it starts, has its client in a context variable, where a stream finds it at its begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextvars import ContextVar
from weakref import ref

from lastchunk.streams import clock

GOES_ON = 10.0
"""Seconds after which an application that takes items all the same has decided to go on without its client."""


class WebClient:
    """The client at the other end of one connection."""

    __slots__ = ("left_at", "port", "turned_to_it")

    def __init__(self, port: object) -> None:
        self.port = port
        """The port of the server, None if that is not known."""
        self.left_at = 0.0
        """When the application learned that the client had left; 0 before."""
        self.turned_to_it: ref[asyncio.Task[object]] | None = None
        """The task that waited for the client's next message then; None if a message could not be sent."""


class Reader:
    """Who reads a stream: a task of the application, for a client."""

    __slots__ = ("_client", "_task")

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._task = _this_task()

    def stopped_for_client(self, waiting: bool, last_item_at: float) -> bool:
        """Whether a reader that stops now does so because its client left.

        `waiting`: it had asked for an item; `last_item_at`: when it took the last one. A reader that had turned to its
        client's next message had stopped before.
        """
        left_at, turned = self._client.left_at, self._client.turned_to_it
        if not left_at or last_item_at > left_at + GOES_ON:
            return False
        return waiting or turned is None or self._task is None or turned() is not self._task()


_here: ContextVar[WebClient | None] = ContextVar("lastchunk_web_client", default=None)
_clients: dict[int, tuple[ref[object], WebClient]] = {}
"""By the `id` of the library's object of the connection: a class of the application's may compare in its own way."""


def came(connection: object, port: object = None) -> None:
    """Note that a handler of `connection`, to the server at `port`, begins in this context."""
    key, client = id(connection), WebClient(port)
    _clients[key] = ref(connection, lambda _: _clients.pop(key, None)), client
    _here.set(client)


def left(connection: object, *, receiving: bool) -> None:
    """Note that the application learns, `receiving` or sending, that the client of `connection` has left."""
    _, client = _clients.get(id(connection), (None, None))
    if client is not None and not client.left_at:
        client.left_at = clock.monotonic()
        client.turned_to_it = _this_task() if receiving else None


def server_stops(ports: Collection[int]) -> None:
    """From now on the server at `ports` closes connections by itself: those that are open no longer tell who left.

    A process may have other servers, which go on. Whose a connection is that has no port, or a server without one (a Unix
    socket), nobody knows.
    """
    for key, (_, client) in list(_clients.items()):
        if not ports or client.port is None or client.port in ports:
            _clients.pop(key, None)


def reader() -> Reader | None:
    """Return the reader of a stream that begins here. None if it has no client, or if the client has left."""
    client = _here.get()
    return None if client is None or client.left_at else Reader(client)


def _this_task() -> ref[asyncio.Task[object]] | None:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else ref(task)
