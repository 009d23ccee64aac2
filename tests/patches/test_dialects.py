# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What real servers send, in their dialects, to the real openai SDK and AutoGen's client above it, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI

from lastchunk import semconv
from lastchunk.model_server.actions import JSON, End, Head, Raw, Reset, Script, Step
from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported

MODEL_INFO: Any = {"vision": False, "function_calling": True, "json_output": True, "family": "unknown"} | {
    "structured_output": True
}
HEAD, END, RST = Head(), End(), Reset()
DONE = "[DONE]"


def chunk(delta: Any = None, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}


def text(said: str, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    return chunk({"content": said}, finish, index, **more)


HALF, STOP = [text("The answer "), text("is")], chunk(None, "stop")


def sse(*events: Any, field: str = "data: ", end: str = "\n\n") -> tuple[Step, ...]:
    """Events as they are written: objects, texts, or bytes that stand between them."""
    written = (
        event if isinstance(event, bytes) else f"{field}{event if event == DONE else json.dumps(event)}{end}".encode()
        for event in events
    )
    return tuple(Raw(data) for data in written)


@dataclass(frozen=True, kw_only=True)
class Says:
    """What is right of one dialect, of the SDK's stream and of `create_stream` alike, unless that stands apart."""

    sent: tuple[Step, ...]
    reason: str
    cause: str | None = None
    last: str = ""
    detail: str | None = None
    create_stream: tuple[str, str | None] | None = None


PAGE = b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body><h1>504 Gateway Time-out</h1></body></html>\r\n"
TOO_SMALL = b'error: {"code":400,"message":"the request exceeds the available context size"}\n\n'
LIMIT = json.dumps({"error": {"message": "Rate limit exceeded: free-models-per-min", "code": 429}}).encode()
OVERLOADED = {"code": 50505, "message": "Model service overloaded. Please try again later."}
PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Paris."}]
MISMATCH = ("protocol_error", "package_mismatch")

DIALECTS = {
    "null as a text": Says(
        sent=(HEAD, *sse(text("The ", "null"), text("answer", "null")), END), reason="truncated", cause="unknown"
    ),
    "null as a text, then a reset": Says(
        sent=(HEAD, *sse(text("The ", "null"), text("answer", "null")), RST),
        reason="connection_lost",
        cause="connection_lost",
    ),
    "stop on every chunk, then a cut": Says(
        sent=(HEAD, *sse(*(text("word ", "stop") for _ in range(4))), END), reason="truncated", cause="unknown"
    ),
    "stop on every chunk, and the end": Says(
        sent=(HEAD, *sse(*(text("word ", "stop") for _ in range(4)), DONE), END), reason="completed"
    ),
    "one of two choices": Says(
        sent=(HEAD, *sse(text("One "), text("Two ", index=1), STOP, text("and", index=1)), END),
        reason="truncated",
        cause="unknown",
    ),
    "a filter's word": Says(
        sent=(HEAD, *sse(*HALF, chunk(None, "PROHIBITED_CONTENT"), DONE), END),
        reason="content_filter",
        cause="content_filter",
    ),
    "a network's word": Says(
        sent=(HEAD, *sse(*HALF, chunk(None, "network_error"), DONE), END),
        reason="provider_error",
        cause="provider_error",
    ),
    "a full context": Says(
        sent=(HEAD, *sse(*HALF, chunk(None, "model_context_window_exceeded"), DONE), END),
        reason="length",
        cause="context_limit",
        detail="context_full",
    ),
    "no space behind the colon": Says(
        sent=(HEAD, *sse(*HALF, DONE, field="data:"), END), reason="completed", last="end_marker"
    ),
    "lines that end in CR LF": Says(
        sent=(HEAD, *sse(*HALF, STOP, DONE, end="\r\n\r\n"), END), reason="completed", last="end_marker"
    ),
    "a field called error, first": Says(
        sent=(HEAD, *sse(TOO_SMALL, DONE), END), reason="provider_error", cause="context_limit"
    ),
    "a field called error, in the middle": Says(
        sent=(HEAD, *sse(*HALF, b'error: {"code":500,"message":"failed"}\n\n', DONE), END),
        reason="provider_error",
        cause="provider_error",
    ),
    "an event called error, in words": Says(
        sent=(HEAD, *sse(*HALF, b"event: error\ndata: upstream connect error\n\n"), END),
        reason="provider_error",
        cause="provider_error",
        last="error",
    ),
    "an error without choices": Says(
        sent=(HEAD, *sse(*HALF, OVERLOADED, DONE), END), reason="provider_error", cause="provider_error"
    ),
    "a vendor's error": Says(
        sent=(HEAD, *sse(*HALF, chunk(x_groq={"error": "over_capacity"}), DONE), END),
        reason="provider_error",
        cause="rate_limited",
    ),
    "a number as a code": Says(
        sent=(HEAD, *sse(*HALF, {"error": {"code": 429, "message": "Provider returned error"}}), END),
        reason="provider_error",
        cause="rate_limited",
        last="error",
    ),
    "a gateway's page in the middle": Says(
        sent=(HEAD, *sse(*HALF, PAGE), END), reason="provider_error", cause="idle_timeout", detail="gateway_timeout"
    ),
    "an error as JSON, with 200": Says(
        sent=(Head(content_type=JSON), Raw(LIMIT), END), reason="provider_error", cause="rate_limited"
    ),
    "content in parts": Says(
        sent=(HEAD, *sse(chunk({"content": PARTS}), STOP, DONE), END), reason="completed", create_stream=MISMATCH
    ),
    "sound": Says(sent=(HEAD, *sse(chunk({"audio": {"data": "AAAA"}}), STOP, DONE), END), reason="completed"),
    "thinking under another name, cut": Says(
        sent=(HEAD, *sse(chunk({"role": "assistant"}), chunk({"thinking": "so "})), END),
        reason="truncated",
        cause="unknown",
        last="reasoning",
    ),
    "empty deltas last": Says(
        sent=(HEAD, *sse(*HALF, chunk(), chunk()), RST),
        reason="connection_lost",
        cause="connection_lost",
        last="message",
    ),
    "only the role": Says(
        sent=(HEAD, *sse(chunk({"role": "assistant", "content": ""})), END),
        reason="empty",
        cause="unknown",
        last="message",
    ),
}


@pytest.fixture(scope="module", name="url")
def _url() -> Iterator[Any]:
    names = {name: f"d{number}" for number, name in enumerate(DIALECTS)}
    with ModelServer({names[name]: Script(says.sent) for name, says in DIALECTS.items()}) as server:
        yield lambda name: server.url(names[name])


def _is(exported: Exported, says: Says, reason: str, cause: str | None) -> None:
    span = exported.one()
    given = dict(span.attributes or {})
    assert (given[semconv.TERMINATION_REASON], given.get(semconv.TERMINATION_CAUSE)) == (reason, cause)
    assert given.get(semconv.TERMINATION_DETAIL) == says.detail
    assert says.last in ("", given[semconv.LAST_EVENT])


@pytest.mark.parametrize("name", DIALECTS)
async def test_the_sdk_s_stream(exported: Exported, url: Any, name: str) -> None:
    """What the application iterates itself."""
    says = DIALECTS[name]
    async with AsyncOpenAI(base_url=url(name), api_key="k", max_retries=0, timeout=5) as client:
        with suppress(Exception):
            ask: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
            async for _ in await client.chat.completions.create(**ask):
                pass
    _is(exported, says, says.reason, says.cause)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.filterwarnings("ignore::UserWarning")  # AutoGen's, where nothing came
async def test_create_stream(exported: Exported, url: Any, name: str) -> None:
    """What AutoGen makes of it, which trips over some."""
    says = DIALECTS[name]
    client = OpenAIChatCompletionClient(
        model="m", base_url=url(name), api_key="k", max_retries=0, timeout=5, model_info=MODEL_INFO
    )
    with suppress(Exception):
        async for _ in client.create_stream([UserMessage(content="hi", source="user")]):
            pass
    await client.close()
    _is(exported, says, *(says.create_stream or (says.reason, says.cause)))
