# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An application that acts on cutoffs, as type checkers see it: `make types` has mypy and pyright check it strictly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.messages import BaseAgentEvent, BaseChatMessage
from autogen_core import CancellationToken
from autogen_core.models import ChatCompletionClient, CreateResult, UserMessage
from openai import AsyncOpenAI, AsyncStream, OpenAI, Stream
from openai.types.chat import ChatCompletionChunk
from tenacity import retry, stop_after_attempt

from lastchunk import (
    KEEPALIVE,
    About,
    AutoGenStreamsInstrumentor,
    Cause,
    Ending,
    GuardedChatCompletionClient,
    Operation,
    Reason,
    StreamCutOff,
    StreamStalled,
    ending_of,
    guard,
    keepalive,
    retry_if_cutoff,
    wait_retry_after,
)


async def read_a_run(agent: AssistantAgent, token: CancellationToken) -> TaskResult | None:
    """Items keep their types through a guard, and an ending has enumerations."""
    stream = agent.run_stream(task="hello", cancellation_token=token)
    last: TaskResult | None = None
    try:
        async for item in guard(stream, first=120, stall=60, token=token, allow=["length", Reason.CONTENT_FILTER]):
            assert_type(item, BaseAgentEvent | BaseChatMessage | TaskResult)
            last = item if isinstance(item, TaskResult) else last
    except StreamStalled as stalled:
        assert_type(stalled.silence, float)
    except StreamCutOff as cut:
        assert_type(cut.ending, Ending)
        assert_type(cut.ending.reason, Reason)
        assert_type(cut.ending.cause, Cause | None)
        assert_type(cut.ending.cutoff, bool)
        assert_type(cut.ending.remedy, str)
        assert_type((cut.items, cut.answered), tuple[int, bool])
    except ValueError as error:
        assert_type(ending_of(error), Ending | None)
    assert_type(ending_of(stream), Ending | None)
    return last


async def as_events(client: ChatCompletionClient) -> AsyncIterator[str]:
    """A marker is told from an item by its identity."""
    async for item in keepalive(guard(client.create_stream([UserMessage(content="hello", source="user")])), every=5):
        if item is KEEPALIVE:
            yield ": ping\n\n"
        else:
            assert_type(item, str | CreateResult)


async def read_the_sdk(client: AsyncOpenAI, sync: OpenAI) -> None:
    """Streams of an SDK, async and sync."""
    stream: AsyncStream[ChatCompletionChunk] = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hello"}], stream=True
    )
    async with guard(stream, finish="optional") as guarded:
        async for chunk in guarded:
            assert_type(chunk, ChatCompletionChunk)
    plain: Stream[ChatCompletionChunk] = sync.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hello"}], stream=True
    )
    chunks: Iterator[ChatCompletionChunk] = guard(plain, stall=60)
    for chunk in chunks:
        assert_type(chunk, ChatCompletionChunk)


@retry(retry=retry_if_cutoff(["truncated"], after_content=True), wait=wait_retry_after(), stop=stop_after_attempt(3))
async def whole(client: ChatCompletionClient) -> list[str | CreateResult]:
    """A policy of tenacity."""
    return [item async for item in guard(client.create_stream([UserMessage(content="hello", source="user")]))]


def hear(ending: Ending, about: About) -> None:
    """What `on_ending` takes."""
    assert_type(about.operation, Operation)
    assert_type((about.agent, about.outermost, about.trace_id), tuple[str, bool, str])


def set_up(inner: ChatCompletionClient) -> ChatCompletionClient:
    """A client that heals itself is a client."""
    AutoGenStreamsInstrumentor().instrument(on_ending=hear)
    return GuardedChatCompletionClient(inner, stall=60, attempts=3)
