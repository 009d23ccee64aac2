# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The recipe of examples/continue_an_answer.py, with a model that is cut, and goes on."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from lastchunk import StreamCutOff
from tests.acting.speaking import Speaker
from tests.endings.sources import result

pytestmark = pytest.mark.usefixtures("asked")
FILE = Path(__file__).parents[2] / "examples" / "continue_an_answer.py"


@pytest.fixture(scope="module", name="example")
def _example() -> Any:
    spec = importlib.util.spec_from_file_location("continue_an_answer", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Listening(Speaker):
    """A client that remembers the requests."""

    def __init__(self, *answers: list[Any]) -> None:
        super().__init__(*answers)
        self.heard: list[list[Any]] = []

    def create_stream(self, messages: Any, **kwargs: Any) -> Any:
        """Yield the next answer."""
        self.heard.append([message.content for message in messages])
        return super().create_stream(messages, **kwargs)


async def test_it_goes_on(example: Any) -> None:
    """The next piece is asked for with the half answer in the history."""
    client = Listening(["Take ", result("length")], ["the tram.", result()])
    assert await example.whole_answer(client, "How?") == "Take the tram."
    assert client.heard == [["How?"], ["How?", "Take ", example.GO_ON]]


async def test_it_gives_up(example: Any) -> None:
    """It gives up after three pieces, and at once if continuing makes no sense."""
    for finish, asked in (("length", 3), ("content_filter", 1)):
        client = Listening(["Take ", result(finish)])
        with pytest.raises(StreamCutOff):
            await example.whole_answer(client, "How?")
        assert client.asked == asked
