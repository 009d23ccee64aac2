# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A workflow of Microsoft Agent Framework: a writer, then an editor.

    lastchunk demo run opentelemetry-instrument python examples/agent_framework_workflow.py

One sees five streams: a chat and an agent for each of the two, and the workflow around them. Their spans are Agent Framework's
own, and say how each stream ended. It needs OpenTelemetry 1.39.
"""

from __future__ import annotations

import asyncio

from agent_framework import Agent, WorkflowBuilder
from agent_framework.openai import OpenAIChatClient


async def main() -> None:
    """Run it once, and print what the agents say."""
    client = OpenAIChatClient(model="gpt-4o-mini")
    writer = Agent(client=client, name="writer", instructions="Write two sentences.")
    editor = Agent(client=client, name="editor", instructions="Make them shorter.")
    workflow = WorkflowBuilder(start_executor=writer, name="newsroom").add_edge(writer, editor).build()
    async for event in workflow.run("What should I see in Lisbon today?", stream=True):
        if event.type in ("output", "intermediate"):
            print(event.data.text, end="", flush=True)
    print()


if __name__ == "__main__":
    asyncio.run(main())
