# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The same question to three providers, each through AutoGen's client for it.

    lastchunk demo run opentelemetry-instrument python examples/several_clients.py

One sees three `chat` streams, with their providers and models. For all three the reason comes from what the provider's
SDK read from the network, not from AutoGen's result.
"""

from __future__ import annotations

import asyncio

from autogen_core.models import ChatCompletionClient, UserMessage
from autogen_ext.models.anthropic import AnthropicChatCompletionClient
from autogen_ext.models.ollama import OllamaChatCompletionClient
from autogen_ext.models.openai import OpenAIChatCompletionClient


async def ask(client: ChatCompletionClient, question: str) -> None:
    """Print the answer as it comes."""
    async for item in client.create_stream([UserMessage(content=question, source="user")]):
        print(item if isinstance(item, str) else "\n", end="", flush=True)
    await client.close()


async def main() -> None:
    """One after the other."""
    for client in (
        OpenAIChatCompletionClient(model="gpt-4o-mini"),
        AnthropicChatCompletionClient(model="claude-3-5-haiku-20241022"),
        OllamaChatCompletionClient(model="llama3.2"),
    ):
        await ask(client, "What should I see in Lisbon today?")


if __name__ == "__main__":
    asyncio.run(main())
