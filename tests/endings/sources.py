# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where streams come from: each source opens one stream on a stage, and gives what the application would iterate."""

from __future__ import annotations

import asyncio
import importlib
import ssl
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import autogen_ext
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    LLMMessage,
    ModelFamily,
    ModelInfo,
    RequestUsage,
    UserMessage,
)
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI
from pydantic import BaseModel

from tests.endings.stage import SECRET, Stage

MODEL = "gpt-4o-mini"
QUESTION = f"what-is-{SECRET}?"
MODEL_INFO = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=True,
    family=ModelFamily.UNKNOWN,
    structured_output=True,
    multiple_system_messages=True,
)
MESSAGES = [{"role": "user", "content": QUESTION}]

Open = Callable[[Stage], Awaitable[Any]]
"""Opens a stream on a stage; what it gives is iterated by the way's consumer."""

SOURCES: dict[str, Open] = {}
"""By name; a module of rows for another library adds its own with `source`."""


def source(function: Open) -> Open:
    """Register a source under its function's name."""
    SOURCES[function.__name__] = function
    return function


@cache
def tls() -> ssl.SSLContext:
    """Never used, and the most expensive part of a client: one for all."""
    return ssl.create_default_context()


def _http(stage: Stage) -> DefaultAsyncHttpxClient:
    client = DefaultAsyncHttpxClient(verify=tls(), timeout=stage.timeout)
    stage.closing.append(client.aclose)
    return client


class Answer(BaseModel):
    """The type of the structured output."""

    city: str
    days: int


def sdk(stage: Stage) -> AsyncOpenAI:
    """A client of the openai SDK."""
    return AsyncOpenAI(
        base_url=stage.url, api_key="none", max_retries=0, timeout=stage.timeout, http_client=_http(stage)
    )


def model_client(stage: Stage, url: str = "") -> OpenAIChatCompletionClient:
    """AutoGen's client for it."""
    return OpenAIChatCompletionClient(
        model=MODEL,
        base_url=url or stage.url,
        api_key="none",
        model_info=MODEL_INFO,
        max_retries=0,
        timeout=stage.timeout,
        http_client=_http(stage),
    )


def user(text: str = QUESTION) -> list[LLMMessage]:
    """A history of one message."""
    return [UserMessage(content=text, source="user")]


def agent(stage: Stage, name: str = "guide", client: ChatCompletionClient | None = None, **options: Any) -> Any:
    """An agent that streams, unless the options say otherwise."""
    given: dict[str, Any] = {"model_client_stream": True, "tools": stage.tools or None, **stage.options, **options}
    return AssistantAgent(name, client or model_client(stage), **given)


# -- the openai SDK -------------------------------------------------------------------------------------------------


@source
async def sdk_async(stage: Stage) -> Any:
    """`AsyncOpenAI().chat.completions.create(stream=True)`"""
    return await sdk(stage).chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)


@source
async def sdk_sync(stage: Stage) -> Any:
    """`OpenAI().chat.completions.create(stream=True)`, in a thread"""
    http = DefaultHttpxClient(verify=tls(), timeout=stage.timeout)
    stage.closing.append(partial(asyncio.to_thread, http.close))
    client = OpenAI(base_url=stage.url, api_key="none", max_retries=0, timeout=stage.timeout, http_client=http)
    return lambda: client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)


@source
async def sdk_stream_helper(stage: Stage) -> AsyncGenerator[Any, None]:
    """`AsyncOpenAI().chat.completions.stream(…)`"""
    return events(sdk(stage).chat.completions.stream(model=MODEL, messages=MESSAGES))


@source
async def sdk_stream_helper_beta(stage: Stage) -> AsyncGenerator[Any, None]:
    """`AsyncOpenAI().beta.chat.completions.stream(…)`"""
    return events(sdk(stage).beta.chat.completions.stream(model=MODEL, messages=MESSAGES))


async def events(manager: Any) -> AsyncGenerator[Any, None]:
    """What an SDK's stream helper gives, iterated in its context manager."""
    async with manager as stream:
        async for event in stream:
            yield event


# -- model clients --------------------------------------------------------------------------------------------------


@source
async def create_stream(stage: Stage) -> Any:
    """`OpenAIChatCompletionClient.create_stream`"""
    return model_client(stage).create_stream(user(), cancellation_token=stage.token)


