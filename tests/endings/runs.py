# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The rest of AutoGen's agents and teams as sources, and its client for Azure OpenAI."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from autogen_agentchat.agents import AssistantAgent, CodeExecutorAgent, UserProxyAgent
from autogen_agentchat.teams import MagenticOneGroupChat, RoundRobinGroupChat
from autogen_agentchat.tools import TeamTool
from autogen_core import FunctionCall
from autogen_core.models import CreateResult
from autogen_ext.code_executors.local import LocalCommandLineCodeExecutor
from autogen_ext.models.openai import AzureOpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient

from tests.endings.leaving import OwnError
from tests.endings.sources import MODEL, MODEL_INFO, QUESTION, USAGE, agent, model_client, source, user
from tests.endings.stage import SECRET, Stage


@source
async def azure_openai_client(stage: Stage) -> Any:
    """`AzureOpenAIChatCompletionClient.create_stream`"""
    client = AzureOpenAIChatCompletionClient(
        model=MODEL,
        azure_deployment="deployed",
        azure_endpoint=stage.url,
        api_version="2024-10-21",
        api_key="none",
        model_info=MODEL_INFO,
        max_retries=0,
        timeout=stage.timeout,
    )
    stage.closing.append(client.close)
    return client.create_stream(user())


@source
async def code_executor_run(stage: Stage) -> Any:
    """`CodeExecutorAgent.run_stream`, with the server's model, which writes no code"""
    executor = LocalCommandLineCodeExecutor(work_dir=Path(gettempdir()))
    coder = CodeExecutorAgent("coder", executor, model_client=model_client(stage), model_client_stream=True)
    return coder.run_stream(task=QUESTION)


def _with_person(stage: Stage, answer: Any) -> Any:
    person = UserProxyAgent("person", input_func=answer)
    return RoundRobinGroupChat([agent(stage), person], max_turns=2).run_stream(task=QUESTION)


@source
async def user_proxy_run(stage: Stage) -> Any:
    """a team of an agent and a person (`UserProxyAgent`), who answers"""
    return _with_person(stage, lambda prompt: SECRET)


@source
async def user_proxy_run_fails(stage: Stage) -> Any:
    """a team of an agent and a person (`UserProxyAgent`), whose input raises"""

    def fail(prompt: str) -> str:
        raise OwnError(SECRET)

    return _with_person(stage, fail)


@source
async def team_tool_run(stage: Stage) -> Any:
    """an agent whose tool is a team (`TeamTool`) with the server's model"""
    call = CreateResult(
        finish_reason="function_calls",
        content=[FunctionCall(id="1", name="guides", arguments=json.dumps({"task": SECRET}))],
        usage=USAGE,
        cached=False,
    )
    client = ReplayChatCompletionClient([call, f"{SECRET} done"], model_info=MODEL_INFO)
    tool = TeamTool(RoundRobinGroupChat([agent(stage)], max_turns=1), name="guides", description="asks the guides")
    asker = AssistantAgent("asker", client, tools=[tool], model_client_stream=True, reflect_on_tool_use=True)
    return asker.run_stream(task=QUESTION)


@source
async def magentic_run(stage: Stage) -> Any:
    """`MagenticOneGroupChat.run_stream`: the orchestrator's model is well, the agent has the server's"""

    def ledger(done: bool) -> str:
        answers = {
            "is_request_satisfied": done,
            "is_in_loop": False,
            "is_progress_being_made": True,
            "next_speaker": "guide",
            "instruction_or_question": SECRET,
        }
        return json.dumps({key: {"reason": SECRET, "answer": answer} for key, answer in answers.items()})

    orchestrator = ReplayChatCompletionClient(
        [SECRET, SECRET, ledger(False), ledger(True), f"{SECRET} in the end"], model_info=MODEL_INFO
    )
    return MagenticOneGroupChat([agent(stage)], orchestrator).run_stream(task=QUESTION)
