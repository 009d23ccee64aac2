# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An ordinary AutoGen application: it streams, prints nothing, and has never heard of telemetry.

    python application.py urls.json told.jsonl application.log

`urls.json` gives each stream its endpoint. What AutoGen (or the SDK) told the application about each is appended to
`told.jsonl`; what the libraries log goes to `application.log`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_core.models import ModelFamily, ModelInfo
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI

QUESTION = "What should I see in Lisbon today?"
_MODEL = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=True,
    family=ModelFamily.UNKNOWN,
    structured_output=True,
    multiple_system_messages=True,
)
Tool = Callable[[str], Awaitable[str]]


async def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


async def broken_weather(city: str) -> str:
    """The weather in a city."""
    raise ConnectionRefusedError(f"no weather service for {city}")


class Application:
    """Agents, teams and a bare SDK client, each with its own endpoint."""

    def __init__(self, urls: dict[str, str], told: Path) -> None:
        self._urls = urls
        self._told = told

    async def run(self) -> None:
        """Every stream of the tour: the slow ones beside the others."""
        slow = (self.ask("all_at_once"), self.ask("idle_proxy"), self.ask("short_patience", timeout=2.5))
        await asyncio.gather(self._one_after_another(), *slow)

    async def _one_after_another(self) -> None:
        await self.ask("travel_guide", tool=weather, reflect=True)
        await self.ask_team("newsroom")
        await self.call_sdk("bare_sdk")
        await self.ask("silent_gateway")
        await self.ask_team("review_board")
        await self.ask("dropped_line")
        await self.ask("no_stream")
        await self.ask("broken_tool", tool=broken_weather)
        await self.ask("garbled_call", tool=weather)
        await self.ask("long_answer")
        await self.ask("long_history", question=QUESTION * 400)
        await self.ask("filtered")
        await self.ask("rate_limited")
        await self.ask_team("night_shift")
        await self.ask("garbled_stream")
        await self.ask("odd_backend")
        await self.leave_early("early_break")
        await self.press_stop("stop_button")
        await self.call_sdk("bare_sdk_cut")

    def agent(
        self, name: str, model: str, tool: Tool | None = None, *, reflect: bool = False, timeout: float = 30.0
    ) -> AssistantAgent:
        """An agent that streams the tokens of its model."""
        client = OpenAIChatCompletionClient(
            model=model,
            base_url=self._urls[model],
            api_key="none",
            model_info=_MODEL,
            max_retries=0,
            timeout=timeout,
        )
        tools = [tool] if tool else None
        return AssistantAgent(
            name, client, tools=tools, model_client_stream=True, reflect_on_tool_use=reflect
        )

    async def ask(
        self,
        name: str,
        *,
        question: str = QUESTION,
        tool: Tool | None = None,
        reflect: bool = False,
        timeout: float = 30.0,
    ) -> None:
        """Ask one agent, and read its stream to the end."""
        agent = self.agent(name, name, tool, reflect=reflect, timeout=timeout)
        self.note(name, await outcome(agent.run_stream(task=question)))

    async def ask_team(self, name: str) -> None:
        """Ask a team of two; what is done to the stream, is done to the second."""
        writer, editor = self.agent("writer", "newsroom"), self.agent("editor", name)
        team = RoundRobinGroupChat([writer, editor], name=name, max_turns=2)
        self.note(name, await outcome(team.run_stream(task=QUESTION)))

    async def leave_early(self, name: str) -> None:
        """Leave the loop at the fourth item: the question and three words."""
        count = 0
        async for _ in self.agent(name, name).run_stream(task=QUESTION):
            count += 1
            if count == 4:
                break
        self.note(name, "nothing: its loop was left")

    async def press_stop(self, name: str) -> None:
        """Cancel the run after a second."""
        token = CancellationToken()
        asyncio.get_running_loop().call_later(1.0, token.cancel)
        self.note(name, await outcome(self.agent(name, name).run_stream(task=QUESTION, cancellation_token=token)))

    async def call_sdk(self, model: str) -> None:
        """Stream from the provider's SDK, without AutoGen."""
        async with AsyncOpenAI(base_url=self._urls[model], api_key="none") as client:
            stream = await client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": QUESTION}], stream=True
            )
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        self.note(model, f"the SDK's loop ends after {len(text)} characters")

    def note(self, name: str, told: str) -> None:
        """Append what the application was told."""
        with self._told.open("a") as file:
            file.write(json.dumps({"stop": name, "told": told}) + "\n")


async def outcome(items: AsyncIterator[object]) -> str:
    """Read a stream to its end, and say what it told: its result, or the class of the exception."""
    last: object = None
    try:
        async for item in items:
            last = item
    except asyncio.CancelledError:
        return "raises CancelledError"
    except Exception as error:
        text = str(error)
        return f"raises {type(error).__name__}" + (f", a text of {len(text)} characters" if len(text) > 500 else "")
    if not isinstance(last, TaskResult):
        return "no result"
    message = last.messages[-1]
    reason = f'"{last.stop_reason}"' if last.stop_reason else "None"
    return f"{type(message).__name__} of {len(message.to_text())} characters, stop_reason {reason}"


def main() -> None:
    """Run until every stream has ended."""
    urls, told, log = sys.argv[1:]
    logging.basicConfig(filename=log, level=logging.WARNING)
    logging.captureWarnings(True)
    try:
        asyncio.run(Application(json.loads(Path(urls).read_text()), Path(told)).run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
