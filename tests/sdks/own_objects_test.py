# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The SDKs of Google and Mistral: nothing is asked of an application's own client, and no argument is used up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from google.genai import Client
from google.genai.types import HttpOptions
from mistralai.client import Mistral
from mistralai.client.utils.eventstreaming import httpx

from lastchunk.model_server.server import ModelServer
from tests import argument_shapes, spied
from tests.conftest import Instrument
from tests.spied import Spies

Stack = AsyncExitStack


@pytest.fixture(name="stack")
async def _stack() -> AsyncIterator[Stack]:
    async with AsyncExitStack() as stack:
        yield stack


async def _google(server: ModelServer, stack: Stack, kind: Callable[..., Client] = Client) -> Client:
    http = await stack.enter_async_context(httpx2.AsyncClient())
    sync = stack.enter_context(httpx2.Client())
    url = server.url("finish_only", dialect="gemini")
    return kind(api_key="none", http_options=HttpOptions(base_url=url, httpx_async_client=http, httpx_client=sync))


async def _mistral(server: ModelServer, stack: Stack, kind: Callable[..., Mistral] = Mistral) -> Mistral:
    http = await stack.enter_async_context(httpx.AsyncClient())
    url = server.url("finish_only").removesuffix("/v1")
    return kind(api_key="none", server_url=url, async_client=http)


async def _read(stream: Any) -> None:
    async for _ in stream:
        pass


async def test_google_arguments(instrument: Instrument, server: ModelServer, stack: Stack) -> None:
    """A hundred and twenty pairs of shapes of contents and of their parts."""
    client = await _google(server, stack)

    async def ask(model: Any, messages: Any) -> None:
        await _read(await client.aio.models.generate_content_stream(model=model, contents=messages))

    assert await argument_shapes.differs(ask, server, instrument, "parts", [{"text": "a"}, {"text": "größe"}]) == {}


async def test_mistral_arguments(instrument: Instrument, server: ModelServer, stack: Stack) -> None:
    """A hundred and twenty pairs of shapes of messages and of their contents."""
    client = await _mistral(server, stack)

    async def ask(model: Any, messages: Any) -> None:
        await _read(await client.chat.stream_async(model=model, messages=messages))

    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "größe"}]
    assert await argument_shapes.differs(ask, server, instrument, "content", parts) == {}


async def test_google_client(instrument: Instrument, server: ModelServer, stack: Stack) -> None:
    """Every attribute is read as often as without Lastchunk."""

    async def perform(spies: Spies) -> None:
        client = await _google(server, stack, spies.of(Client))
        await _read(await client.aio.models.generate_content_stream(model="m", contents="hi"))

    assert await spied.differs(perform, instrument) == {}


async def test_mistral_client(instrument: Instrument, server: ModelServer, stack: Stack) -> None:
    """Every attribute is read as often as without Lastchunk."""

    async def perform(spies: Spies) -> None:
        client = await _mistral(server, stack, spies.of(Mistral))
        await _read(await client.chat.stream_async(model="m", messages=[{"role": "user", "content": "hi"}]))

    assert await spied.differs(perform, instrument) == {}
