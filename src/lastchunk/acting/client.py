# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`GuardedChatCompletionClient`: a model client that retries cut answers, for agents and teams whose code stays unchanged."""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Self, TypeVar

from autogen_core import CancellationToken, Component, ComponentModel
from autogen_core.models import ChatCompletionClient, CreateResult, LLMMessage, ModelInfo, RequestUsage
from autogen_core.tools import Tool, ToolSchema
from pydantic import BaseModel

from lastchunk.acting.errors import StreamCutOff
from lastchunk.acting.guard import Finish, guard
from lastchunk.acting.guarded import GuardedAsyncStream
from lastchunk.acting.reasons import CUT_BY_THE_SERVICE, reasons, seconds
from lastchunk.semconv import Reason
from lastchunk.streams import raised
from lastchunk.streams.gathering import ending_of_answer

ToolChoice = Tool | Literal["auto", "required", "none"]
Got = TypeVar("Got")


class GuardedChatCompletionClientConfig(BaseModel):
    """The configuration for `dump_component` and `load_component`. Each field is the client's argument of that name."""

    client: ComponentModel
    on: list[str] | None = None
    allow: list[str] = []
    first: float | None = None
    stall: float | None = None
    finish: Finish = "required"
    attempts: int = 1


class GuardedChatCompletionClient(ChatCompletionClient, Component[GuardedChatCompletionClientConfig]):
    """A model client that puts `guard` around the answers of another one, and can retry.

    When an answer was cut, an agent would take its `CreateResult` for a whole answer and remember it. This client raises
    `StreamCutOff` or `StreamStalled` instead. With `attempts` above 1 it asks again, but only while no part of the answer was
    handed out, because text cannot be taken back. `create` is guarded, too, by the finish reason of its result.

    - `client`: the client that asks the model. Put a cache inside this client, not around it, or it would keep cut answers.
    - `on`, `allow`, `first`, `stall`, `finish`: as for `guard`.
    - `attempts`: the most requests for one answer. Above 1 this needs tenacity (the extra `retry`). A retry waits as long as
      the provider asks. Set `max_retries=0` on the inner client, or the attempts multiply.

    Raises ValueError for an unknown reason or time, ImportError without tenacity.
    """

    component_type = "model"
    component_config_schema = GuardedChatCompletionClientConfig
    component_provider_override = "lastchunk.GuardedChatCompletionClient"

    lastchunk_delegates = True
    """The inner client makes the streams, so a stream of this client is not counted as another one."""

    def __init__(
        self,
        client: ChatCompletionClient,
        *,
        on: Iterable[Reason | str] | None = None,
        allow: Iterable[Reason | str] = (),
        first: float | None = None,
        stall: float | None = None,
        finish: Finish = "required",
        attempts: int = 1,
    ) -> None:
        if attempts < 1:
            raise ValueError(f"attempts={attempts}: how often the model is asked at most, from 1.")
        self.client = client
        self._on = None if on is None else reasons(on, "on", CUT_BY_THE_SERVICE)
        self._allow = reasons(allow, "allow", CUT_BY_THE_SERVICE)
        self._first = seconds(first, "first")
        self._stall = seconds(stall, "stall")
        self._finish: Finish = finish
        self._attempts = attempts
        if attempts > 1:
            from lastchunk.acting import retry as retry  # complains now, not at the first answer that is cut

    async def create(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = (),
        tool_choice: ToolChoice = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
    ) -> CreateResult:
        """Return the inner client's answer. Raise `StreamCutOff` if its finish reason says that it was cut."""
        given = _given(tools, tool_choice, json_output, extra_create_args, cancellation_token)

        async def ask() -> CreateResult:
            try:
                result = await self.client.create(messages, **given)
            except Exception as error:
                raised.keep(error, raised.Ended(ending_of_answer("", error), answered=False))
                raise
            finish = result.finish_reason
            ending = ending_of_answer("" if finish == "unknown" else finish, None)
            if ending.reason in (CUT_BY_THE_SERVICE if self._on is None else self._on) - self._allow:
                raise StreamCutOff(ending, 0, answered=False)
            return result

        return await self._attempt(ask)

    async def create_stream(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = (),
        tool_choice: ToolChoice = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
    ) -> AsyncGenerator[str | CreateResult, None]:
        """Yield the inner client's items. The result comes only if the answer was not cut, else `StreamCutOff` is raised."""
        given = _given(tools, tool_choice, json_output, extra_create_args, cancellation_token)

        async def ask() -> tuple[GuardedAsyncStream[str | CreateResult], str | CreateResult | None]:
            stream = self._guard(self.client.create_stream(messages, **given))
            try:
                item = await anext(stream, None)
                # Without text nothing is handed out before the end: a cut call of a tool can be asked for again.
                return stream, await _last(stream, item) if isinstance(item, CreateResult) else item
            except BaseException:
                await stream.aclose()
                raise

        stream, item = await self._attempt(ask)
        async with stream:
            while item is not None:
                if isinstance(item, CreateResult):
                    item = await _last(stream, item)
                yield item
                item = await anext(stream, None)

    def _guard(self, stream: AsyncGenerator[str | CreateResult, None]) -> GuardedAsyncStream[str | CreateResult]:
        on = CUT_BY_THE_SERVICE if self._on is None else self._on
        return guard(stream, on=on, allow=self._allow, first=self._first, stall=self._stall, finish=self._finish)

    async def _attempt(self, ask: Callable[[], Awaitable[Got]]) -> Got:
        """Return what `ask` returns. Ask again if a retry can help, and no part of an answer was passed on."""
        if self._attempts == 1:
            return await ask()
        from tenacity import AsyncRetrying, stop_after_attempt

        from lastchunk.acting.retry import retry_if_cutoff, wait_retry_after

        policy = AsyncRetrying(
            retry=retry_if_cutoff(after_content=True),  # `ask` hands out nothing of what was cut
            wait=wait_retry_after(),
            stop=stop_after_attempt(self._attempts),
            reraise=True,
        )
        return await policy(ask)

    async def close(self) -> None:
        """Close the inner client."""
        await self.client.close()

    def actual_usage(self) -> RequestUsage:
        """Return the inner client's usage."""
        return self.client.actual_usage()

    def total_usage(self) -> RequestUsage:
        """Return the inner client's total usage."""
        return self.client.total_usage()

    def count_tokens(self, messages: Sequence[LLMMessage], *, tools: Sequence[Tool | ToolSchema] = ()) -> int:
        """Count tokens as the inner client does."""
        return self.client.count_tokens(messages, tools=tools)

    def remaining_tokens(self, messages: Sequence[LLMMessage], *, tools: Sequence[Tool | ToolSchema] = ()) -> int:
        """Return what the inner client returns."""
        return self.client.remaining_tokens(messages, tools=tools)

    @property
    def capabilities(self) -> Any:
        """The inner client's capabilities. AutoGen has deprecated this property."""
        warnings.warn("capabilities is deprecated, use model_info instead", DeprecationWarning, stacklevel=2)
        return self.client.capabilities

    @property
    def model_info(self) -> ModelInfo:
        """The inner client's model info."""
        return self.client.model_info

    def _to_config(self) -> GuardedChatCompletionClientConfig:
        return GuardedChatCompletionClientConfig(
            client=self.client.dump_component(),
            on=None if self._on is None else sorted(self._on),
            allow=sorted(self._allow),
            first=self._first,
            stall=self._stall,
            finish=self._finish,
            attempts=self._attempts,
        )

    @classmethod
    def _from_config(cls, config: GuardedChatCompletionClientConfig) -> Self:
        return cls(
            ChatCompletionClient.load_component(config.client),
            on=config.on,
            allow=config.allow,
            first=config.first,
            stall=config.stall,
            finish=config.finish,
            attempts=config.attempts,
        )


async def _last(stream: GuardedAsyncStream[str | CreateResult], result: CreateResult) -> CreateResult:
    """Yield `result` when the stream is over. The guard raises if the answer was cut."""
    async for _ in stream:
        pass
    return result


def _given(
    tools: Sequence[Tool | ToolSchema],
    tool_choice: ToolChoice,
    json_output: bool | type[BaseModel] | None,
    extra_create_args: Mapping[str, Any] | None,
    cancellation_token: CancellationToken | None,
) -> dict[str, Any]:
    """Return the arguments of a call for the inner client. AutoGen before 0.7 has no `tool_choice`."""
    given: dict[str, Any] = {
        "tools": tools or [],
        "json_output": json_output,
        "extra_create_args": extra_create_args or {},
        "cancellation_token": cancellation_token,
    }
    return given if tool_choice == "auto" else {**given, "tool_choice": tool_choice}
