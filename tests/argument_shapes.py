# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Messages in every shape that a caller may give them: many can be read only once, and some say who looks into them."""

from __future__ import annotations

import re
from collections import UserDict, deque
from collections.abc import Awaitable, Callable, Mapping
from itertools import product
from typing import Any

from fuzz.wire.values import Log, OnceOnly, Other, Told
from lastchunk.model_server.server import ModelServer
from tests.conftest import Instrument

Ask = Callable[[Any, Any], Awaitable[object]]
"""Asks with a model and with messages, and reads the answer to its end."""


class Loud(str):
    """A text that says what is asked of it."""

    log: Log

    def __len__(self) -> int:
        self.log.append("measured")
        return super().__len__()

    def __bool__(self) -> bool:
        self.log.append("asked whether it is empty")
        return True

    def encode(self, *args: Any, **kwargs: Any) -> bytes:
        """As a text's."""
        self.log.append("encoded")
        return super().encode(*args, **kwargs)


def _with_log(made: Any, log: Log) -> Any:
    made.log = log
    return made


MESSAGES: dict[str, Callable[[dict[str, Any], Log], Any]] = {
    "list": lambda message, log: [message, message],
    "tuple": lambda message, log: (message,),
    "iterator": lambda message, log: iter([message]),
    "generator": lambda message, log: (each for each in [message, message]),
    "deque": lambda message, log: deque([message]),
    "a list that can be read once": lambda message, log: OnceOnly([message, message]),
    "a message that tells": lambda message, log: [_with_log(Told(message), log)],
    "a mapping": lambda message, log: [Other(log, **message)],
    "a dictionary of a user": lambda message, log: [UserDict(message)],
    "one message": lambda message, log: message,
}
CONTENTS: dict[str, Callable[[list[Any], Log], Any]] = {
    "text": lambda parts, log: "hi",
    "a text that tells": lambda parts, log: _with_log(Loud("größe"), log),
    "list": lambda parts, log: parts,
    "tuple": lambda parts, log: tuple(parts),
    "iterator": lambda parts, log: iter(parts),
    "generator": lambda parts, log: (part for part in parts),
    "map": lambda parts, log: map(dict, parts),
    "deque": lambda parts, log: deque(parts),
    "a list that can be read once": lambda parts, log: OnceOnly(parts),
    "parts that tell": lambda parts, log: [_with_log(Told(part), log) for part in parts],
    "nothing": lambda parts, log: None,
    "a number": lambda parts, log: 7,
}


async def outcomes(
    ask: Ask, server: ModelServer, key: str, parts: list[Any], only: Mapping[str, Any] = MESSAGES
) -> Any:
    """What the server was sent, or what was raised, and what the arguments told, for each pair of shapes.

    `key` is where a message has its content, which may be `parts`.
    """
    found: dict[tuple[str, str], Any] = {}
    for shape, content in product(only, CONTENTS):
        log: Log = []
        before = len(server.exchanges)
        model = _with_log(Loud("m"), log)
        messages = MESSAGES[shape]({"role": "user", key: CONTENTS[content]([*map(dict, parts)], log)}, log)
        try:
            await ask(model, messages)
            raised = None
        except Exception as error:
            raised = type(error).__name__, re.sub("0x[0-9a-f]+", "0x", str(error))
        sent = [exchange.body for exchange in server.exchanges[before:]]
        left = messages.gone if isinstance(messages, OnceOnly) else None
        found[shape, content] = sent, raised, log, left
    return found


async def differs(
    ask: Ask, server: ModelServer, instrument: Instrument, key: str, parts: list[Any], only: Any = MESSAGES
) -> dict[Any, Any]:
    """The pairs of shapes with which something differs: without Lastchunk, and with it."""
    await outcomes(ask, server, key, parts, ["list"])  # the first calls fill the caches of the library
    bare = await outcomes(ask, server, key, parts, only)
    instrument()
    observed = await outcomes(ask, server, key, parts, only)
    assert any(sent and not raised for sent, raised, _, _ in bare.values())
    return {pair: (bare[pair], observed[pair]) for pair in bare if bare[pair] != observed[pair]}
