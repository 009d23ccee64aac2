# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Raw responses: everything that they have, and every way to read them, compared without Lastchunk and under it."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.conftest import Instrument
from tests.doctor.servers import raw_server

CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
CHOICE = {"index": 0, "delta": {"content": "one\u2028two"}, "finish_reason": None}
OPENAI = [{**CHUNK, "choices": [CHOICE]}, {**CHUNK, "choices": [{**CHOICE, "delta": {}, "finish_reason": "stop"}]}]
MESSAGE = {"id": "1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None}
ANTHROPIC = [
    {"type": "message_start", "message": {**MESSAGE, "usage": {"input_tokens": 1, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "one\u2028two"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
NAMED = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in ANTHROPIC)
PLAIN = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in OPENAI) + "data: [DONE]\n\n"
HEAD = (
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n"
    "x-request-id: req_1\r\nrequest-id: req_1\r\n\r\n"
)
CLIENTS = {"openai": (OpenAI, AsyncOpenAI), "anthropic": (Anthropic, AsyncAnthropic)}
ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True, "max_tokens": 9}

ADDRESS = re.compile(r" at 0x[0-9a-f]+")
READINGS = {
    "with_raw_response": ("parse", "text", "content", "http_response", "parse twice", "not at all"),
    "with_streaming_response": (
        *(
            "parse",
            "text",
            "read",
            "json",
            "iter_lines",
            "iter_bytes",
            "iter_text",
            "http_response",
            "close",
            "not at all",
        ),
    ),
}
"""What an application does with a response of each kind, after it has looked at all that it has."""
UNREAD = {("with_raw_response", "text"), ("with_raw_response", "content"), ("with_streaming_response", "close")}
"""Ways that do not read it: the first two raise."""
CASES = [(kind, reading) for kind, readings in READINGS.items() for reading in readings]


@pytest.fixture(scope="module", name="addresses")
def _addresses() -> Iterator[dict[str, str]]:
    with raw_server((HEAD + PLAIN).encode()) as plain, raw_server((HEAD + NAMED).encode()) as named:
        yield {"openai": f"http://127.0.0.1:{plain.port}/v1", "anthropic": f"http://127.0.0.1:{named.port}"}


def shape(value: Any) -> Any:
    """What can be compared of it."""
    if value is None or isinstance(value, str | int | bytes):
        return value
    if isinstance(value, BaseModel):
        return type(value), value.model_dump_json()
    if isinstance(value, list):
        return [shape(each) for each in value]
    if callable(value):
        return inspect.signature(value), inspect.iscoroutinefunction(value), inspect.ismethod(value), value.__name__
    if isinstance(value, timedelta):
        return type(value)
    return type(value), str(value), [*getattr(value, "headers", ())]


def had(response: Any) -> dict[str, Any]:
    """Everything public that a response has, in the order in which `dir` names it; an exception if it raises one."""
    found: dict[str, Any] = {"class": response.__class__, "repr": ADDRESS.sub("", repr(response)), "dir": dir(response)}
    for name in dir(response):
        if not name.startswith("_"):
            try:
                found[name] = shape(getattr(response, name))
            except Exception as error:
                found[name] = type(error), str(error)
    return found


async def all_of(given: Any) -> Any:
    """What a coroutine, an iterator or a stream gives in the end."""
    if inspect.isawaitable(given):
        given = await given
    if hasattr(given, "__aiter__"):
        return [each async for each in given]
    return [*given] if hasattr(given, "__next__") else given


async def read(response: Any, reading: str, *, sync: bool) -> Any:
    """Read it in one way."""
    try:
        if reading == "not at all":
            return None
        if reading == "http_response":
            http = response.http_response
            return shape(http), await all_of(http.iter_lines() if sync else http.aiter_lines())
        if reading == "parse twice":
            first, second = response.parse(), response.parse()
            return first is second, shape(await all_of(first))
        part = getattr(response, reading)
        return shape(await all_of(part() if callable(part) else part))
    except Exception as error:
        return type(error), str(error)


async def used(sdk: str, address: str, kind: str, reading: str, *, sync: bool) -> Any:
    """What an application sees of one response."""
    client: Any = CLIENTS[sdk][not sync](base_url=address, api_key="none", max_retries=0)
    async with AsyncExitStack() as stack:
        if sync:
            stack.callback(client.close)
        else:
            stack.push_async_callback(client.close)
        resource = client.messages if sdk == "anthropic" else client.chat.completions
        made = getattr(resource, kind).create(**ASK)
        if kind == "with_raw_response":
            response = made if sync else await made
        else:
            response = stack.enter_context(made) if sync else await stack.enter_async_context(made)
        before, given, after = had(response), await read(response, reading, sync=sync), had(response)
        after.pop("elapsed")
        named = response.request_id, response.headers["x-request-id"]
    del response, made
    gc.collect()
    await asyncio.sleep(0)
    return before, given, after, named


@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
@pytest.mark.parametrize("sdk", CLIENTS)
@pytest.mark.parametrize(("kind", "reading"), CASES)
async def test_all_that_it_has(
    addresses: dict[str, str], instrument: Instrument, sdk: str, kind: str, reading: str, sync: bool
) -> None:
    bare = await used(sdk, addresses[sdk], kind, reading, sync=sync)
    exported = instrument()
    observed = await used(sdk, addresses[sdk], kind, reading, sync=sync)
    for one, other in zip(observed, bare, strict=True):
        assert one == other
    assert bare[3] == ("req_1", "req_1")
    unread = reading == "not at all" or (kind, reading) in UNREAD
    assert exported.reason() == ("abandoned" if unread else "completed")
