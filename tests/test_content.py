# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""No content leaves: everything that goes in is marked, and every byte that comes out is searched for the mark.

Spans of ours and of AutoGen, metrics and log records, as OTLP encodes them, in every ending that the model server knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import CreateResult, RequestUsage, UserMessage
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from lastchunk.model_server.scripts import SCRIPTS
from tests.conftest import Exported, Instrument
from tests.telemetry.signals import InMemoryLogExporter

MARK = "s3cr3t"
SPEECH: dict[str, Any] = {
    "text": " ".join(f"{MARK}{number}" for number in range(8)),
    "tool": "lookup",
    "arguments": f'{{"city": "{MARK}", "days": 3}}',
    "error": f"{MARK} context_length_exceeded",
    "finish": f"{MARK} said so",
    "wait": 0.01,
}
CALLS_A_TOOL = {"assistant", "tool_call", "tool_call_then_nothing", "tool_call_then_silent_cut"}
"""The scripts whose call of a tool is complete: AutoGen runs it, and an error of the tool would hide an error before it."""
ENDLESS = {"keep_alive_comments"}
"""Left by the consumer; the others end by themselves, or by the client's timeout."""


class Everything:
    """All that is exported of all signals."""

    def __init__(self, instrument: Instrument) -> None:
        self.reader = InMemoryMetricReader()
        self.logs = InMemoryLogExporter()
        loggers = LoggerProvider()
        loggers.add_log_record_processor(SimpleLogRecordProcessor(self.logs))
        self.spans: Exported = instrument(meter_provider=MeterProvider([self.reader]), logger_provider=loggers)

    def encoded(self) -> bytes:
        """Return everything as it is sent over the network."""
        metrics = self.reader.get_metrics_data()
        logs = self.logs.get_finished_logs()
        assert self.spans.all
        return b"".join(
            (
                encode_spans(self.spans.all).SerializeToString(),
                encode_metrics(metrics).SerializeToString() if metrics is not None else b"",
                encode_logs(logs).SerializeToString() if logs else b"",
            )
        )


@pytest.fixture(name="everything")
def _everything(instrument: Instrument) -> Everything:
    return Everything(instrument)


async def _read(stream: AsyncGenerator[Any, Any], limit: float = 5.0) -> str:
    """Read to the end. Return the last item, or the exception."""
    seen: list[str] = []
    try:
        async with asyncio.timeout(limit):
            async for item in stream:
                seen.append(str(item))
    except Exception as error:
        seen.append(f"{error!r} {error}")
    return " ".join(seen)


ran: list[str] = []
"""The calls of the tool in this test."""


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


async def lookup(city: str, days: int) -> str:
    """Look a city up."""
    ran.append(city)
    if days == 3:
        raise ValueError(f"{MARK}: {city}")
    return f"{MARK} {city}"


@pytest.mark.parametrize("script", sorted(SCRIPTS))
async def test_every_ending(everything: Everything, model: Callable[..., Any], script: str) -> None:
    """Of an agent with a tool that fails, by way of AutoGen's client and the SDK below it."""
    limit = 0.2 if script in ENDLESS else 5.0
    agent = AssistantAgent(
        "alice",
        model(script, timeout=0.2, **SPEECH),
        tools=[lookup],
        system_message=f"You know {MARK}.",
        model_client_stream=True,
        reflect_on_tool_use=False,
    )
    seen = await _read(agent.run_stream(task=f"Tell me {MARK}"), limit)
    assert MARK in seen
    assert len(ran) == (script in CALLS_A_TOOL)
    encoded = everything.encoded()
    assert b"invoke_agent alice" in encoded
    assert b"lastchunk.stream.ended" in encoded
    assert MARK.encode() not in encoded


@pytest.mark.parametrize(
    "script", ["clean", "silent_cut", "error_object", "http_400_context", "malformed_json", "raw_finish"]
)
async def test_the_bare_sdk(everything: Everything, sdk: Callable[..., Any], script: str) -> None:
    """A bare SDK stream, without AutoGen."""
    completions = sdk(script, timeout=0.2, **SPEECH).chat.completions
    with contextlib.suppress(Exception):
        messages = [{"role": "user", "content": MARK}]
        assert await _read(await completions.create(model="m", messages=messages, stream=True, user=MARK))
    assert MARK.encode() not in everything.encoded()


