# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One case: what an application saw that asked, read and left as its seed says."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from random import Random
from typing import Any

from fuzz.seen import chain, collected, overheard, text
from fuzz.wire import consumers, sync_consumers
from fuzz.wire.asking import Asker, Layer, Layers
from fuzz.wire.bytes_sent import sent
from fuzz.wire.families import layers_of
from fuzz.wire.server import Server
from fuzz.wire.values import Log

_DIFFERS_EACH_TIME = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b|\d{4}-\d\d-\d\d[T ][\d:.+]*Z?|127\.0\.0\.1:\d+|localhost:\d+"
    r"|created_at=datetime\.datetime\(.*?\)\)?|port=\d+|cancel scope [0-9a-f]+|\('127\.0\.0\.1', \d+\)|fd=\d+"
)
_KNOWN = re.compile(
    "an error occurred during closing of asynchronous generator <async_generator object "
    "(Pool|Response|HTTP|Bound|Async|Raw|FunctionInvocationLayer)"
)
"""Of generators of httpx and Agent Framework that a loop closes all at once, in an order that has no seed."""
_WAITS_FOR_EVER = frozenset({"azure", "create_stream, azure", "google"})
"""Layers that read through aiohttp. After a chunk whose length is no number it waits, past all its timeouts (3.14.5)."""
_ASKS_AGAIN = frozenset({"google"})
"""Layers whose SDK asks once more by itself, within one stream: Google's over aiohttp, if the connection is gone."""
_STEPS = 30
"""Of a loop, in which whatever closes something is over."""
_PATIENCE = 5.0
"""Seconds after which a client gives up that is not meant to."""


def hangs(seed: int, family: str = "") -> bool:
    """The server of this case falls silent, and its consumer leaves by the clock."""
    return _drawn(seed, family, Random(seed))[2]


def some_seeds(number: int, family: str = "") -> list[int]:
    """The first so many seeds of cases in which no clock has a say."""
    return [*islice((seed for seed in range(20_000, 30_000) if not hangs(seed, family)), number)]


def _drawn(seed: int, family: str, random: Random) -> tuple[Layers, str, bool, str]:
    layers, other = layers_of(family, seed)
    name = random.choice(list(layers))
    sync = "sync" in name
    silent = (other or not sync) and random.random() < 0.15
    if sync:
        ways = sync_consumers.WHEN_SILENT if silent else sync_consumers.OTHER_WAYS if other else sync_consumers.WAYS
    else:
        ways = consumers.WHEN_SILENT if silent else consumers.BY_THEMSELVES
    return layers, name, silent, random.choice(ways)


def perform(seed: int, server: Server, current: Callable[[], None], family: str = "") -> tuple[list[str], int]:
    """What the application saw, and how many streams it asked for; `current` is called in the body of its loop."""
    random = Random(seed)
    layers, name, hangs, way = _drawn(seed, family, random)
    dialect, layer = layers[name]
    sync = "sync" in name
    answers = [
        sent(random, dialect, hangs=hangs),
        sent(random, dialect, hangs=False),
        sent(random, dialect, hangs=False),
    ]
    if name in _WAITS_FOR_EVER:
        answers = [answer.with_lengths() for answer in answers]
    log: Log = [f"{name}, {'hangs, ' if hangs else ''}{way}"]
    timeout = consumers.IDLE * 4 if way == "client" else _PATIENCE
    asker = Asker(server.url, random, log, timeout)
    server.begin(answers)
    opened = _open_files()
    with overheard(log), _complaints(log):
        try:
            if sync:
                sync_consumers.read(layer(asker), way, random, log, current)
                _close(asker)
            else:
                asyncio.run(_application(layer, asker, way, hangs, consumers.Reader(random, log, server, current)))
        except BaseException as error:
            log.append(chain(error))
        asker.clients.clear()
        collected(log)
        server.end()
        log.append(("files left open", _open_files() - opened))
        log.append([_normal(request.decode("latin-1")) for request in server.requests])
    requests = min(len(server.requests), 1) if name in _ASKS_AGAIN else len(server.requests)
    return [_normal(text(entry)) for entry in log], requests if dialect != "completion" else 0


async def _application(layer: Layer, asker: Asker, way: str, hangs: bool, reader: consumers.Reader) -> None:
    log = asker.log
    asyncio.get_running_loop().set_exception_handler(
        lambda _, told: None if _KNOWN.match(told["message"]) else log.append(_told(told))
    )
    closes, waits = asker.random.random() < 0.7, asker.random.random() < 0.5
    try:
        await (reader.leave if hangs else reader.read)(layer(asker), way)
    finally:
        collected(log)
        if closes:
            for client in asker.clients:
                close = getattr(client, "aclose", None) or getattr(client, "close", None)
                closed = close() if close is not None else None
                if isinstance(closed, Awaitable):
                    await closed
        asker.clients.clear()
        if waits:
            for _ in range(_STEPS):
                await asyncio.sleep(0)
            log.append(("tasks left", len(asyncio.all_tasks()) - 1))


def _told(told: dict[str, Any]) -> Any:
    return "the loop", told["message"], chain(told.get("exception"))


def _close(asker: Asker) -> None:
    for client in asker.clients:
        if hasattr(client, "close"):
            client.close()


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def _normal(said: str) -> str:
    return _DIFFERS_EACH_TIME.sub("*", said)


@contextmanager
def _complaints(log: Log) -> Iterator[None]:
    """Adds what libraries log from warnings on; what Lastchunk and OpenTelemetry say is looked at by `demands`."""

    class Listens(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # AutoGen's own spans complain when their consumer leaves; under Lastchunk they do not stand.
            if not record.name.startswith(("lastchunk", "opentelemetry")):
                error = record.exc_info[1] if record.exc_info else None
                log.append(("logged", record.name, record.levelname, record.getMessage(), chain(error)))

    listens = Listens(logging.WARNING)
    logging.getLogger().addHandler(listens)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(listens)
