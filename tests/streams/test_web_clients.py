# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a reader that stops does so because its client left. Real servers are in tests/integration/test_web_sockets.py."""

from __future__ import annotations

import asyncio
import gc
from contextvars import Context
from dataclasses import dataclass

import pytest

from lastchunk.streams import clock, web_clients
from lastchunk.streams.web_clients import GOES_ON, Reader


@dataclass
class Connection:
    """A library's object of a connection. This class of the application's cannot be hashed, and may compare as it likes."""


LEFT_AT = 100.0


@pytest.fixture(name="connection")
def _connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The clock stands still: a client leaves at `LEFT_AT`."""
    monkeypatch.setattr(clock, "monotonic", lambda: LEFT_AT)
    return Connection()


def reader_of(connection: Connection, port: int | None = None) -> Reader:
    """A stream begins in the handler of `connection`."""

    def handler() -> Reader | None:
        web_clients.came(connection, port)
        return web_clients.reader()

    reader = Context().run(handler)
    assert reader is not None
    return reader


def test_nobody_left(connection: Connection) -> None:
    assert not reader_of(connection).stopped_for_client(True, 0.0)


@pytest.mark.parametrize("receiving", [True, False])
@pytest.mark.parametrize("waiting", [True, False])
@pytest.mark.parametrize(
    ("last_item_at", "stopped"), [(LEFT_AT - 50, True), (LEFT_AT + 1, True), (LEFT_AT + GOES_ON + 1, False)]
)
def test_who_takes_items_for_long_goes_on(
    connection: Connection, receiving: bool, waiting: bool, last_item_at: float, stopped: bool
) -> None:
    reader = reader_of(connection)
    web_clients.left(connection, receiving=receiving)
    assert reader.stopped_for_client(waiting, last_item_at) is stopped


@pytest.mark.parametrize(
    ("receiving", "waiting", "same_task", "stopped"),
    [
        (True, False, True, False),  # it had turned to the client's next message
        (True, True, True, True),
        (True, False, False, True),
        (False, False, True, True),
    ],
)
async def test_the_task_that_learns_of_it(
    connection: Connection, receiving: bool, waiting: bool, same_task: bool, stopped: bool
) -> None:
    async def learn() -> None:
        web_clients.left(connection, receiving=receiving)

    reader = reader_of(connection)
    await (learn() if same_task else asyncio.create_task(learn()))
    assert reader.stopped_for_client(waiting, 0.0) is stopped


def test_a_connection_that_is_gone_is_forgotten() -> None:
    known = len(web_clients._clients)
    connections = [Connection() for _ in range(5)]
    while connections:
        Context().run(web_clients.came, connections[-1])
        assert len(web_clients._clients) == known + 1
        connections.pop()
    gc.collect()
    assert len(web_clients._clients) == known


def test_a_stream_that_begins_without_the_client(connection: Connection) -> None:
    def handler() -> Reader | None:
        web_clients.came(connection)
        web_clients.left(connection, receiving=True)
        return web_clients.reader()

    assert Context().run(handler) is None
    assert Context().run(web_clients.reader) is None


@pytest.mark.parametrize(
    ("port", "stops", "told"),
    [(8000, {8000}, False), (8000, {9000}, True), (None, {8000}, False), (8000, set[int](), False)],
)
def test_a_server_that_stops(connection: Connection, port: int | None, stops: set[int], told: bool) -> None:
    """It closes its own connections, and those of which nobody knows whose they are; another server's still tell."""
    reader = reader_of(connection, port)
    web_clients.server_stops(stops)
    web_clients.left(connection, receiving=False)
    assert reader.stopped_for_client(True, 0.0) is told
