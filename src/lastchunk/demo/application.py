# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An ordinary AutoGen application: it streams, prints nothing, and has never heard of telemetry. One agent has moved on.

    python application.py endpoints.json told.jsonl application.log

`endpoints.json` gives each stream its model and base URL. What AutoGen (or the SDK) told the application about each
is appended to `told.jsonl`; what the libraries log goes to `application.log`.
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
Read = Callable[[AsyncIterator[object]], AsyncIterator[object]]


async def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


async def broken_weather(city: str) -> str:
    """The weather in a city."""
    raise ConnectionRefusedError(f"no weather service for {city}")


class Application:
    """Agents, teams and a bare SDK client, each with its own endpoint."""

    def __init__(
        self, endpoints: dict[str, dict[str, str]], told: Path, read: Read | None = None, scene: str = "stop"
    ) -> None:
        """`read` is what each stream is read through; `scene` is what it is called in `told`."""
        self._endpoints = endpoints
        self._told = told
        self._read = read or as_it_is
        self._scene = scene

    async def run(self) -> None:
        """Every stream of the tour: the slow ones beside the others."""
        slow = (self.ask("all_at_once"), self.ask("idle_proxy"), self.ask("short_patience", patience=2.5))
        await asyncio.gather(self._one_after_another(), *slow)

    async def _one_after_another(self) -> None:
        await self.ask("travel_guide", tool=weather, reflect=True)
        await self.ask_team("newsroom")
        await self.call_sdk("sdk_call")
        await self.ask("slow_thinker")
        await self.ask("silent_gateway")
        await self.ask_team("review_board")
        await self.call_sdk("sdk_cut")
        await self.ask_successor("successor")
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

    def agent(
        self,
        name: str,
        endpoint: str,
        tool: Tool | None = None,
        *,
        reflect: bool = False,
        patience: float = 30.0,
    ) -> AssistantAgent:
        """An agent that streams the tokens of its model."""
        model = self._endpoints[endpoint]
        client = OpenAIChatCompletionClient(
            model=model["model"],
            base_url=model["base_url"],
            api_key="none",
            model_info=_MODEL,
            max_retries=0,
            timeout=patience,
        )
        return AssistantAgent(
            name,
            client,
            tools=[tool] if tool else None,
            model_client_stream=True,
            reflect_on_tool_use=reflect,
        )

    async def ask(
        self,
        name: str,
        *,
        question: str = QUESTION,
        tool: Tool | None = None,
        reflect: bool = False,
        patience: float = 30.0,
    ) -> None:
        """Ask one agent, and read its stream to the end."""
        agent = self.agent(name, name, tool, reflect=reflect, patience=patience)
        self.note(name, await outcome(self._read(agent.run_stream(task=question))))

    async def ask_team(self, name: str) -> None:
        """Ask a team of two; what is done to the stream, is done to the second."""
        writer, editor = self.agent("writer", "newsroom"), self.agent("editor", name)
        team = RoundRobinGroupChat([writer, editor], name=name, max_turns=2)
        self.note(name, await outcome(self._read(team.run_stream(task=QUESTION))))

    async def leave_early(self, name: str) -> None:
        """Leave the loop at the fourth item: the question and three words."""
        count = 0
        async for _ in self.agent(name, name).run_stream(task=QUESTION):
            count += 1
            if count == 4:
                break
        self.note(name, "nothing: the application had left")

    async def press_stop(self, name: str) -> None:
        """Cancel the run after a second."""
        token = CancellationToken()
        asyncio.get_running_loop().call_later(1.0, token.cancel)
        self.note(name, await outcome(self.agent(name, name).run_stream(task=QUESTION, cancellation_token=token)))

    async def call_sdk(self, name: str) -> None:
        """Stream from the provider's SDK, without AutoGen."""
        endpoint = self._endpoints[name]
        async with AsyncOpenAI(base_url=endpoint["base_url"], api_key="none") as client:
            stream = await client.chat.completions.create(
                model=endpoint["model"], messages=[{"role": "user", "content": QUESTION}], stream=True
            )
            count = 0
            try:
                async for _ in self._read(stream):
                    count += 1
                self.note(name, f"{count} chunk{'' if count == 1 else 's'}, then its loop ends")
            except Exception as error:
                self.note(name, raised(error))

    async def ask_successor(self, name: str) -> None:
        """Ask an agent of Microsoft Agent Framework, if that is installed."""
        if name not in self._endpoints:
            return
        from agent_framework import Agent
        from agent_framework.openai import OpenAIChatClient

        endpoint = self._endpoints[name]
        async with AsyncOpenAI(base_url=endpoint["base_url"], api_key="none", max_retries=0) as sdk:
            agent = Agent(client=OpenAIChatClient(model=endpoint["model"], async_client=sdk), name=name)
            stream = agent.run(QUESTION, stream=True)
            try:
                async for _ in self._read(stream):
                    pass
                whole = await stream.get_final_response()
                self.note(name, f"AgentResponse of {len(whole.text)} characters, finish_reason {whole.finish_reason}")
            except Exception as error:
                self.note(name, raised(error))

    def note(self, name: str, told: str) -> None:
        """Append what the application was told."""
        with self._told.open("a") as file:
            file.write(json.dumps({self._scene: name, "told": told}) + "\n")


async def as_it_is(items: AsyncIterator[object]) -> AsyncIterator[object]:
    """What a stream gives."""
    async for item in items:
        yield item


def raised(error: Exception) -> str:
    """What an exception tells: its class; what a guard raises says more."""
    ending = getattr(error, "ending", None)
    if ending is not None:
        return f"raises {type(error).__name__}: {ending.reason}"
    return f"raises {type(error).__name__}" + (", its cause only in a text" if "Traceback" in str(error) else "")


async def outcome(items: AsyncIterator[object]) -> str:
    """Read a stream to its end, and say what it told: its result, or the class of the exception."""
    last: object = None
    try:
        async for item in items:
            last = item
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # Ctrl-C: the application itself is to end, not only the run
        return "raises CancelledError"
    except Exception as error:
        return raised(error)
    if not isinstance(last, TaskResult):
        return "no result"
    message = last.messages[-1]
    return f"{type(message).__name__} of {len(message.to_text())} characters, stop_reason {last.stop_reason!r}"


def main() -> None:
    """Run until every stream has ended."""
    endpoints, told, log = sys.argv[1:]
    logging.basicConfig(filename=log, level=logging.WARNING)
    logging.captureWarnings(True)
    try:
        asyncio.run(Application(json.loads(Path(endpoints).read_text()), Path(told)).run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
