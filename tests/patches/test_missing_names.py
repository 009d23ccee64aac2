# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Asked for a name that it does not have, what the application holds says so as without Lastchunk: no frame of ours shows."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from ollama import AsyncClient
from openai import AsyncOpenAI

from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def _refusal(thing: Any) -> list[str]:
    """The files of the traceback of an AttributeError."""
    with pytest.raises(AttributeError, match="no attribute 'missing'") as refused:
        _ = thing.missing
    return [frame.filename for frame in traceback.extract_tb(refused.value.__traceback__)]


async def test_no_frame_of_ours(exported: Exported, server: ModelServer) -> None:
    """A stream, a generator, a raw response and the request of a stream's manager. Found by the fuzzer: mistral, seed 720055."""
    async with AsyncOpenAI(base_url=server.url("clean"), api_key="none") as client:
        stream: Any = await client.chat.completions.create(**ASKED, stream=True)
        raw = await client.chat.completions.with_raw_response.create(**ASKED, stream=True)
        refusals = {"stream": _refusal(stream), "raw": _refusal(raw)}
        parsed = raw.parse()
        for opened in (stream, parsed):
            assert [chunk async for chunk in opened]
    async with AsyncAnthropic(base_url=server.url("clean", dialect="anthropic"), api_key="none") as claude:
        manager: Any = claude.messages.stream(**ASKED, max_tokens=9)
        (request,) = [value for name, value in vars(manager).items() if name.endswith("__api_request")]
        refusals["request"] = _refusal(request)
        async with manager as entered:
            assert [event async for event in entered]
    host = AsyncClient(host=server.url("clean", dialect="ollama"))
    generator: Any = await host.chat(**ASKED, stream=True)
    refusals["generator"] = _refusal(generator)
    assert [chunk async for chunk in generator]
    await host._client.aclose()
    assert {*map(tuple, refusals.values())} == {(__file__,)}
    assert len(exported.ours) == 4
