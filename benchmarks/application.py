# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The application that is measured: its own model client, an agent, a team, and a client of a server over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from typing import TYPE_CHECKING, Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import ChatCompletionClient, CreateResult, ModelInfo, RequestUsage, UserMessage
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

if TYPE_CHECKING:
    import httpx

MODEL_INFO = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=True,
    family="unknown",
    structured_output=True,
    multiple_system_messages=True,
)
QUESTION = [UserMessage(content="What is the weather in Lisbon?", source="user")]
CHUNK = "token "


class OwnClient(ChatCompletionClient):
    """An application's own model client: as little work per chunk as there can be."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        self._result = CreateResult(
            finish_reason="stop",
            content="done",
            usage=RequestUsage(prompt_tokens=1, completion_tokens=1),
            cached=False,
        )

    async def create(self, *args: Any, **kwargs: Any) -> CreateResult:
        """Not streamed."""
        return self._result

    async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str | CreateResult, None]:
        """The same chunk again and again, and the result."""
        for _ in range(self.chunks):
            yield CHUNK
        yield self._result

    async def close(self) -> None:
        """Nothing to close."""

    def actual_usage(self) -> RequestUsage:
        """None."""
        return RequestUsage(prompt_tokens=0, completion_tokens=0)

    total_usage = actual_usage

    def count_tokens(self, *args: Any, **kwargs: Any) -> int:
        """None."""
        return 0

    remaining_tokens = count_tokens

    @property
    def capabilities(self) -> Any:
        """As `model_info`."""
        return MODEL_INFO

    @property
    def model_info(self) -> ModelInfo:
        """Of a model that can do everything."""
        return MODEL_INFO


def http_client(url: str, transport: httpx.AsyncClient | None = None) -> ChatCompletionClient:
    """AutoGen's OpenAI client, with the real SDK below it, and its own or the given client of HTTP."""
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    return OpenAIChatCompletionClient(
        model="gpt-4o",
        base_url=url,
        api_key="none",
        model_info=MODEL_INFO,
        max_retries=0,
        timeout=60,
        http_client=transport,
    )


async def consume(stream: AsyncIterable[Any]) -> None:
    """The consumer: it does nothing with what it gets."""
    async for _ in stream:
        pass


def create_stream(client: ChatCompletionClient) -> AsyncGenerator[Any, None]:
    """One `create_stream`."""
    return client.create_stream(QUESTION)


def run_stream(client: ChatCompletionClient) -> AsyncGenerator[Any, None]:
    """One `run_stream` of a new agent."""
    return AssistantAgent("agent", client, model_client_stream=True).run_stream(task="hello")


async def run_client(client: ChatCompletionClient) -> None:
    """Iterate one `create_stream`."""
    await consume(create_stream(client))


async def run_agent(client: ChatCompletionClient) -> None:
    """Iterate one `run_stream` of a new agent."""
    await consume(run_stream(client))


async def run_team(client: ChatCompletionClient) -> None:
    """Iterate one `run_stream` of a new team of one agent."""
    agent = AssistantAgent("agent", client, model_client_stream=True)
    await consume(RoundRobinGroupChat([agent], max_turns=1).run_stream(task="hello"))


class _Nowhere(SpanExporter):
    def export(self, spans: Any) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def provide(reader: InMemoryMetricReader | None = None) -> InMemoryMetricReader:
    """Set the global providers of OpenTelemetry's SDK, as an application does; what is exported goes nowhere."""
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(BatchSpanProcessor(_Nowhere()))
    trace.set_tracer_provider(tracer_provider)
    reader = reader or InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    _set_logger_provider()
    return reader


def _set_logger_provider() -> None:
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.sdk._logs import LoggerProvider

    set_logger_provider(LoggerProvider())
