# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Whole spans, as they are exported, with a clock that stands still unless the model takes its time.

To change one on purpose: make the change, then `pytest --inline-snapshot=fix tests/test_snapshots.py`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import CreateResult, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient
from inline_snapshot import snapshot
from opentelemetry.sdk.trace import ReadableSpan

from lastchunk.streams import clock
from tests.conftest import Exported

EPOCH = 1_800_000_000_000_000_000


class Clock:
    """Seconds since it was made; only `tick` moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def tick(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds


@pytest.fixture(name="time")
def _time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fixed = Clock()
    monkeypatch.setattr(clock, "monotonic", lambda: 1000.0 + fixed.now)
    monkeypatch.setattr(clock, "wall", lambda: EPOCH + round(fixed.now * 1e9))
    return fixed


def _agent(name: str, time: Clock, *words: str, whole: bool = True) -> AssistantAgent:
    """An agent whose model thinks for two seconds, and then says a word every quarter of one."""

    class Model(ReplayChatCompletionClient):
        async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            time.tick(2)
            for word in words:
                yield word
                time.tick(0.25)
            if whole:
                usage = RequestUsage(prompt_tokens=3, completion_tokens=len(words))
                yield CreateResult(finish_reason="stop", content="".join(words), usage=usage, cached=False)

    return AssistantAgent(
        name, Model([]), description=f"{name} answers", system_message="Answer.", model_client_stream=True
    )


def _span(span: ReadableSpan, names: dict[int, str]) -> dict[str, Any]:
    """All of a span but its ids, in the order of the alphabet; times as seconds since the clock was made."""

    def seconds(nanoseconds: int | None) -> float:
        return ((nanoseconds or 0) - EPOCH) / 1e9

    return {
        "name": span.name,
        "kind": span.kind.name,
        "parent": names[span.parent.span_id] if span.parent else None,
        "time": (seconds(span.start_time), seconds(span.end_time)),
        "status": (span.status.status_code.name, span.status.description),
        "attributes": dict(sorted((span.attributes or {}).items())),
        "events": [
            f"{event.name} at {seconds(event.timestamp)}: "
            + " ".join(f"{key.removeprefix(event.name)}={value}" for key, value in (event.attributes or {}).items())
            for event in span.events
        ],
        "links": len(span.links),
    }


def _spans(exported: Exported) -> list[dict[str, Any]]:
    names = {span.context.span_id: span.name for span in exported.ours}
    return [_span(span, names) for span in exported.ours]


async def test_a_healthy_run(exported: Exported, time: Clock) -> None:
    """An agent that answers."""
    async for _ in _agent("alice", time, "Hello ", "wörld").run_stream(task="hi"):
        pass
    assert _spans(exported) == snapshot(
        [
            {
                "name": "chat",
                "kind": "CLIENT",
                "parent": "invoke_agent alice",
                "time": (0.0, 2.5),
                "status": ("UNSET", None),
                "attributes": {
                    "lastchunk.stream.chunks": 2,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": False,
                    "lastchunk.stream.delivery": "incremental",
                    "lastchunk.stream.evidence": "result",
                    "lastchunk.stream.history.messages": 2,
                    "lastchunk.stream.history.size": 9,
                    "lastchunk.stream.idle_at_end": 0.25,
                    "lastchunk.stream.last_event": "finish",
                    "lastchunk.stream.max_gap": 2.0,
                    "lastchunk.stream.outermost": False,
                    "lastchunk.stream.size": 12,
                    "lastchunk.stream.termination.reason": "completed",
                    "gen_ai.agent.name": "alice",
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "replay",
                    "gen_ai.request.stream": True,
                    "gen_ai.response.finish_reasons": ("stop",),
                    "gen_ai.response.time_to_first_chunk": 2.0,
                },
                "events": [
                    "lastchunk.stream.chunk at 2.0: .index=0 .kind=text .size=6 .elapsed=2.0 .gap=2.0",
                    "lastchunk.stream.chunk at 2.25: .index=1 .kind=text .size=6 .elapsed=2.25 .gap=0.25",
                ],
                "links": 0,
            },
            {
                "name": "invoke_agent alice",
                "kind": "INTERNAL",
                "parent": None,
                "time": (0.0, 2.5),
                "status": ("UNSET", None),
                "attributes": {
                    "lastchunk.stream.chunks": 4,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": False,
                    "lastchunk.stream.delivery": "incremental",
                    "lastchunk.stream.evidence": "result",
                    "lastchunk.stream.history.messages": 2,
                    "lastchunk.stream.history.size": 9,
                    "lastchunk.stream.idle_at_end": 0.0,
                    "lastchunk.stream.inner_cutoffs": 0,
                    "lastchunk.stream.last_event": "message",
                    "lastchunk.stream.max_gap": 2.0,
                    "lastchunk.stream.outermost": True,
                    "lastchunk.stream.size": 26,
                    "lastchunk.stream.termination.reason": "completed",
                    "gen_ai.agent.description": "alice answers",
                    "gen_ai.agent.name": "alice",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "replay",
                },
                "events": [
                    "lastchunk.stream.chunk at 0.0: .index=0 .kind=message .size=2 .elapsed=0.0 .gap=0.0",
                    "lastchunk.stream.chunk at 2.0: .index=1 .kind=text .size=6 .elapsed=2.0 .gap=2.0",
                    "lastchunk.stream.chunk at 2.25: .index=2 .kind=text .size=6 .elapsed=2.25 .gap=0.25",
                    "lastchunk.stream.chunk at 2.5: .index=3 .kind=message .size=12 .elapsed=2.5 .gap=0.25",
                ],
                "links": 0,
            },
        ]
    )


async def test_a_truncated_run(exported: Exported, time: Clock) -> None:
    """Its model's stream ends without a result: AutoGen raises, and the run says what was behind it."""
    with pytest.raises(RuntimeError):
        async for _ in _agent("alice", time, "Hello ", whole=False).run_stream(task="hi"):
            pass
    assert _spans(exported) == snapshot(
        [
            {
                "name": "chat",
                "kind": "CLIENT",
                "parent": "invoke_agent alice",
                "time": (0.0, 2.25),
                "status": ("ERROR", None),
                "attributes": {
                    "lastchunk.stream.chunks": 1,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": True,
                    "lastchunk.stream.delivery": "single",
                    "lastchunk.stream.evidence": "none",
                    "lastchunk.stream.history.messages": 2,
                    "lastchunk.stream.history.size": 9,
                    "lastchunk.stream.idle_at_end": 0.25,
                    "lastchunk.stream.last_event": "text",
                    "lastchunk.stream.max_gap": 2.0,
                    "lastchunk.stream.outermost": False,
                    "lastchunk.stream.size": 6,
                    "lastchunk.stream.termination.cause": "unknown",
                    "lastchunk.stream.termination.reason": "truncated",
                    "error.type": "truncated",
                    "gen_ai.agent.name": "alice",
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "replay",
                    "gen_ai.request.stream": True,
                    "gen_ai.response.finish_reasons": ("error",),
                    "gen_ai.response.time_to_first_chunk": 2.0,
                },
                "events": ["lastchunk.stream.chunk at 2.0: .index=0 .kind=text .size=6 .elapsed=2.0 .gap=2.0"],
                "links": 0,
            },
            {
                "name": "invoke_agent alice",
                "kind": "INTERNAL",
                "parent": None,
                "time": (0.0, 2.25),
                "status": ("ERROR", None),
                "attributes": {
                    "lastchunk.stream.chunks": 2,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": True,
                    "lastchunk.stream.delivery": "single",
                    "lastchunk.stream.evidence": "none",
                    "lastchunk.stream.history.messages": 2,
                    "lastchunk.stream.history.size": 9,
                    "lastchunk.stream.idle_at_end": 0.25,
                    "lastchunk.stream.inner_cutoffs": 0,
                    "lastchunk.stream.last_event": "text",
                    "lastchunk.stream.max_gap": 2.0,
                    "lastchunk.stream.outermost": True,
                    "lastchunk.stream.size": 8,
                    "lastchunk.stream.termination.cause": "unknown",
                    "lastchunk.stream.termination.inherited": True,
                    "lastchunk.stream.termination.reason": "truncated",
                    "lastchunk.stream.waiting_for": "next_chunk",
                    "error.type": "truncated",
                    "gen_ai.agent.description": "alice answers",
                    "gen_ai.agent.name": "alice",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "replay",
                },
                "events": [
                    "lastchunk.stream.chunk at 0.0: .index=0 .kind=message .size=2 .elapsed=0.0 .gap=0.0",
                    "lastchunk.stream.chunk at 2.0: .index=1 .kind=text .size=6 .elapsed=2.0 .gap=2.0",
                ],
                "links": 0,
            },
        ]
    )


