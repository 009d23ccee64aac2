# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The real azure-ai-inference client: what it skips and swallows is seen on its way from the network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autogen_core.models import UserMessage
from autogen_ext.models.azure import AzureAIChatCompletionClient
from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.ai.inference.models import (
    AsyncStreamingChatCompletions,
    StreamingChatCompletions,
    StreamingChatCompletionsUpdate,
    SystemMessage,
    ToolMessage,
)
from azure.ai.inference.models import UserMessage as AzureUserMessage
from azure.core.credentials import AzureKeyCredential

from lastchunk.model_server.server import ModelServer
from lastchunk.patches.azure_inference import CHAT, _asks, _describe
from lastchunk.semconv import ChunkKind
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.wire import Wire
from tests.conftest import MODEL_INFO, Exported

KEY = AzureKeyCredential("none")
MESSAGES: Any = [{"role": "user", "content": "hello"}]


def _update(*choices: dict[str, Any], **more: Any) -> StreamingChatCompletionsUpdate:
    whole = [{"index": 0, "finish_reason": None, **choice} for choice in choices]
    return StreamingChatCompletionsUpdate({"id": "1", "model": "m", "choices": whole, **more})


@pytest.mark.parametrize(
    ("delta", "kind", "size"),
    [
        ({"content": "größe"}, ChunkKind.TEXT, 7),
        ({"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a"'}}]}, ChunkKind.TOOL_CALL, 4),
        ({"role": "assistant"}, ChunkKind.MESSAGE, 0),
    ],
)
def test_content(delta: dict[str, Any], kind: ChunkKind, size: int) -> None:
    """The chunks are OpenAI's, in classes of Azure's."""
    wire = Wire()
    assert CHAT.read(wire, _update({"delta": delta}), 1.0) == (kind, size)
    assert (wire.response_id, wire.response_model) == ("1", "m")


def test_finish_and_usage() -> None:
    """The finish reason is an enumeration, and handed on as a plain text."""
    wire = Wire()
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    CHAT.read(wire, _update({"delta": {}, "finish_reason": "length"}, usage=usage), 1.0)
    assert type(wire.finish_raw) is str
    assert (wire.finish_raw, wire.finish) == ("length", {Finish.LENGTH})
    assert (wire.input_tokens, wire.output_tokens) == (7, 5)


def test_what_a_call_says() -> None:
    """By name, or in a body; the model may be the client's."""
    assert _asks((), {"stream": True, "messages": MESSAGES})
    assert _asks(({"stream": True, "messages": MESSAGES},), {})
    assert _asks((), {"body": {"stream": True}})
    assert not _asks((), {"messages": MESSAGES})
    assert not _asks((b'{"stream": true}',), {})
    client = ChatCompletionsClient("https://example.com:8443/models", KEY, model="default")
    messages = [SystemMessage("be brief"), AzureUserMessage("größe")]
    start = _describe(client, (), {"messages": messages, "stream": True})
    assert start.attributes == {
        "gen_ai.provider.name": "azure.ai.inference",
        "gen_ai.request.model": "default",
        "server.address": "example.com",
        "server.port": 8443,
    }
    assert start.history is not None
    assert (start.history.messages, start.history.size) == (2, 15)
    assert not start.may_be_silent
    assert _describe(client, ({"messages": [ToolMessage("done", tool_call_id="1")], "model": "m"},), {}).may_be_silent
    client.close()


class _Asked(str):
    """A model's name that may not be asked whether it is empty."""

    def __len__(self) -> int:
        raise AssertionError("the call itself does not ask")


def test_the_models_name_is_not_asked_anything() -> None:
    start = _describe(None, (), {"model": _Asked("m"), "messages": MESSAGES})
    assert start.attributes["gen_ai.request.model"] == "m"


async def test_a_stream_stays_one(exported: Exported, server: ModelServer) -> None:
    """For `isinstance`, for its attributes, for `async with`."""
    async with AsyncChatCompletionsClient(server.url("clean"), KEY, model="m") as client:
        stream: Any = await client.complete(messages=MESSAGES, stream=True)
        assert isinstance(stream, AsyncStreamingChatCompletions)
        async with stream as entered:
            assert entered is stream
            updates = [update async for update in stream]
        assert (await client.complete(messages=MESSAGES)).choices[0].finish_reason == "stop"
    assert all(type(update) is StreamingChatCompletionsUpdate for update in updates)
    given = exported.one().attributes
    assert given is not None
    assert exported.names == ["chat m"]
    assert given["lastchunk.stream.last_event"] == "end_marker"
    assert exported.reason() == "completed"


def test_a_sync_stream_stays_one(exported: Exported, server: ModelServer) -> None:
    """A sync stream stays one, too."""
    with ChatCompletionsClient(server.url("clean"), KEY) as client:
        stream: Any = client.complete({"messages": MESSAGES, "model": "m", "stream": True})
        assert isinstance(stream, StreamingChatCompletions)
        assert len(list(stream)) > 1
    assert exported.names == ["chat m"]
    assert exported.reason() == "completed"


@pytest.mark.parametrize(
    ("script", "reason", "last_event"),
    [
        ("error_object", "provider_error", "error"),
        ("error_without_error_key", "provider_error", "error"),
        ("done_without_finish", "completed", "end_marker"),
        ("done_only", "empty", "end_marker"),
        ("silent_cut", "truncated", "text"),
    ],
)
async def test_what_the_sdk_swallows(
    exported: Exported, server: ModelServer, script: str, reason: str, last_event: str
) -> None:
    """It hands on neither errors nor `[DONE]`: nothing is raised, and the span says it."""
    async with AsyncChatCompletionsClient(server.url(script), KEY) as client:
        async for _ in await client.complete(messages=MESSAGES, model="m", stream=True):
            pass
    assert exported.reason() == reason
    assert (exported.one().attributes or {})["lastchunk.stream.last_event"] == last_event


async def test_an_answer_that_quotes_an_error(exported: Exported, server: ModelServer) -> None:
    """Quotes inside a chunk's text are escaped, so this is no error."""
    url = server.url("silent_cut", text='data: {"error": 1}\ndata: [DONE]\n\n' * 3)
    async with AsyncChatCompletionsClient(url, KEY) as client:
        async for _ in await client.complete(messages=MESSAGES, model="m", stream=True):
            pass
    assert exported.reason() == "truncated"


@pytest.mark.parametrize(
    ("script", "reason"), [("silent_cut", "truncated"), ("json_body", "empty"), ("rst", "connection_lost")]
)
async def test_autogen_complains_itself(exported: Exported, server: ModelServer, script: str, reason: str) -> None:
    """`ValueError: No stop reason found` after a body that ended too soon is that, and no error of a protocol."""
    client = AzureAIChatCompletionClient(model="m", endpoint=server.url(script), credential=KEY, model_info=MODEL_INFO)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        async for _ in client.create_stream([UserMessage(content="hello", source="user")]):
            pass
    await client.close()
    await asyncio.sleep(0)
    given = exported.one().attributes
    assert given is not None
    assert exported.reason() == reason
    assert given["error.type"].endswith(type(caught.value).__name__)  # type: ignore[union-attr]
