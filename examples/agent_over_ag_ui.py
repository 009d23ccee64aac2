# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An agent of Microsoft Agent Framework behind FastAPI, for browsers that speak AG-UI.

    lastchunk demo run opentelemetry-instrument python examples/agent_over_ag_ui.py

It needs an environment of its own with `agent-framework-ag-ui` and `agent-framework-openai`: the first wants FastAPI below 0.142.
POST a run to http://127.0.0.1:8000/agent. A truncated answer is RUN_FINISHED for the browser; the spans say `truncated`. The
span of a browser that leaves says `client_disconnected`. PORT in the environment is another port; Ctrl-C ends the server.
"""

from __future__ import annotations

import os

import uvicorn
from agent_framework import Agent
from agent_framework.ag_ui import add_agent_framework_fastapi_endpoint
from agent_framework.openai import OpenAIChatClient
from fastapi import FastAPI

app = FastAPI()
guide = Agent(client=OpenAIChatClient(model="gpt-4o-mini"), name="travel_guide")
add_agent_framework_fastapi_endpoint(app, guide, "/agent", single_user=True)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), access_log=False)
