# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Content stays behind the agent: with every instrumentation that captures it, and told to capture all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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


def plan(models: ModelServer, sdk: str) -> Plan:
    """An answer, a tool call, and endings whose exceptions quote the model."""
    scripts = ("clean", "tool_call", "silent_cut", "error_object", "http_400_context", "malformed_json", "echo")
    return [
        {"url": models.url(script), "sdk": sdk, "does": "read", "tool": script.startswith("tool"), "team": team}
        for script in scripts
        for team in (False, True)
    ]


@pytest.mark.parametrize("name", peers.NAMES)
def test_no_content_leaves_the_agent(
    name: str, models: ModelServer, tee: Backend, agent: Collector, backend: Backend, tmp_path: Path, figure: Figure
) -> None:
    launcher = [sys.executable, str(Path(peers.__file__)), name]
    sdk = "azure" if name == "azure" else "openai"
    workers([plan(models, sdk)], tee, tmp_path, RESULT, PROMPT, launcher=launcher, PYTHONPATH=str(Path.cwd()))
    wait_for(lambda: len(backend.spans()) >= len(tee.spans()) > 0, "every span arrives", 30)
    wait_for(lambda: len(backend.records()) >= len(tee.records()), "every log record arrives", 30)
    agent.stop()
    captured = [words for words in CONTENT if words in tee.taken]
    figure(f"captured {captured} in scopes {sorted({span['scope'] for span in tee.spans()})}")
    assert len(captured) >= 3, "too little was captured: this proves nothing"
    assert [words for words in CONTENT if words in backend.taken] == []
    assert '"lastchunk.stream.termination.reason"' in backend.taken


def test_a_scope_that_nobody_knows_loses_what_is_known_to_be_content(agent: Collector, backend: Backend) -> None:
    """Only known content is removed, as long as nothing says GenAI. The README says what can still leak."""
    keys = ("llm.input_messages.0.message.content", "input.value", "traceloop.entity.input", "logfire.msg", "messages")
    keys += ("exception.message", "content", "inputs", "outputs", "question", "answer", "user_input", "chat_history")
    keys += ("haystack.component.input", "app.llm_output", "db.query.result.document", "my.prompt", "final_answer")
    keys += ("output_json", "rag.documents", "gcp.vertex.agent.llm_request", "step.tool_result", "shop.prompt.value")
    kept = {"http.route": "/chat", "url.full": "http://shop/chat", "db.query.text": "SELECT 1", "input_tokens": 5}
    kept |= {"messaging.system": "nats", "my.own.text": "what I put there", "content_type": "json"}
    kept |= {"rpc.message.type": "SENT", "output_tokens": 5, "http.response.status_code": 200, "shop.throughput": 7}
    span = Made(otlp.new_trace(), "own span", attributes=dict.fromkeys(keys, PROMPT) | kept, events=[("own", kept)])
    assert taken(agent, backend, span, "my.own.code") == (kept.keys(), [kept.keys()])


UNLISTED = dict.fromkeys(("content", "inputs", "outputs", "question", "answer", "my.own.text", "Frage"), PROMPT)
"""Keys that are on no list of known harmless ones."""


@pytest.mark.parametrize("said", ["gen_ai.request.model", "gen_ai.prompt", "gen_ai.whatever.comes"])
def test_what_says_gen_ai_keeps_only_what_is_listed_in_any_scope(agent: Collector, backend: Backend, said: str) -> None:
    """The scope is judged before anything is deleted, because the key that identifies it may be content itself."""
    kept = {"gen_ai.usage.input_tokens": 5, "http.route": "/chat"} if said == "gen_ai.request.model" else {}
    span = Made(otlp.new_trace(), "s", attributes=UNLISTED | {said: "m"} | kept, events=[("own", UNLISTED)])
    expected = {*kept, *([said] if kept else [])}
    assert taken(agent, backend, span, "my.own.code") == (expected, [set()])


def test_an_event_that_says_gen_ai_keeps_only_what_is_listed_in_any_span(agent: Collector, backend: Backend) -> None:
    plain = {"http.route": "/chat", "my.own.text": "what I put there"}
    events = [("gen_ai.choice", UNLISTED), ("own", UNLISTED | {"gen_ai.event.content": PROMPT}), ("own", plain)]
    span = Made(otlp.new_trace(), "GET /chat", attributes=plain, events=events)
    assert taken(agent, backend, span, "my.own.code") == (plain.keys(), [set(), set(), plain.keys()])


@pytest.mark.parametrize(
    ("name", "attributes"),
    [("gen_ai.choice", {}), ("", {"event.name": "gen_ai.choice"}), ("", {"gen_ai.system": "openai"})],
    ids=["its name", "its attribute of that name", "another attribute"],
)
def test_a_log_record_that_says_gen_ai_keeps_only_what_is_listed(
    agent: Collector, backend: Backend, name: str, attributes: dict[str, otlp.Value]
) -> None:
    own = {"http.route": "/chat", "my.own.text": "what I put there"}
    for record in ((name, PROMPT, UNLISTED | attributes), ("", "a line of my own", own)):
        assert otlp.send(agent.otlp, otlp.log_request(*record, scope="my.own.code"), path="logs") == 200
    wait_for(lambda: len(backend.records()) == 2, "both records arrive")
    left = [(record["body"].get("stringValue", ""), keys(record)) for record in backend.records()]
    assert sorted(left) == sorted([("", attributes.keys()), ("a line of my own", own.keys())])


def taken(agent: Collector, backend: Backend, span: Made, scope: str) -> tuple[set[str], list[set[str]]]:
    """The keys that the agent kept on a span, and on each of its events."""
    assert otlp.send(agent.otlp, otlp.request([span], scope)) == 200
    (left,) = wait_for(backend.spans, "the span arrives")
    return keys(left), [keys(event) for event in left.get("events", [])]


def keys(left: dict[str, Any]) -> set[str]:
    """The keys of the attributes of what arrived."""
    return set(otlp.plain(left.get("attributes", [])))


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
