# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Traces, metrics and log events to a Collector on this machine. Start one first, with `file` among its exporters (the
contrib distribution has it): `otelcol-contrib --config examples/collector.yaml`. Then

    lastchunk demo run --ending silent_cut opentelemetry-instrument --traces_exporter otlp --metrics_exporter otlp --logs_exporter otlp --service_name travel-guide python examples/otlp_to_collector.py

The answer stops half-way, and nothing raises. The Collector writes what arrives to `streams.jsonl`: the spans of both streams,
`truncated`; the metrics; and one log event `lastchunk.stream.cutoff`, with what to do. All is sent at the latest when the
process ends.
"""  # noqa: E501

from __future__ import annotations

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_ext.models.openai import OpenAIChatCompletionClient


async def main() -> None:
    """Ask once, and print what AutoGen says."""
    client = OpenAIChatCompletionClient(model="gpt-4o-mini")
    agent = AssistantAgent("travel_guide", client, model_client_stream=True)
    async for item in agent.run_stream(task="What should I see in Lisbon today?"):
        if isinstance(item, TaskResult):
            print(f"{item.messages[-1].to_text()!r}, stop_reason={item.stop_reason!r}")
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
