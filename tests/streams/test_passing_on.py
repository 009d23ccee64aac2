# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The traceback of an exception that passes through us is the one that it would have had."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI, OpenAI

from lastchunk.model_server.server import ModelServer
from lastchunk.streams.passing_on import passed_on
from tests.conftest import MODEL_INFO, Instrument

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
HELLO = [UserMessage(content="x", source="user")]
Way = Callable[[str], Awaitable[Any]]


async def _sync(url: str, stream: bool) -> None:
    with OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        answer = client.chat.completions.create(**ASK, stream=stream)
        list(answer)


async def _async(url: str, stream: bool) -> None:
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        async for _ in await client.chat.completions.create(**ASK, stream=stream):
            pass


async def _autogen(url: str, use: Callable[[OpenAIChatCompletionClient], Awaitable[Any]]) -> None:
    client = OpenAIChatCompletionClient(model="m", base_url=url, api_key="none", model_info=MODEL_INFO, max_retries=0)
    try:
        await use(client)
    finally:
        await client.close()


WAYS: dict[str, Way] = {
    "create, sync": lambda url: _sync(url, False),
    "create(stream=True), sync": lambda url: _sync(url, True),
    "create, async": lambda url: _async(url, False),
    "create(stream=True), async": lambda url: _async(url, True),
    "AutoGen's create": lambda url: _autogen(url, lambda client: client.create(HELLO)),
}


def _formatted(error: BaseException) -> str:
    """As an application logs it, without what differs from one call to the next."""
    text = "".join(traceback.format_exception(error))
    return re.sub(r"0x[0-9a-f]+|127\.0\.0\.1:\d+|chatcmpl-\d+|[0-9a-f-]{36}", "…", text)


async def _raised(way: Way, url: str) -> str:
    try:
        async with asyncio.timeout(20):
            await way(url)
    except Exception as error:
        return _formatted(error)
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("way", WAYS)
async def test_calls(instrument: Instrument, server: ModelServer, way: str) -> None:
    """Line by line, with all that it came from."""
    url = server.url("http_429")
    bare = await _raised(WAYS[way], url)
    instrument()
    assert await _raised(WAYS[way], url) == bare


def test_a_chain_in_a_circle() -> None:
    """It is looked at once."""
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    passed_on(one)
    assert (one.__traceback__, two.__traceback__) == (None, None)
