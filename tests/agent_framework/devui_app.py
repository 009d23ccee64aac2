# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agent Framework's DevUI with an agent and a workflow for each way to end. It knows nothing of telemetry."""

from __future__ import annotations

import json
import os

from agent_framework import Agent, WorkflowBuilder
from agent_framework.openai import OpenAIChatClient
from agent_framework_devui import serve
from openai import AsyncOpenAI

entities = []
for name, url in json.loads(os.environ["MODELS"]).items():
    client = OpenAIChatClient(model="m", async_client=AsyncOpenAI(base_url=url, api_key="none", max_retries=0))
    agent = Agent(client=client, name=name, id=f"agent_{name}")
    workflow = WorkflowBuilder(start_executor=agent, name=f"workflow_{name}", output_from=[agent]).build()
    entities += [agent, workflow]
serve(entities=entities, port=int(os.environ["PORT"]), auto_open=False, ui_enabled=False, auth_enabled=False)
