# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A team's answer in the browser, as server-sent events through FastAPI.

    lastchunk demo run opentelemetry-instrument python examples/chat_over_sse.py

Open http://127.0.0.1:8000, and ask. One sees the streams of the team as they end. Ask again, and close the tab in the middle of
the answer: the team's run is `cancelled`, cause `client_disconnected`. While the model is silent, a comment keeps the browser
connected; an answer that was cut says so in the page, as does a team that stalls. With `opentelemetry-instrumentation-fastapi`
installed its parent is the span of the HTTP request. PORT in the environment is another port; Ctrl-C ends the server.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator

import uvicorn
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ModelClientStreamingChunkEvent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_ext.models.openai import OpenAIChatCompletionClient
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse

from lastchunk import KEEPALIVE, StreamCutOff, guard, keepalive

PAGE = """<!doctype html><title>Chat</title>
<form><input name=q value="What should I see in Lisbon?"> <button>Ask</button></form><p>
<script>
document.forms[0].onsubmit = event => {
  event.preventDefault()
  const answer = document.querySelector('p')
  const source = new EventSource('/chat?question=' + encodeURIComponent(event.target.q.value))
  source.onmessage = message => { answer.append(JSON.parse(message.data).text) }
  source.addEventListener('cut', message => { answer.append(' [' + JSON.parse(message.data).text + ']') })
  source.addEventListener('end', () => source.close())
}
</script>"""
app = FastAPI()
client = OpenAIChatCompletionClient(model="gpt-4o-mini")


async def events(question: str) -> AsyncIterator[str]:
    """Each piece of the team's answer as an event, a comment in each silence, `cut` if it is not complete, then `end`."""
    writer = AssistantAgent("writer", client, model_client_stream=True)
    editor = AssistantAgent("editor", client, model_client_stream=True)
    team = RoundRobinGroupChat([writer, editor], name="newsroom", max_turns=2)
    token = CancellationToken()
    try:
        run = team.run_stream(task=question, cancellation_token=token)
        async for item in keepalive(guard(run, first=120, stall=60, token=token), every=15):
            if item is KEEPALIVE:
                yield ": ping\n\n"
            elif isinstance(item, ModelClientStreamingChunkEvent):
                yield f"data: {json.dumps({'from': item.source, 'text': item.content})}\n\n"
    except StreamCutOff as cut:
        yield f"event: cut\ndata: {json.dumps({'text': cut.ending.remedy})}\n\n"
        yield "event: end\ndata: {}\n\n"
    else:
        yield "event: end\ndata: {}\n\n"
    finally:
        token.cancel()  # else the agents go on when the browser has left


@app.get("/")
async def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(PAGE)


@app.get("/chat")
async def chat(question: str) -> StreamingResponse:
    """The answer, as a stream of events."""
    return StreamingResponse(events(question), media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), access_log=False)
