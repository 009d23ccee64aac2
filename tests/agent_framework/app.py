# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An ordinary application of Agent Framework, which has never heard of telemetry: an agent, and a workflow of one agent.

It prints what each of them answers.
"""

from __future__ import annotations

import asyncio

from agent_framework import Agent, WorkflowBuilder
from agent_framework.openai import OpenAIChatClient


async def main() -> None:
    """Ask the agent, and then the workflow."""
    client = OpenAIChatClient(model="gpt-4o-mini")
    guide = Agent(client=client, name="guide")
    async for update in guide.run("What should I see in Lisbon today?", stream=True):
        print(update.text, end="", flush=True)
    print()
    workflow = WorkflowBuilder(start_executor=Agent(client=client, name="writer"), name="newsroom").build()
    async for event in workflow.run("Write about Lisbon.", stream=True):
        if event.type == "output":
            print(event.data.text, end="", flush=True)
    print()


if __name__ == "__main__":
    asyncio.run(main())
