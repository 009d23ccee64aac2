# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The real mistralai SDK: what its spans say beside the ending, and what it swallows."""

from __future__ import annotations

import asyncio
from typing import Any

from mistralai.client import Mistral
from mistralai.client.models import CompletionEvent
from mistralai.client.utils.eventstreaming import EventStreamAsync, httpx

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported

ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "größe"}]}


async def test_what_the_span_says(exported: Exported, server: ModelServer) -> None:
    """Provider, model, server and history; the application has the SDK's own stream, as a context manager, too."""
    async with httpx.AsyncClient() as http:
        mistral = Mistral(api_key="none", server_url=server.url("clean").removesuffix("/v1"), async_client=http)
        stream = await mistral.chat.stream_async(**ASK)
        assert isinstance(stream, EventStreamAsync)
        async with stream as entered:
            assert {type(event) async for event in entered} == {CompletionEvent}
    given: dict[str, Any] = dict(exported.one("chat").attributes or {})
    assert given[semconv.PROVIDER_NAME] == "mistral_ai"
    assert given[semconv.REQUEST_MODEL] == given[semconv.RESPONSE_MODEL] == "m"
    assert given[semconv.SERVER_ADDRESS] == "127.0.0.1"
    assert (given[semconv.HISTORY_MESSAGES], given[semconv.HISTORY_SIZE]) == (1, 7)
    assert given[semconv.LAST_EVENT] == "end_marker"


async def test_left_as_a_context_manager(exported: Exported, server: ModelServer) -> None:
    """What is left inside `async with` is abandoned."""
    async with httpx.AsyncClient() as http:
        mistral = Mistral(api_key="none", server_url=server.url("clean").removesuffix("/v1"), async_client=http)
        async with await mistral.chat.stream_async(**ASK) as stream:
            async for _ in stream:
                break
    assert exported.reason("chat") == "abandoned"


async def test_sync(exported: Exported, server: ModelServer) -> None:
    """The sync client, in a thread, with the server of this one call."""

    def read() -> int:
        with httpx.Client() as http:
            mistral = Mistral(api_key="none", client=http)
            with mistral.chat.stream(**ASK, server_url=server.url("length").removesuffix("/v1")) as stream:
                return len(list(stream))

    assert await asyncio.to_thread(read)
    assert exported.reason("chat") == "length"
    assert (exported.one("chat").attributes or {})[semconv.SERVER_ADDRESS] == "127.0.0.1"
