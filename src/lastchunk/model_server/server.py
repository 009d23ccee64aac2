# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A model server that can end its streams in every way in which real ones do.

It speaks HTTP over its own sockets, because no HTTP framework lets its user break the protocol: reset the
connection, end a body short of its length, stop inside an event. The first part of the URL's path picks the
script, so one server serves any number of endings side by side:

    with ModelServer() as server:
        client = AsyncOpenAI(base_url=server.url("rst", text="half of this arrives"), api_key="none")
        ...
        server.exchanges[-1].client_left_at

It listens on the loopback interface only, on a port of the system's choice, in a thread with an event loop of
its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from lastchunk.model_server.actions import Script, Speech
from lastchunk.model_server.dialects import DIALECTS, Name
from lastchunk.model_server.exchange import Exchange, ModelConnection, by_path
from lastchunk.model_server.scripts import SCRIPTS

_START_TIMEOUT = 10.0


class ModelServer:
    """The server, as a context manager. More scripts: `ModelServer({**SCRIPTS, "mine": Script(...)})`."""

    def __init__(self, scripts: Mapping[str, Script] = SCRIPTS) -> None:
        self._scripts = scripts
        self._exchanges: list[Exchange] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listening.wait(_START_TIMEOUT):
            raise RuntimeError(f"the model server did not start within {_START_TIMEOUT:.0f} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def url(self, script: str, *, dialect: Name = "openai", **speech: str | float) -> str:
        """The base URL for a client whose streams shall follow this script; `speech` sets fields of `Speech`.

        The path that the client adds picks the dialect; `dialect` says what its SDK wants the base URL to end with.

        Raises `KeyError` for a script that does not exist and `TypeError` for a field that does not.
        """
        self._scripts[script]
        parameters = Speech(**speech).to_path()  # pyright: ignore[reportArgumentType] (a dataclass of str and float)
        return f"http://127.0.0.1:{self._port}/{script}{parameters}{DIALECTS[dialect].base}"

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._port

    @property
    def exchanges(self) -> list[Exchange]:
        """Every request so far with its result, in order of arrival."""
        return list(self._exchanges)

    def requests(self, script: str) -> int:
        """How many requests a script has had; a client's retries count."""
        return sum(exchange.script == script for exchange in self._exchanges)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self._port = int(server.sockets[0].getsockname()[1])
        self._loop.call_soon(self._listening.set)
        try:
            self._loop.run_forever()
        finally:
            server.close()
            self._loop.run_until_complete(self._closed())
            self._loop.close()

    async def _closed(self) -> None:
        """End every connection: also one that has only just come, and would never close what it has not begun to serve."""
        await asyncio.sleep(0)
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await asyncio.sleep(0)  # they have cancelled their reads, and asked for their sockets to be closed

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain callback: what asyncio does itself with a coroutine here logs every cancelled one on 3.11.
        connection = ModelConnection(reader, writer, by_path(self._scripts), self._exchanges)
        task = self._loop.create_task(connection.serve())
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