@pytest.mark.parametrize("script", ["clean", "silent_cut", "tool_call", "rst", "http_429"])
async def test_a_team(everything: Everything, model: Callable[..., Any], script: str) -> None:
    """AutoGen's runtime has spans for each message and for each failure, and a team's stop reason can quote the model."""
    agents = [
        AssistantAgent(name, model(script, timeout=0.2, **SPEECH), tools=[lookup], model_client_stream=True)
        for name in ("alice", "bob")
    ]
    team = RoundRobinGroupChat(agents, max_turns=2, termination_condition=TextMentionTermination(f"{MARK}7"))
    seen = await _read(team.run_stream(task=f"Tell me {MARK}"))
    assert MARK in seen
    assert len(ran) == (2 if script == "tool_call" else 0)
    encoded = everything.encoded()
    assert b"invoke_workflow" in encoded
    assert b"autogen process" in encoded
    assert MARK.encode() not in encoded


class Marked(Exception):
    """An application's own, with a text, a note and a cause that are content."""


async def test_exceptions_of_the_application(everything: Everything) -> None:
    """The model client raises it, the consumer raises it, or it comes late."""
    usage = RequestUsage(prompt_tokens=1, completion_tokens=1)
    error = Marked(MARK)
    error.add_note(MARK)

    class Own(ReplayChatCompletionClient):
        async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            yield MARK
            if kwargs.get("extra_create_args"):
                yield CreateResult(finish_reason="stop", content=MARK, usage=usage, cached=False)
            raise error from ValueError(MARK)

    messages = [UserMessage(content=MARK, source="user")]
    for extra in ({}, {"late": True}):
        assert MARK in await _read(Own([]).create_stream(messages, extra_create_args=extra))
    stream = Own([]).create_stream(messages)
    await anext(stream)
    with pytest.raises(Marked):
        await stream.athrow(error)
    encoded = everything.encoded()
    assert b"Marked" in encoded
    assert MARK.encode() not in encoded


async def test_an_agent_that_fails_in_a_team(everything: Everything) -> None:
    """AutoGen turns it into a text, records it on its spans, and logs it."""

    class Failing(AssistantAgent):
        async def on_messages_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            raise Marked(MARK)
            yield

    agents = [Failing("alice", ReplayChatCompletionClient([])), AssistantAgent("bob", ReplayChatCompletionClient([]))]
    assert MARK in await _read(RoundRobinGroupChat(agents).run_stream(task=MARK))
    encoded = everything.encoded()
    assert b"Marked" in encoded
    assert MARK.encode() not in encoded


async def test_run_without_a_stream(everything: Everything, model: Callable[..., Any]) -> None:
    """`agent.run()` is no stream of ours, and AutoGen's own span of it says no text either."""
    agent = AssistantAgent("alice", model("http_429", **SPEECH), tools=[lookup])
    with pytest.raises(Exception, match=MARK):
        await agent.run(task=MARK)
    agent = AssistantAgent("bob", model("tool_call", **SPEECH), tools=[lookup])
    await agent.run(task=MARK)
    assert ran == [MARK]
    encoded = everything.encoded()
    assert b"invoke_agent alice" in encoded
    assert b"execute_tool lookup" in encoded
    assert MARK.encode() not in encoded


async def test_the_search_finds(instrument: Instrument, model: Callable[..., Any]) -> None:
    """AutoGen's own spans contain the mark, so the search can find it."""
    exported = instrument(autogen_spans="keep")
    agent = AssistantAgent("alice", model("tool_call", **SPEECH), tools=[lookup], model_client_stream=True)
    await _read(RoundRobinGroupChat([agent], max_turns=1).run_stream(task=MARK))
    assert ran == [MARK]
    assert MARK.encode() in encode_spans(exported.all).SerializeToString()


async def test_our_own_log(everything: Everything, model: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    """What Lastchunk writes to the application's log has no content either."""
    caplog.set_level(logging.DEBUG)
    for script in ("clean", "rst", "malformed_json"):
        agent = AssistantAgent("alice", model(script, **SPEECH), model_client_stream=True)
        await _read(agent.run_stream(task=MARK))
    assert not [
        record for record in caplog.records if record.name.startswith("lastchunk") and MARK in record.getMessage()
    ]
