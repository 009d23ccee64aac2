# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A model client of one's own, for a model that no library of AutoGen's knows.

    lastchunk demo run opentelemetry-instrument python examples/custom_model_client.py

One sees its `create_stream` as a `chat` stream within the agent's run. Nothing is read from a network here, so the reason
comes from `CreateResult.finish_reason`: say `length` when the answer was cut, and Lastchunk says it too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.ui import Console
from autogen_core.models import ChatCompletionClient, CreateResult, LLMMessage, ModelFamily, ModelInfo, RequestUsage


class ParrotClient(ChatCompletionClient):
    """Says what it was told last, word by word."""

    usage = RequestUsage(prompt_tokens=0, completion_tokens=0)

    async def create_stream(self, messages: Sequence[LLMMessage], **_: Any) -> AsyncGenerator[str | CreateResult, None]:
        """Words, then the result."""
        text = str(messages[-1].content)
        for word in text.split():
            await asyncio.sleep(0.05)
            yield f"{word} "
        yield CreateResult(finish_reason="stop", content=text, usage=self.usage, cached=False)

    async def create(self, messages: Sequence[LLMMessage], **_: Any) -> CreateResult:
        """The result alone."""
        return CreateResult(finish_reason="stop", content=str(messages[-1].content), usage=self.usage, cached=False)

    async def close(self) -> None:
        """Nothing to close."""

    def actual_usage(self) -> RequestUsage:
        """None."""
        return self.usage

    total_usage = actual_usage

    def count_tokens(self, messages: Sequence[LLMMessage], **_: Any) -> int:
        """Words, roughly."""
        return sum(len(str(message.content).split()) for message in messages)

    def remaining_tokens(self, messages: Sequence[LLMMessage], **_: Any) -> int:
        """Of a thousand."""
        return 1000 - self.count_tokens(messages)

    @property
    def model_info(self) -> ModelInfo:
        """What it can do: talk."""
        return ModelInfo(
            vision=False, function_calling=False, json_output=False, structured_output=False, family=ModelFamily.UNKNOWN
        )

    capabilities = model_info


async def main() -> None:
    """Ask once."""
    agent = AssistantAgent("parrot", ParrotClient(), model_client_stream=True)
    await Console(agent.run_stream(task="Every stream has a last chunk."))


if __name__ == "__main__":
    asyncio.run(main())
