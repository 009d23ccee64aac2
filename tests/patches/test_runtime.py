# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The spans of AutoGen's runtime: those for each streamed item are gone, and no other contains content."""

from __future__ import annotations

from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import (
    AgentId,
    DefaultTopicId,
    MessageContext,
    RoutedAgent,
    SingleThreadedAgentRuntime,
    default_subscription,
    message_handler,
)
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry.sdk.trace import ReadableSpan
from pydantic import BaseModel

from tests.conftest import Exported, Instrument

RUNTIME = "autogen SingleThreadedAgentRuntime"


def _of_runtime(exported: Exported) -> list[ReadableSpan]:
    return [span for span in exported.all if span.instrumentation_scope and span.instrumentation_scope.name == RUNTIME]


async def _run_team(words: int) -> TaskResult:
    client = ReplayChatCompletionClient([" ".join(["secret"] * words)])
    agent = AssistantAgent("alice", client, model_client_stream=True)
    team = RoundRobinGroupChat([agent], max_turns=1)
    items = [item async for item in team.run_stream(task="secret")]
    assert isinstance(items[-1], TaskResult)
    assert len(items) == words + 3
    return items[-1]


async def test_no_span_per_item(exported: Exported) -> None:
    """A long answer has as many runtime spans as a short one, and none of them goes to the team's output."""
    counts = []
    for words in (1, 20):
        exported.exporter.clear()
        await _run_team(words)
        counts.append(len(_of_runtime(exported)))
        assert not [span.name for span in exported.all if "output_topic" in span.name]
    assert counts[0] == counts[1] > 0


async def test_no_message(exported: Exported) -> None:
    """What remains says who sent what to whom, and not what was in it."""
    await _run_team(5)
    kinds: set[str] = set()
    for span in _of_runtime(exported):
        kinds |= set(span.attributes)
        assert "secret" not in span.to_json()
    assert "message" not in kinds
    assert {"messaging.operation", "messaging.destination"} <= kinds


async def test_spans_can_be_kept(instrument: Instrument) -> None:
    """With `keep`, AutoGen's two spans for each item name the output topic and contain the message."""
    exported = instrument(autogen_spans="keep")
    await _run_team(20)
    spans = _of_runtime(exported)
    assert len([span for span in spans if "output_topic" in span.name]) >= 40
    assert any("secret" in str(span.attributes.get("message")) for span in spans)


class Question(BaseModel):
    """A message."""

    text: str


@default_subscription
class Answerer(RoutedAgent):
    """An agent of the core API, which knows nothing of teams."""

    @message_handler
    async def answer(self, message: Question, ctx: MessageContext) -> Question:
        """Answer, or raise."""
        if message.text == "secret: fail":
            raise ValueError(message.text)
        return Question(text=message.text)


async def test_an_application_of_the_core_api(exported: Exported) -> None:
    """Its messages are handled as ever; a failing one says its class on the span, and not its text."""
    runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=True)
    await Answerer.register(runtime, "answerer", lambda: Answerer("answers"))
    runtime.start()
    recipient = AgentId("answerer", "default")
    assert await runtime.send_message(Question(text="secret: hello"), recipient) == Question(text="secret: hello")
    with pytest.raises(ValueError, match="secret: fail"):
        await runtime.send_message(Question(text="secret: fail"), recipient)
    await runtime.publish_message(Question(text="secret: to all"), DefaultTopicId())
    await runtime.stop_when_idle()
    spans = _of_runtime(exported)
    assert len(spans) >= 6
    assert not [span.to_json() for span in exported.all if "secret" in span.to_json()]
    failed = [span for span in spans if not span.status.is_ok]
    assert failed
    assert {span.attributes["error.type"] for span in failed} == {"ValueError"}


async def test_a_topic_of_another_name(exported: Exported) -> None:
    """Only a team's output is left out; an application's own topics are its own."""
    runtime = SingleThreadedAgentRuntime()
    await Answerer.register(runtime, "answerer", lambda: Answerer("answers"))
    runtime.start()
    for topic in ("output", "my_output_topic_1"):
        await runtime.publish_message(Question(text="hello"), DefaultTopicId(type=topic))
    await runtime.stop_when_idle()
    names = " ".join(span.name for span in _of_runtime(exported))
    assert "output" in names
    assert "my_output_topic_1" in names


@pytest.mark.parametrize("settings", [{}, {"autogen_spans": "keep"}])
async def test_tracing_that_autogen_has_switched_off(
    instrument: Instrument, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    """By its own variable; ours stand all the same."""
    monkeypatch.setenv("AUTOGEN_DISABLE_RUNTIME_TRACING", "true")
    exported = instrument(**settings)
    await _run_team(3)
    assert _of_runtime(exported) == []
    assert exported.names == ["chat", "invoke_agent alice", "invoke_workflow RoundRobinGroupChat"]
