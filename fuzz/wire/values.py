# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What an application asks with: names, and messages of every shape that the libraries take, some of which say who looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from autogen_core import FunctionCall
from autogen_core.models import (
    AssistantMessage,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    SystemMessage,
    UserMessage,
)

from fuzz.wire.answers import SENTINEL, TOOL

Log = list[Any]
MODELS = ("m",) * 5 + ("a\nb", "m" * 400, "\u202e", "org/model:8b", "\x1b[31m", "模型", "\ud800")
"""The last cannot be sent: to try raises, without Lastchunk, too."""
NAMES = ("agent",) * 4 + ("a" * 300, "имя", "_1")
"""Of agents: AutoGen wants an identifier."""
TITLES = ("team",) * 3 + ("t" * 300, "a\nb", "\x1b[31m", "")


class Told(dict[str, Any]):
    """A message that says when somebody looks into it."""

    log: Log

    def __getitem__(self, key: str) -> Any:
        self.log.append(("asked", key))
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As a dictionary's."""
        self.log.append(("asked", key))
        return super().get(key, default)

    def items(self) -> Any:
        """As a dictionary's."""
        self.log.append("items")
        return super().items()

    def __iter__(self) -> Iterator[str]:
        self.log.append("iterated")
        return super().__iter__()


class Other(Mapping[str, Any]):
    """A message that is no dictionary, and says when somebody looks into it."""

    def __init__(self, log: Log, **held: Any) -> None:
        self._log = log
        self._held = held

    def __getitem__(self, key: str) -> Any:
        self._log.append(("asked", key))
        return self._held[key]

    def __iter__(self) -> Iterator[str]:
        self._log.append("iterated")
        return iter(self._held)

    def __len__(self) -> int:
        self._log.append("measured")
        return len(self._held)


class OnceOnly(list[Any]):
    """A list that can be iterated once."""

    gone = False

    def __iter__(self) -> Iterator[Any]:
        held = [] if self.gone else list(super().__iter__())
        self.gone = True
        return iter(held)


def messages(random: Random, log: Log) -> Any:
    """What an SDK is asked."""
    parts = [{"type": "text", "text": f"{SENTINEL} part"}]
    told = Told(role="user", content=f"{SENTINEL} told")
    told.log = log
    content = random.choice(
        (
            f"{SENTINEL} ask",
            f"{SENTINEL} ask",
            parts,
            tuple(parts),
            iter(parts),
            (part for part in parts),
            OnceOnly(parts),
            "",
            None,
            7,
        )
    )
    asked: list[Any] = [{"role": "user", "content": content}]
    if random.random() < 0.2:
        asked.append(random.choice((told, Other(log, role="user", content=f"{SENTINEL} other"))))
    if random.random() < 0.1:
        calls = [{"id": "c", "type": "function", "function": {"name": TOOL, "arguments": SENTINEL}}]
        asked.append({"role": "assistant", "content": "", "tool_calls": random.choice((calls, iter(calls)))})
    if random.random() < 0.1:
        asked.append({"role": "system", "content": SENTINEL * 50})
    return random.choice((asked,) * 6 + (tuple(asked), iter(asked), OnceOnly(asked)))


def contents(random: Random) -> Any:
    """What Google's SDK is asked."""
    part = {"text": f"{SENTINEL} part"}
    asked = random.choice(
        (
            f"{SENTINEL} ask",
            f"{SENTINEL} ask",
            {"role": "user", "parts": [part]},
            {"role": "user", "parts": OnceOnly([part])},
            {"role": "user", "parts": iter([part])},
            part,
            "",
            None,
            7,
        )
    )
    return random.choice((asked, [asked], [asked, asked], (asked,), iter([asked]), OnceOnly([asked])))


def history(random: Random) -> Any:
    """What a model client of AutoGen's is asked."""
    asked: list[Any] = [
        UserMessage(content=random.choice((SENTINEL, "", [SENTINEL, "b"])), source=random.choice(NAMES))
    ]
    if random.random() < 0.2:
        asked.insert(0, SystemMessage(content=SENTINEL * 20))
    if random.random() < 0.1:
        asked.append(AssistantMessage(content=[FunctionCall(id="c", name=TOOL, arguments='{"what": "x"}')], source="a"))
        result = FunctionExecutionResult(content=SENTINEL, name=TOOL, call_id="c", is_error=False)
        asked.append(FunctionExecutionResultMessage(content=[result]))
    return random.choice((asked,) * 6 + (tuple(asked), OnceOnly(asked)))
