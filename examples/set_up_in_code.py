# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Set-up in code, for an application that is not started by `opentelemetry-instrument`.

    lastchunk demo run python examples/set_up_in_code.py

One sees the same lines as with `opentelemetry-instrument`. `instrument()` may come before or after the imports of AutoGen;
each setting is an argument of it. At the end the provider is shut down, which sends what still waits.
"""

from __future__ import annotations

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.exporters.console import ConsoleStreamExporter


def set_up() -> TracerProvider:
    """Where spans go: here to the terminal, in production to an `OTLPSpanExporter`."""
    provider = TracerProvider(resource=Resource.create({"service.name": "travel-guide"}))
    provider.add_span_processor(BatchSpanProcessor(ConsoleStreamExporter()))
    AutoGenStreamsInstrumentor().instrument(tracer_provider=provider, stall_after=10)
    return provider


async def main() -> None:
    """Ask once, and read to the end."""
    client = OpenAIChatCompletionClient(model="gpt-4o-mini")
    agent = AssistantAgent("travel_guide", client, model_client_stream=True)
    async for _ in agent.run_stream(task="What should I see in Lisbon today?"):
        pass
    await client.close()


if __name__ == "__main__":
    provider = set_up()
    try:
        asyncio.run(main())
    finally:
        provider.shutdown()
