# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One worker of an ordinary AutoGen service, which has never heard of telemetry. Run by the tests beside it:

    opentelemetry-instrument python application.py plan.json report.json

The plan is a list of streams: the model's base URL, what the application does with it (`read`, `leave`, `cancel`), and
whether a team or an agent streams; a `second` URL is that of a colleague who takes the team's next turn. The report says
how long the slowest stream took, and how long ending took is the parent's to measure.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_core.models import ModelFamily, ModelInfo
from autogen_ext.models.openai import OpenAIChatCompletionClient

_MODEL = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=True,
    family=ModelFamily.UNKNOWN,
    structured_output=True,
    multiple_system_messages=True,
)
_AT_ONCE = 8


async def lookup(city: str, days: int) -> str:
    """What a tool of the application says."""
    return f"{TOOL_SAYS} {city} {days}"


TOOL_SAYS = sys.argv[3] if len(sys.argv) > 3 else "nothing about"
QUESTION = sys.argv[4] if len(sys.argv) > 4 else "What should I see in Lisbon today?"


async def broken_lookup(city: str, days: int) -> str:
    """What a tool of the application says, when it cannot."""
    raise ConnectionRefusedError(f"nothing about {city} {days}")


def client(plan: dict[str, Any], url: str) -> OpenAIChatCompletionClient:
    """A client of the model at a URL."""
    return OpenAIChatCompletionClient(
        model=plan.get("model", "test-model"),
        base_url=url,
        api_key="none",
        model_info=_MODEL,
        max_retries=0,
        timeout=plan.get("patience", 30.0),
    )


async def stream(plan: dict[str, Any]) -> None:
    """Run one stream, and treat it as planned."""
    clients = [client(plan, plan[url]) for url in ("url", "second") if url in plan]
    tool = broken_lookup if plan.get("tool") == "broken" else lookup
    agents = [
        AssistantAgent(
            name,
            model,
            tools=[tool] if plan.get("tool") else None,
            model_client_stream=True,
            reflect_on_tool_use=plan.get("tool") is True,
        )
        for name, model in zip(("writer", "editor"), clients, strict=False)
    ]
    token = CancellationToken()
    runs = RoundRobinGroupChat(agents, name="writers", max_turns=len(agents)) if plan.get("team") else agents[0]
    items = runs.run_stream(task=QUESTION, cancellation_token=token)
    count = 0
    try:
        async for _ in items:
            count += 1
            if plan["does"] == "leave" and count == 3:
                break
            if plan["does"] == "cancel" and count == 3:
                token.cancel()
    except (Exception, asyncio.CancelledError):
        pass  # half of the plans are made to fail
    await items.aclose()
    for model in clients:
        await model.close()


async def serve(plans: list[dict[str, Any]]) -> list[float]:
    """Run all streams, some at once; how long each took."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def timed(plan: dict[str, Any]) -> float:
        async with gate:
            begin = time.perf_counter()
            await stream(plan)
            return time.perf_counter() - begin

    return await asyncio.gather(*(timed(plan) for plan in plans))


def main() -> None:
    """Serve the plan."""
    plan, report = (Path(argument) for argument in sys.argv[1:3])
    took = asyncio.run(serve(json.loads(plan.read_text())))
    report.write_text(json.dumps({"took": took, "ended": time.time()}))


if __name__ == "__main__":
    main()
