# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""AG2's clients whose SDKs are not patched, over a real socket: the finish reason that AG2 reads decides how the turn ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from ag2 import Agent
from ag2.config import BedrockConfig, DashScopeConfig, ZAIConfig
from ag2.middleware.builtin.telemetry import TelemetryMiddleware
from zai.core import APIStatusError

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported
from tests.converse import CONVERSATIONS, answering, converse

ENDINGS = [("clean", "completed", None), ("length", "length", "context_limit"), ("silent_cut", "truncated", "unknown")]


@contextmanager
def _bedrock(server: ModelServer, script: str) -> Iterator[Any]:
    with converse(*CONVERSATIONS[script][0]) as address:
        yield BedrockConfig(
            model="m",
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            endpoint_url=address,
            streaming=True,
        )


@contextmanager
def _zai(server: ModelServer, script: str) -> Iterator[Any]:
    yield ZAIConfig(model="m", api_key="id.secret", base_url=server.url(script), streaming=True, max_retries=0)


_FINISH = {"clean": "stop", "length": "length", "silent_cut": "null"}


@contextmanager
def _dashscope(server: ModelServer, script: str) -> Iterator[Any]:
    def event(text: str, finish: str) -> bytes:
        message = {"role": "assistant", "content": [{"text": text}]}
        said = {"output": {"choices": [{"message": message, "finish_reason": finish}]}, "usage": {}, "request_id": "1"}
        return b"event:result\n:HTTP_STATUS/200\ndata:" + json.dumps(said).encode() + b"\n\n"

    with answering(event("a", "null") + event("b", _FINISH[script]), "text/event-stream") as address:
        yield DashScopeConfig(model="m", api_key="none", base_url=f"{address}/api/v1", streaming=True)


CONFIGS: dict[str, Callable[[ModelServer, str], AbstractContextManager[Any]]] = {
    "bedrock": _bedrock,
    "zai": _zai,
    "dashscope": _dashscope,
}


@pytest.mark.parametrize("provider", CONFIGS)
@pytest.mark.parametrize(("script", "reason", "cause"), ENDINGS)
async def test_a_turn(
    exported: Exported, server: ModelServer, provider: str, script: str, reason: str, cause: str | None
) -> None:
    with CONFIGS[provider](server, script) as config:
        agent = Agent("guide", config=config, middleware=[TelemetryMiddleware(agent_name="guide")])
        assert (await agent.ask("hello")).body
    (turn,) = (dict(span.attributes or {}) for span in exported.all if span.name == "invoke_agent guide")
    assert (turn[semconv.TERMINATION_REASON], turn.get(semconv.TERMINATION_CAUSE)) == (reason, cause)
    assert turn[semconv.EVIDENCE] == "result"
    assert exported.ours == []


async def test_a_refusal(exported: Exported, server: ModelServer) -> None:
    """The turn has the provider's reason, and the application its exception."""
    with _zai(server, "http_429") as config:
        agent = Agent("guide", config=config, middleware=[TelemetryMiddleware(agent_name="guide")])
        with pytest.raises(APIStatusError):
            await agent.ask("hello")
    (turn,) = (dict(span.attributes or {}) for span in exported.all if span.name == "invoke_agent guide")
    assert (turn[semconv.TERMINATION_REASON], turn[semconv.TERMINATION_CAUSE]) == ("rejected", "rate_limited")
