# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Content stays behind the agent: with every instrumentation that captures it, and told to capture all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.stack import otlp, peers
from tests.stack.otlp import Backend, Made
from tests.stack.run import Plan, workers
from tests.stack.servers import Collector, Server, wait_for

Figure = Callable[[str], None]
MakeCollector = Callable[..., Collector]
PROMPT, RESULT = "SENTINEL-prompt", "SENTINEL-result"
# What the model server says by default: in its URL these would be part of addresses, which are no content.
ANSWER, ARGUMENT, ERROR = "stream begins well", "Lisbon", "the model server failed"
CONTENT = (PROMPT, RESULT, ANSWER, ARGUMENT, ERROR)
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(name="models")
def _models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(name="agent")
def _agent(collector: MakeCollector, backend: Backend) -> Collector:
    """The shipped agent, with metrics pushed too: all that leaves it goes to the backend's file."""
    return collector(
        "agent.yaml",
        "prometheus3.yaml",
        name="agent",
        GATEWAY_HOST="localhost",
        GATEWAY_PORT=str(backend.grpc_port),
        LOGS_ENDPOINT=f"{backend.otlp}/v1/logs",
        METRICS_ENDPOINT=f"{backend.otlp}/v1/metrics",
    ).start()


@pytest.fixture(name="tee")
def _tee(agent: Collector, started: list[Server], tmp_path: Path) -> Backend:
    """In front of the agent: what the application sent it is also in a file."""
    started.append(made := Backend(tmp_path / "tee", "../tests/stack/tee.yaml", NEXT=agent.otlp))
    made.start()
    return made


def plan(models: ModelServer) -> Plan:
    """An answer, a tool call, and endings whose exceptions quote the model."""
    scripts = ("clean", "tool_call", "silent_cut", "error_object", "http_400_context", "malformed_json", "echo")
    return [
        {"url": models.url(script), "does": "read", "tool": script.startswith("tool"), "team": team}
        for script in scripts
        for team in (False, True)
    ]


@pytest.mark.parametrize("name", peers.NAMES)
def test_no_content_leaves_the_agent(
    name: str, models: ModelServer, tee: Backend, agent: Collector, backend: Backend, tmp_path: Path, figure: Figure
) -> None:
    launcher = [sys.executable, str(Path(peers.__file__)), name]
    workers([plan(models)], tee, tmp_path, RESULT, PROMPT, launcher=launcher, PYTHONPATH=str(Path.cwd()))
    wait_for(lambda: len(backend.spans()) >= len(tee.spans()) > 0, "every span arrives", 30)
    wait_for(lambda: len(backend.records()) >= len(tee.records()), "every log record arrives", 30)
    agent.stop()
    captured = [words for words in CONTENT if words in tee.taken]
    figure(f"captured {captured} in scopes {sorted({span['scope'] for span in tee.spans()})}")
    assert len(captured) >= 3, "too little was captured: this proves nothing"
    assert [words for words in CONTENT if words in backend.taken] == []
    assert '"lastchunk.stream.termination.reason"' in backend.taken


def test_a_scope_that_nobody_knows_loses_what_is_known_to_be_content(agent: Collector, backend: Backend) -> None:
    """And only that: this is what the README says can still leak."""
    keys = ("gen_ai.input.messages", "gen_ai.prompt.0.content", "llm.input_messages.0.message.content", "input.value")
    keys += ("gen_ai.tool.call.arguments", "traceloop.entity.input", "logfire.msg", "messages", "exception.message")
    kept = {"http.route": "/chat", "input_tokens": 5, "messaging.system": "nats", "my.own.text": "what I put there"}
    span = Made(otlp.new_trace(), "own span", attributes=dict.fromkeys(keys, PROMPT) | kept)
    assert otlp.send(agent.otlp, otlp.request([span], "my.own.code")) == 200
    (taken,) = wait_for(backend.spans, "the span arrives")
    assert otlp.plain(taken["attributes"]).keys() == kept.keys()


def test_a_known_scope_keeps_only_what_is_listed(agent: Collector, backend: Backend) -> None:
    kept = {"gen_ai.request.model": "m", "lastchunk.stream.cutoff": True, "error.type": "truncated"}
    span = Made(otlp.new_trace(), "chat", attributes={**kept, "some.new.attribute": PROMPT})
    assert otlp.send(agent.otlp, otlp.request([span], "openinference.instrumentation.new")) == 200
    (taken,) = wait_for(backend.spans, "the span arrives")
    assert otlp.plain(taken["attributes"]).keys() == kept.keys()


def test_nothing_of_ours_is_taken_for_content(agent: Collector, backend: Backend) -> None:
    names = {attribute.name for attribute in semconv.SPAN_ATTRIBUTES}
    span = Made(otlp.new_trace(), "chat", attributes=dict.fromkeys(names, "a value"), chunks=1)
    assert otlp.send(agent.otlp, otlp.request([span])) == 200
    (taken,) = wait_for(backend.spans, "the span arrives")
    assert otlp.plain(taken["attributes"]).keys() == names
    (event,) = taken["events"]
    assert otlp.plain(event["attributes"]).keys() == {attribute.name for attribute in semconv.CHUNK_EVENT_ATTRIBUTES}
