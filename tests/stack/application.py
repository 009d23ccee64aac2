# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One worker of an ordinary AutoGen service, which has never heard of telemetry. Run by the tests beside it:

    opentelemetry-instrument python application.py plan.json report.json

The plan is a list of streams: the model's base URL, what the application does with it (`read`, `leave`, `cancel`, or
`keep`: neither read on nor let go), after how many seconds it begins (`after`) and cancels at the latest (`leaves_after`),
and whether a team or an agent streams; a `second` URL is that of a colleague who takes the team's next turn, and `sdk` is
`openai` or `azure`, that of azure-ai-inference. The report says how long the slowest stream took, and how long ending took
is the parent's to measure.

A plan that is `{"every": seconds, "streams": [...]}` is served on and on, one stream after the other at that rate, as it
says at that time: it may be replaced meanwhile. Only a signal ends that, or the parent's end.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_core.models import ChatCompletionClient, ModelFamily, ModelInfo
from autogen_core.tools import FunctionTool
from autogen_ext.models.openai import OpenAIChatCompletionClient

_MODEL = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=True,
    family=ModelFamily.UNKNOWN,
    structured_output=True,
    multiple_system_messages=True,
)
_AT_ONCE, _OPEN = 8, 64


async def lookup(city: str, days: int) -> str:
    """What a tool of the application says."""
    return f"{TOOL_SAYS} {city} {days}"


TOOL_SAYS = sys.argv[3] if len(sys.argv) > 3 else "nothing about"
QUESTION = sys.argv[4] if len(sys.argv) > 4 else "What should I see in Lisbon today?"


async def broken_lookup(city: str, days: int) -> str:
    """What a tool of the application says, when it cannot."""
    raise ConnectionRefusedError(f"nothing about {city} {days}")


def client(sdk: str, url: str, model: str, patience: float) -> ChatCompletionClient:
    """A client of the model at a URL."""
    if sdk == "azure":
        from autogen_ext.models.azure import AzureAIChatCompletionClient
        from azure.core.credentials import AzureKeyCredential

        key = AzureKeyCredential("none")
        return AzureAIChatCompletionClient(model=model, endpoint=url, credential=key, model_info=_MODEL, retry_total=0)
    return OpenAIChatCompletionClient(
        model=model, base_url=url, api_key="none", model_info=_MODEL, max_retries=0, timeout=patience
    )


Make = Callable[[str, str, str, float], ChatCompletionClient]


def clients_of(plan: dict[str, Any], make: Make = client) -> list[ChatCompletionClient]:
    """The client of each agent."""
    sdk, model, patience = plan.get("sdk", "openai"), plan.get("model", "test-model"), plan.get("patience", 30.0)
    return [make(sdk, plan[url], model, patience) for url in ("url", "second") if url in plan]


async def stream(plan: dict[str, Any], clients: list[ChatCompletionClient]) -> None:
    """Run one stream, and treat it as planned."""
    tool = FunctionTool(broken_lookup, "Fails.", name="lookup") if plan.get("tool") == "broken" else lookup
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
    leaves = asyncio.get_running_loop().call_later(plan.get("leaves_after", 3600.0), token.cancel)
    try:
        async for _ in items:
            count += 1
            if plan["does"] == "leave" and count == 3:
                break
            if plan["does"] == "cancel" and count == 3:
                token.cancel()
            if plan["does"] == "keep" and count == 3:
                await asyncio.Event().wait()
    except (Exception, asyncio.CancelledError):
        pass  # half of the plans are made to fail
    leaves.cancel()
    await items.aclose()


async def serve(plans: list[dict[str, Any]]) -> list[float]:
    """Run all streams, some at once; how long each took."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def timed(plan: dict[str, Any]) -> float:
        await asyncio.sleep(plan.get("after", 0.0))
        async with gate:
            begin = time.perf_counter()
            clients = clients_of(plan)
            await stream(plan, clients)
            for each in clients:
                await each.close()
            return time.perf_counter() - begin

    return await asyncio.gather(*(timed(plan) for plan in plans))


def read(file: Path) -> Any:
    """The plan, as it is now."""
    return json.loads(file.read_text())


async def serve_on(file: Path) -> None:
    """Start one stream after the other, as long as the parent lives."""
    make = functools.cache(client)
    running: set[asyncio.Task[None]] = set()
    parent, index = os.getppid(), 0
    while os.getppid() == parent:
        plan = read(file)
        if plan["streams"] and len(running) < _OPEN:
            one = plan["streams"][index % len(plan["streams"])]
            index += 1
            running.add(task := asyncio.create_task(stream(one, clients_of(one, make))))
            task.add_done_callback(running.discard)
        await asyncio.sleep(plan["every"])


def main() -> None:
    """Serve the plan."""
    plan, report = (Path(argument) for argument in sys.argv[1:3])
    streams = read(plan)
    if isinstance(streams, dict):
        asyncio.run(serve_on(plan))
        return
    took = asyncio.run(serve(streams))
    report.write_text(json.dumps({"took": took, "ended": time.time()}))


if __name__ == "__main__":
    main()
