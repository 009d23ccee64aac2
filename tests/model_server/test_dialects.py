# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every script in every dialect: the path picks it, and nothing that a script can say is missing from one."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from lastchunk.model_server.actions import Content, Speech
from lastchunk.model_server.dialects import DIALECTS, Name, answers_tool, dialect_of, offered_tool
from lastchunk.model_server.scripts import SCRIPTS
from lastchunk.model_server.server import ModelServer


def _contents(script: str) -> list[Content]:
    played = SCRIPTS[script]
    steps = (*played.steps, *(played.after_tool or ()), *(played.with_tools or ()))
    return [step for step in steps if isinstance(step, Content)]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_step_can_be_said(dialect: Name, script: str) -> None:
    """In bytes, and a secret of the speech is in them wherever text is."""
    reply = DIALECTS[dialect].reply("id-1", "m", Speech(text="s3cret word"))
    said = b"".join(piece for step in _contents(script) for piece in reply.render(step))
    assert isinstance(said, bytes)
    if script == "clean":
        assert b"s3cret" in said


@pytest.mark.parametrize(
    ("target", "dialect"),
    [
        ("/clean/v1/chat/completions", "openai"),
        ("/clean/v1/chat/completions?api-version=1", "openai"),
        ("/clean/v1/responses", "responses"),
        ("/clean/v1/messages", "anthropic"),
        ("/clean/v1/messages?beta=true", "anthropic"),
        ("/clean/api/chat", "ollama"),
        ("/clean/v1beta/models/m:streamGenerateContent?alt=sse", "gemini"),
        ("/clean", "openai"),
    ],
)
def test_the_path_picks_the_dialect(target: str, dialect: Name) -> None:
    """Whatever stands behind it."""
    assert dialect_of(target) is DIALECTS[dialect]


@pytest.mark.parametrize(
    ("dialect", "body", "content", "tool"),
    [
        ("openai", {"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]}, "b", True),
        ("anthropic", {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, None, True),
        ("anthropic", {"messages": [{"role": "user", "content": "a"}]}, "a", False),
        ("responses", {"input": "a"}, "a", False),
        ("responses", {"input": [{"type": "function_call_output", "output": "5"}]}, None, True),
        ("gemini", {"contents": [{"role": "user", "parts": [{"functionResponse": {"name": "f"}}]}]}, None, True),
        ("gemini", {"contents": [{"role": "user", "parts": [{"text": "a"}]}]}, None, False),
        ("ollama", {}, None, False),
    ],
)
def test_the_last_message(dialect: Name, body: dict[str, Any], content: str | None, tool: bool) -> None:
    """What is echoed, and whether it is a tool's result."""
    last = DIALECTS[dialect].last_message(body)
    if content is not None:
        assert last["content"] == content
    assert answers_tool(last) is tool


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [True, False])
def test_on_the_wire(server: ModelServer, dialect: Name, stream: bool) -> None:
    """The base URL fits, and the content type is the dialect's."""
    url = urlsplit(server.url("clean", dialect=dialect, text="hello"))
    path = {"anthropic": "/v1/messages"}.get(dialect, DIALECTS[dialect].endpoint)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request(
        "POST", url.path + path, json.dumps({"model": "m", "stream": stream, "messages": [], "input": "a"})
    )
    response = connection.getresponse()
    body = response.read()
    connection.close()
    streamed = stream or DIALECTS[dialect].in_path
    assert response.headers["content-type"] == (DIALECTS[dialect].content_type if streamed else "application/json")
    assert b"hello" in body


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"tools": [{"type": "function", "function": {"name": "a"}}, {"function": {"name": "b"}}]}, "a"),
        ({"tools": [{"name": "a", "input_schema": {}}]}, "a"),
        ({"tools": [{"functionDeclarations": [{"name": "a"}, {"name": "b"}]}]}, "a"),
        ({"tools": []}, ""),
        ({}, ""),
    ],
)
def test_the_tool_that_a_request_offers(body: dict[str, Any], name: str) -> None:
    """The form of OpenAI and Ollama, and the form of the others."""
    assert offered_tool(body) == name
