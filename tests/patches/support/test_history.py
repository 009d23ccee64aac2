# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How large a history is, in whatever shape it comes."""

from __future__ import annotations

import time
from typing import Any
from unittest.mock import MagicMock

import pytest
from autogen_agentchat.messages import TextMessage, ToolCallExecutionEvent
from autogen_core import FunctionCall, Image
from autogen_core.models import (
    AssistantMessage,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    SystemMessage,
    UserMessage,
)
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage

from lastchunk.patches.support.history import history_of, size_of_text
from lastchunk.streams.start import History

IMAGE = Image(PILImage.new("RGB", (4, 4)))
CALL = FunctionCall(id="1", name="lookup", arguments='{"a": 1}')


@pytest.mark.parametrize(
    ("messages", "history"),
    [
        ("hello", History(1, 5)),
        ("größe", History(1, 7)),
        ([], History(0, 0)),
        ([SystemMessage(content="ab"), UserMessage(content="cde", source="user")], History(2, 5)),
        ([UserMessage(content=["look: ", IMAGE, "well"], source="user")], History(1, 10)),
        ([AssistantMessage(content=[CALL, CALL], source="a")], History(1, 16)),
        (
            [
                FunctionExecutionResultMessage(
                    content=[FunctionExecutionResult(content="found", name="lookup", call_id="1", is_error=False)]
                )
            ],
            History(1, 5),
        ),
        (TextMessage(content="hello", source="user"), History(1, 5)),
        ((TextMessage(content="hello", source="user"),) * 3, History(3, 15)),
        ([ToolCallExecutionEvent(content=[], source="a")], History(1, 0)),
        ([{"role": "user", "content": "hello"}, {"role": "assistant", "content": None}], History(2, 5)),
        (
            [{"role": "user", "content": [{"type": "text", "text": "hello"}, {"type": "image_url", "image_url": {}}]}],
            History(1, 5),
        ),
        (
            [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "1", "function": {"name": "lookup", "arguments": '{"a": 1}'}}, "odd"],
                }
            ],
            History(1, 8),
        ),
    ],
)
def test_what_is_counted(messages: Any, history: History) -> None:
    """Texts, arguments and results, in bytes; an image is a message's, and has no size."""
    assert history_of(messages) == history


@pytest.mark.parametrize(
    "messages", [None, 5, object(), {"role": "user"}, b"hello", {1, 2}, iter(["hello"]), ["a", 5, None, object(), [[]]]]
)
def test_odd_histories(messages: Any) -> None:
    """No exception; and an iterator is not consumed."""
    history = history_of(messages)
    assert history is None or history.messages == len(messages)
    if hasattr(messages, "__next__"):
        assert next(messages) == "hello"


@pytest.mark.parametrize("messages", [MagicMock(), [MagicMock()], [{"content": MagicMock()}], [{"tool_calls": [{}]}]])
def test_mocks(messages: Any) -> None:
    """They have every attribute, and none of them is a text."""
    history = history_of(messages)
    assert history is None or history.size == 0


@given(st.text(st.sampled_from("aé漢😀"), max_size=50))
def test_bytes_of_utf_8(text: str) -> None:
    """Sizes are bytes of UTF-8, not characters, because bytes are sent."""
    assert size_of_text(text) == len(text.encode())


def test_a_lone_surrogate() -> None:
    """A lone surrogate cannot be sent, and must not raise."""
    assert size_of_text("\ud800") == 3


def test_a_long_history_is_quick() -> None:
    """1,000 messages of 200 characters: the budget is 1 ms, here with room for a busy machine."""
    messages = [UserMessage(content="x" * 200, source="user")] * 1000
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert history_of(messages) == History(1000, 200_000)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.005
