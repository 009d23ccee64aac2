# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An agent calls a tool, and streams its answer.

    lastchunk demo run opentelemetry-instrument python examples/agent_with_tools.py

One sees three streams end: two of the model (the first asks for the tool, the second answers), and the agent's run around
them. With `--ending tool_arguments_cut` after `lastchunk demo run` the tool's arguments stop half-way; AutoGen hands the
application an ordinary result, and Lastchunk says `truncated`.
"""

from __future__ import annotations

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.ui import Console
from autogen_ext.models.openai import OpenAIChatCompletionClient


async def lookup(city: str, days: int) -> str:
    """The weather in a city, for some days."""
    return f"{days} sunny days in {city}."


async def main() -> None:
    """Ask once."""
    client = OpenAIChatCompletionClient(model="gpt-4o-mini")
    agent = AssistantAgent("travel_guide", client, tools=[lookup], model_client_stream=True, reflect_on_tool_use=True)
    await Console(agent.run_stream(task="What should I see in Lisbon today?"))
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
