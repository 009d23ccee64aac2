# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An application that asks for one stream, and what a place is that it takes one from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fuzz.wire.answers import Dialect
from fuzz.wire.values import MODELS, Log, messages


@dataclass(frozen=True, slots=True)
class Asker:
    """An application that asks."""

    url: str
    random: Random
    log: Log
    timeout: float
    """Of its client, in seconds."""
    clients: list[Any] = field(default_factory=list[Any])
    """Those that it made."""

    def made(self, client: Any) -> Any:
        """A client that it made."""
        self.clients.append(client)
        return client

    def model(self) -> str:
        """The name of one."""
        return self.random.choice(MODELS)

    def asked(self) -> dict[str, Any]:
        """The arguments that all SDKs have in common."""
        return {"model": self.model(), "messages": messages(self.random, self.log)}


Layer = Callable[[Asker], Any]
"""Gives the stream, or an awaitable that gives it."""

Layers = dict[str, tuple[Dialect, Layer]]
"""By name, with what the server is to speak; `sync` stands in the name of one whose stream is not async."""
