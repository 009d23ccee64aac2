# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A team within a team: a concierge hands over to an agent that searches flights, and an editor has the last word.

    lastchunk demo run opentelemetry-instrument python examples/team_with_handoffs.py

One sees a stream for each team's run (`invoke_workflow`), for each agent's turn in it (`invoke_agent`) and for each call of
the model (`chat`), each one line as it ends. In a trace they hang together: the inner team is a child of the outer one.
"""

from __future__ import annotations

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat, Swarm
from autogen_agentchat.ui import Console
from autogen_ext.models.openai import OpenAIChatCompletionClient


async def search_flights(city: str) -> str:
    """Flights to a city."""
    return f"There is a flight to {city} at 9:40."


async def main() -> None:
    """Ask once."""
    client = OpenAIChatCompletionClient(model="gpt-4o-mini")
    concierge = AssistantAgent("concierge", client, handoffs=["flights"], model_client_stream=True)
    flights = AssistantAgent(
        "flights", client, tools=[search_flights], model_client_stream=True, reflect_on_tool_use=True
    )
    editor = AssistantAgent("editor", client, model_client_stream=True)
    booking = Swarm([concierge, flights], name="booking", termination_condition=TextMessageTermination("flights"))
    travel_desk = RoundRobinGroupChat([booking, editor], name="travel_desk", max_turns=2)
    await Console(travel_desk.run_stream(task="How do I get to Lisbon?"))
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