@source
async def create_stream_structured(stage: Stage) -> Any:
    """`OpenAIChatCompletionClient.create_stream(json_output=…)`, structured output"""
    return model_client(stage).create_stream(user(), json_output=Answer)


@source
async def cache_miss(stage: Stage) -> Any:
    """`ChatCompletionCache.create_stream` that asks the client below"""
    return ChatCompletionCache(model_client(stage)).create_stream(user())


@source
async def cache_hit(stage: Stage) -> Any:
    """`ChatCompletionCache.create_stream` that has the answer"""
    client = ChatCompletionCache(model_client(stage))
    with stage.unobserved():
        async for _ in client.create_stream(user()):
            pass
    return client.create_stream(user())


@source
async def recorder(stage: Stage) -> Any:
    """`ChatCompletionClientRecorder.create_stream`"""
    return _recorder()(model_client(stage), "record", "/nowhere").create_stream(user())


@cache
def _recorder() -> Any:
    """The recorder's package imports a vector database that the recorder does not need."""
    name = "autogen_ext.experimental.task_centric_memory"
    for part in (name, f"{name}.utils"):
        package = ModuleType(part)
        package.__path__ = [str(Path(next(iter(autogen_ext.__path__))).joinpath(*part.split(".")[1:]))]
        sys.modules.setdefault(part, package)
    return importlib.import_module(f"{name}.utils.chat_completion_client_recorder").ChatCompletionClientRecorder


@source
async def replay(stage: Stage) -> Any:
    """`ReplayChatCompletionClient.create_stream`"""
    given = stage.script
    return ReplayChatCompletionClient([] if given is None else given, model_info=MODEL_INFO).create_stream(user())


USAGE = RequestUsage(prompt_tokens=1, completion_tokens=1)


def result(finish: str = "stop", content: str = SECRET) -> CreateResult:
    """What a client of the application's own ends with."""
    return CreateResult(finish_reason=finish, content=content, usage=USAGE, cached=False)  # pyright: ignore


class OwnClient(ChatCompletionClient):
    """A model client that an application wrote itself: it says what it is told to say."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items

    async def create_stream(self, messages: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:  # pyright: ignore
        for item in self._items:
            if isinstance(item, BaseException):
                raise item
            yield item

    async def create(self, messages: Any, **kwargs: Any) -> CreateResult:  # pyright: ignore
        for item in self._items:
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, CreateResult):
                return item
        return result()

    async def close(self) -> None: ...
    def actual_usage(self) -> RequestUsage:
        return USAGE

    def total_usage(self) -> RequestUsage:
        return USAGE

    def count_tokens(self, messages: Any, **kwargs: Any) -> int:
        return 0

    def remaining_tokens(self, messages: Any, **kwargs: Any) -> int:
        return 1000

    @property
    def capabilities(self) -> Any:
        return MODEL_INFO

    @property
    def model_info(self) -> ModelInfo:
        return MODEL_INFO


@source
async def own_client(stage: Stage) -> Any:
    """`create_stream` of an application's own `ChatCompletionClient`"""
    return OwnClient(stage.script).create_stream(user())


# -- runs -----------------------------------------------------------------------------------------------------------


@source
async def agent_run(stage: Stage) -> Any:
    """`AssistantAgent.run_stream`"""
    return agent(stage).run_stream(task=QUESTION, cancellation_token=stage.token)


@source
async def agent_run_structured(stage: Stage) -> Any:
    """`AssistantAgent(output_content_type=…).run_stream`"""
    return agent(stage, output_content_type=Answer).run_stream(task=QUESTION)


@source
async def agent_run_without_streaming(stage: Stage) -> Any:
    """`AssistantAgent(model_client_stream=False).run_stream`, AutoGen's default"""
    return agent(stage, model_client_stream=False).run_stream(task=QUESTION)


@source
async def agent_run_own_client(stage: Stage) -> Any:
    """`AssistantAgent.run_stream` on an application's own client"""
    return agent(stage, client=OwnClient(stage.script)).run_stream(task=QUESTION)


@source
async def team_run(stage: Stage) -> Any:
    """`RoundRobinGroupChat.run_stream`, a team of one"""
    team = RoundRobinGroupChat([agent(stage)], max_turns=1)
    return team.run_stream(task=QUESTION, cancellation_token=stage.token)
