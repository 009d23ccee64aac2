# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A model client that yields given texts at given times, and records how its stream ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from autogen_agentchat.agents import AssistantAgent

from lastchunk import Reason, StreamCutOff, ending_of
from tests.endings.sources import OwnClient, result, user

WHOLE = ["Take ", "the ", "tram.", result()]
"""An answer."""
HALF = [*WHOLE[:2], result("length")]
"""One that reached its limit, and says so only in its result."""


class Speaker(OwnClient):
    """A model client of the application's own. A number among its items is a pause, in seconds."""

    def __init__(self, *answers: list[Any]) -> None:
        """`answers` has one answer for each request; the last one serves all further requests."""
        super().__init__([])
        self._answers = list(answers)
        self.asked = 0
        self.closed = 0
        """Streams that ended, or were closed."""

    def _next(self) -> list[Any]:
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    async def create_stream(self, messages: Any, **kwargs: Any) -> Any:
        """Yield the next answer, with its pauses."""
        try:
            for item in self._next():
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, int | float):
                    pause = asyncio.ensure_future(asyncio.sleep(item))
                    token = kwargs.get("cancellation_token")
                    await (token.link_future(pause) if token is not None else pause)
                else:
                    yield item
        finally:
            self.closed += 1

    async def create(self, messages: Any, **kwargs: Any) -> Any:
        """Return the next answer at once."""
        items = self._next()
        for item in items:
            if isinstance(item, BaseException):
                raise item
        return items[-1]

    def stream(self) -> Any:
        """Return one stream of the client itself."""
        return self.create_stream(user())

    def run(self, **options: Any) -> Any:
        """Return the run of an agent with this client."""
        return AssistantAgent("guide", self, model_client_stream=True, **options).run_stream(task="How do I get there?")


async def read(stream: AsyncIterator[Any]) -> tuple[list[Any], BaseException | None]:
    """Return every item, and the exception at the end, if there is one."""
    items: list[Any] = []
    try:
        async for item in stream:
            items.append(item)
    except (Exception, asyncio.CancelledError) as error:
        return items, error
    return items, None


def reason_of(stream: Any) -> Reason | None:
    """Return the reason with which the stream ended."""
    ending = ending_of(stream)
    return None if ending is None else ending.reason


def cut(error: BaseException | None) -> tuple[str, str]:
    """Return the class of what a guard raised, and the reason."""
    assert isinstance(error, StreamCutOff)
    return type(error).__name__, str(error.ending.reason)