async def test_a_run_of_a_team(exported: Exported, time: Clock) -> None:
    """Two agents; without events, which are as above."""
    team = RoundRobinGroupChat([_agent("alice", time, "Hello "), _agent("bob", time, "there")], max_turns=2, name="duo")
    async for _ in team.run_stream(task="hi"):
        pass
    for span in (spans := _spans(exported)):
        assert len(span.pop("events")) == span["attributes"]["lastchunk.stream.chunks"]
        agent_id = span["attributes"].get("gen_ai.agent.id")
        if agent_id is not None:
            span["attributes"]["gen_ai.agent.id"] = agent_id[: agent_id.index("_") + 1]
    # The model may be a word ahead when the runtime hands its last one on.
    assert 2.0 <= spans[-1]["attributes"].pop("lastchunk.stream.max_gap") <= 2.25
    assert spans == snapshot(
        [
            {
                "name": "chat",
                "kind": "CLIENT",
                "parent": "invoke_agent alice",
                "time": (0.0, 2.25),
                "status": ("UNSET", None),
                "attributes": {
                    "lastchunk.stream.chunks": 1,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": False,
                    "lastchunk.stream.delivery": "single",
                    "lastchunk.stream.evidence": "result",
                    "lastchunk.stream.history.messages": 2,
                    "lastchunk.stream.history.size": 9,
                    "lastchunk.stream.idle_at_end": 0.25,
                    "lastchunk.stream.last_event": "finish",
                    "lastchunk.stream.max_gap": 2.0,
                    "lastchunk.stream.outermost": False,
                    "lastchunk.stream.size": 6,
                    "lastchunk.stream.termination.reason": "completed",
                    "gen_ai.agent.name": "alice",
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "replay",
                    "gen_ai.request.stream": True,
                    "gen_ai.response.finish_reasons": ("stop",),
                    "gen_ai.response.time_to_first_chunk": 2.0,
                },
                "links": 0,
            },
            {
                "name": "invoke_agent alice",
                "kind": "INTERNAL",
                "parent": "invoke_workflow duo",
                "time": (0.0, 2.25),
                "status": ("UNSET", None),
                "attributes": {
                    "lastchunk.stream.chunks": 1,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": False,
                    "lastchunk.stream.delivery": "single",
                    "lastchunk.stream.evidence": "result",
                    "lastchunk.stream.history.messages": 2,
                    "lastchunk.stream.history.size": 9,
                    "lastchunk.stream.idle_at_end": 0.25,
                    "lastchunk.stream.inner_cutoffs": 0,
                    "lastchunk.stream.last_event": "text",
                    "lastchunk.stream.max_gap": 2.0,
                    "lastchunk.stream.outermost": False,
                    "lastchunk.stream.size": 6,
                    "lastchunk.stream.termination.reason": "completed",
                    "gen_ai.agent.description": "alice answers",
                    "gen_ai.agent.id": "alice_",
                    "gen_ai.agent.name": "alice",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "replay",
                },
                "links": 0,
            },
            {
                "name": "chat",
                "kind": "CLIENT",
                "parent": "invoke_agent bob",
                "time": (2.25, 4.5),
                "status": ("UNSET", None),
                "attributes": {
                    "lastchunk.stream.chunks": 1,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": False,
                    "lastchunk.stream.delivery": "single",
                    "lastchunk.stream.evidence": "result",
                    "lastchunk.stream.history.messages": 3,
                    "lastchunk.stream.history.size": 15,
                    "lastchunk.stream.idle_at_end": 0.25,
                    "lastchunk.stream.last_event": "finish",
                    "lastchunk.stream.max_gap": 2.0,
                    "lastchunk.stream.outermost": False,
                    "lastchunk.stream.size": 5,
                    "lastchunk.stream.termination.reason": "completed",
                    "gen_ai.agent.name": "bob",
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "replay",
                    "gen_ai.request.stream": True,
                    "gen_ai.response.finish_reasons": ("stop",),
                    "gen_ai.response.time_to_first_chunk": 2.0,
                },
                "links": 0,
            },
            {
                "name": "invoke_agent bob",
                "kind": "INTERNAL",
                "parent": "invoke_workflow duo",
                "time": (2.25, 4.5),
                "status": ("UNSET", None),
                "attributes": {
                    "lastchunk.stream.chunks": 1,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": False,
                    "lastchunk.stream.delivery": "single",
                    "lastchunk.stream.evidence": "result",
                    "lastchunk.stream.history.messages": 3,
                    "lastchunk.stream.history.size": 15,
                    "lastchunk.stream.idle_at_end": 0.25,
                    "lastchunk.stream.inner_cutoffs": 0,
                    "lastchunk.stream.last_event": "text",
                    "lastchunk.stream.max_gap": 2.0,
                    "lastchunk.stream.outermost": False,
                    "lastchunk.stream.size": 5,
                    "lastchunk.stream.termination.reason": "completed",
                    "gen_ai.agent.description": "bob answers",
                    "gen_ai.agent.id": "bob_",
                    "gen_ai.agent.name": "bob",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "replay",
                },
                "links": 0,
            },
            {
                "name": "invoke_workflow duo",
                "kind": "INTERNAL",
                "parent": None,
                "time": (0.0, 4.5),
                "status": ("UNSET", None),
                "attributes": {
                    "lastchunk.stream.chunks": 5,
                    "lastchunk.stream.consumer.max_pause": 0.0,
                    "lastchunk.stream.cutoff": False,
                    "lastchunk.stream.delivery": "single",
                    "lastchunk.stream.evidence": "result",
                    "lastchunk.stream.history.messages": 1,
                    "lastchunk.stream.history.size": 2,
                    "lastchunk.stream.idle_at_end": 0.0,
                    "lastchunk.stream.inner_cutoffs": 0,
                    "lastchunk.stream.last_event": "message",
                    "lastchunk.stream.outermost": True,
                    "lastchunk.stream.size": 24,
                    "lastchunk.stream.team.stop_reason": "max_turns",
                    "lastchunk.stream.termination.reason": "completed",
                    "gen_ai.operation.name": "invoke_workflow",
                    "gen_ai.workflow.name": "duo",
                },
                "links": 0,
            },
        ]
    )
