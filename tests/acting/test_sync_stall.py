# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`guard(stall=…)` around a sync stream, whose consumer is blocked in the SDK: over real sockets."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from anthropic import Anthropic
from ollama import Client

from lastchunk import Reason, StreamStalled, ending_of, guard
from tests.endings.sources import MESSAGES, MODEL

pytestmark = pytest.mark.usefixtures("asked")
Make = Callable[..., Any]


def _guards() -> int:
    return sum(thread.name == "lastchunk-guard" for thread in threading.enumerate())


def test_it_is_closed(sync_sdk: Make) -> None:
    """The connection is shut down under the read, and the thread that did it ends."""
    stream = sync_sdk("stall").chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    items: list[Any] = []
    with pytest.raises(StreamStalled) as caught:
        items.extend(guard(stream, stall=0.2))
    assert (caught.value.ending.reason, caught.value.silence, caught.value.items) == (Reason.TIMEOUT, 0.2, 8)
    assert ending_of(stream) == caught.value.ending
    assert stream.response.is_closed


def test_keep_alive_comments_are_no_content(sync_sdk: Make) -> None:
    """They come for longer than the limit, which is not set back by them."""
    stream = sync_sdk("keep_alive_comments", wait=5.0).chat.completions.create(
        model=MODEL, messages=MESSAGES, stream=True
    )
    with pytest.raises(StreamStalled):
        list(guard(stream, stall=0.2))


def test_a_healthy_stream(sync_sdk: Make) -> None:
    """Its items, and no thread behind it."""
    stream = sync_sdk("clean").chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    assert len(list(guard(stream, first=30, stall=30))) == 17
    for thread in threading.enumerate():
        if thread.name == "lastchunk-guard":
            thread.join(5)
    assert _guards() == 0


def test_a_consumer_that_leaves(sync_sdk: Make) -> None:
    """The thread holds no stream."""
    stream = sync_sdk("stall").chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    gone = weakref.ref(stream._self_wrapped)
    for _ in guard(stream, stall=0.3):
        break
    del stream
    gc.collect()
    assert gone() is None


def test_the_helper_and_another_sdk(server: Any, sync_sdk: Make) -> None:
    """What `chat.completions.stream(...)` of openai and `messages.stream(...)` of anthropic give."""
    with (
        sync_sdk("stall").chat.completions.stream(model=MODEL, messages=MESSAGES) as stream,
        pytest.raises(StreamStalled),
    ):
        list(guard(stream, stall=0.2))
    with Anthropic(base_url=server.url("stall").removesuffix("/v1"), api_key="none", max_retries=0) as client:
        request = {"model": MODEL, "messages": MESSAGES, "max_tokens": 9}
        with client.messages.stream(**request) as messages, pytest.raises(StreamStalled):
            list(guard(messages, stall=0.2))


def test_one_that_cannot_be_closed(server: Any) -> None:
    """One clear sentence says what to do instead."""
    stream = Client(host=server.url("clean").removesuffix("/v1")).chat(MODEL, MESSAGES, stream=True)
    with pytest.raises(TypeError, match=r"of sync streams only those of the openai and anthropic .* a read timeout"):
        guard(stream, stall=1)
    stream.close()
