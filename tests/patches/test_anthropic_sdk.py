# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The real anthropic SDK: what its events say, over real sockets, and that its streams stay its streams."""

from __future__ import annotations

import gc
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic, AsyncAnthropicBedrock, AsyncStream, Stream
from anthropic.resources.messages import AsyncMessages, Messages
from anthropic.types import (
    ContentBlock,
    Message,
    MessageDeltaUsage,
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStopEvent,
    Usage,
)
from autogen_core.models import UserMessage
from autogen_ext.models.anthropic import AnthropicChatCompletionClient

from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.model_server.server import ModelServer
from lastchunk.patches.anthropic_sdk import MESSAGES, _place_of_request
from lastchunk.semconv import ChunkKind, LastEvent
from lastchunk.streams.finish_reasons import Finish
from lastchunk.streams.wire import Wire
from tests.conftest import MODEL_INFO, Exported, Instrument

ASK: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
Make = Callable[..., AsyncAnthropic]


@pytest.fixture(name="make")
async def _make(server: ModelServer) -> AsyncIterator[Make]:
    clients: list[AsyncAnthropic] = []

    def make(script: str, **speech: Any) -> AsyncAnthropic:
        url = server.url(script, dialect="anthropic", **speech)
        clients.append(AsyncAnthropic(base_url=url, api_key="none", max_retries=0, timeout=10))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()
    gc.collect()


# --- what an event says -----------------------------------------------------------------------------------------------


def _read(*events: Any) -> tuple[Wire, list[Any]]:
    wire = Wire()
    return wire, [MESSAGES.read(wire, event, 1.0) for event in events]


def _delta(**delta: Any) -> RawContentBlockDeltaEvent:
    return RawContentBlockDeltaEvent.model_validate({"type": "content_block_delta", "index": 0, "delta": delta})


def _block(**block: Any) -> RawContentBlockStartEvent:
    return RawContentBlockStartEvent.model_validate({"type": "content_block_start", "index": 0, "content_block": block})


def _said(reason: str | None) -> RawMessageDeltaEvent:
    return RawMessageDeltaEvent.model_construct(
        type="message_delta",
        delta=RawMessageDeltaEvent.model_fields["delta"].annotation.model_construct(stop_reason=reason),  # type: ignore[union-attr]
        usage=MessageDeltaUsage.model_construct(output_tokens=5),
    )


@pytest.mark.parametrize(
    ("event", "kind", "size"),
    [
        (_delta(type="text_delta", text="größe"), ChunkKind.TEXT, 7),
        (_delta(type="thinking_delta", thinking="hmm"), ChunkKind.REASONING, 3),
        (_delta(type="input_json_delta", partial_json='{"a"'), ChunkKind.TOOL_CALL, 4),
        (_block(type="tool_use", id="t", name="lookup", input={}), ChunkKind.TOOL_CALL, 0),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_content(event: Any, kind: ChunkKind, size: int) -> None:
    """A chunk of content has its kind and its bytes."""
    wire, read = _read(event)
    assert read == [(kind, size)]
    assert wire.arrived
    assert wire.last_event is kind


@pytest.mark.parametrize(
    "event",
    [
        _delta(type="text_delta", text=""),
        _delta(type="signature_delta", signature="abc"),
        _block(type="text", text=""),
        RawContentBlockDeltaEvent.model_construct(type="content_block_delta"),
        None,
        object(),
    ],
)
def test_no_content(event: Any) -> None:
    """What carries none, and what is no event at all."""
    assert not _read(event)[0].arrived


def test_a_whole_message() -> None:
    """Id, model, usage, stop reason and end."""
    content: list[ContentBlock] = []
    message = Message.model_construct(
        id="msg_1", model="claude", content=content, usage=Usage.model_construct(input_tokens=7, output_tokens=1)
    )
    start = RawMessageStartEvent.model_construct(type="message_start", message=message)
    wire, _ = _read(start, _delta(type="text_delta", text="a"), _said("max_tokens"))
    assert (wire.response_id, wire.response_model) == ("msg_1", "claude")
    assert (wire.input_tokens, wire.output_tokens) == (7, 5)
    assert (wire.finish_raw, wire.finish) == ("max_tokens", {Finish.LENGTH})
    assert wire.last_event is LastEvent.FINISH
    assert not wire.end_marker
    MESSAGES.read(wire, RawMessageStopEvent(type="message_stop"), 2.0)
    assert wire.end_marker
    assert wire.last_event is LastEvent.END_MARKER


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        ("end_turn", Finish.COMPLETE),
        ("stop_sequence", Finish.COMPLETE),
        ("tool_use", Finish.COMPLETE),
        ("pause_turn", Finish.COMPLETE),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("refusal", Finish.CONTENT_FILTER),
    ],
)
def test_stop_reasons(raw: str, meaning: Finish) -> None:
    """Stop reasons that AutoGen calls unknown are reported, too."""
    assert _read(_said(raw))[0].finish == {meaning}


def test_no_stop_reason() -> None:
    """A `message_delta` may come without one."""
    assert not _read(_said(None))[0].finish


# --- it stays what it is ----------------------------------------------------------------------------------------------


async def test_a_stream_stays_one(exported: Exported, make: Make) -> None:
    """It passes the SDK's own `isinstance`, which needs exactly its class."""
    stream = await make("clean").messages.create(**ASK, stream=True)
    assert isinstance(stream, AsyncStream)
    assert not isinstance(stream, Stream)
    assert not isinstance(object(), AsyncStream)
    assert stream.response.status_code == 200
    async with stream as entered:
        assert entered is stream
        events = [event.type async for event in stream]
    assert (events[0], events[-1]) == ("message_start", "message_stop")
    assert exported.reason() == "completed"


async def test_the_span(exported: Exported, make: Make) -> None:
    """The span of a bare stream has these attributes."""
    async for _ in await make("clean", text="one two").messages.create(**ASK, stream=True):
        pass
    given = exported.one().attributes
    assert given is not None
    assert exported.names == ["chat m"]
    assert given["gen_ai.provider.name"] == "anthropic"
    assert given["server.address"] == "127.0.0.1"
    assert given["gen_ai.response.finish_reasons"] == ("end_turn",)
    assert (given["gen_ai.usage.input_tokens"], given["gen_ai.usage.output_tokens"]) == (7, 2)
    assert (given["lastchunk.stream.history.messages"], given["lastchunk.stream.history.size"]) == (1, 5)
    assert given["lastchunk.stream.size"] == 7


async def test_the_helper_makes_one_span(exported: Exported, make: Make) -> None:
    """`messages.stream` of both kinds, read to the end, left, and never entered."""
    client = make("clean")
    for messages in (client.messages, client.beta.messages):
        async with messages.stream(**ASK) as stream:
            assert "".join([text async for text in stream.text_stream]).startswith("Every stream begins")
            assert (await stream.get_final_message()).stop_reason == "end_turn"
    async with client.messages.stream(**ASK) as stream:
        await anext(aiter(stream))
    assert [span.attributes["lastchunk.stream.termination.reason"] for span in exported.ours if span.attributes] == [
        "completed",
        "completed",
        "abandoned",
    ]


@pytest.mark.parametrize("instrumented", [False, True])
async def test_a_helper_that_is_never_entered(instrument: Instrument, make: Make, instrumented: bool) -> None:
    """One warning, of the SDK's own coroutine, as without us; and no span."""
    exported = instrument()
    if not instrumented:
        AutoGenStreamsInstrumentor().uninstrument()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make("clean").messages.stream(**ASK)
        gc.collect()
    assert [str(warning.message) for warning in caught] == ["coroutine 'AsyncAPIClient.post' was never awaited"]
    assert exported.ours == []


def test_bedrock_has_what_the_others_have(instrument: Instrument) -> None:
    """Its beta messages borrow the functions; and everything is put back."""
    bedrock = AsyncAnthropicBedrock(aws_access_key="a", aws_secret_key="b", aws_region="us-east-1")
    beta, first_party = type(bedrock.beta.messages), anthropic.resources.beta.AsyncMessages
    owners = (AsyncMessages, Messages, beta, first_party)
    before = [vars(owner)[name] for owner in owners for name in ("create", "stream")]
    instrument()
    assert type(bedrock.messages) is AsyncMessages
    assert vars(beta)["create"] is vars(first_party)["create"]
    assert vars(beta)["stream"] is vars(first_party)["stream"]
    assert not any(vars(owner)["create"] is function for owner in owners for function in before)
    AutoGenStreamsInstrumentor().uninstrument()
    assert all(
        now is then
        for now, then in zip(
            (vars(owner)[name] for owner in owners for name in ("create", "stream")), before, strict=True
        )
    )


def test_another_helper_is_not_patched() -> None:
    """A version whose manager keeps its request elsewhere: the patch is skipped with a warning."""
    with pytest.raises(AttributeError, match="__api_request"):
        _place_of_request(test_no_stop_reason)


# --- AutoGen's client -------------------------------------------------------------------------------------------------


async def _drain(url: str) -> None:
    client = AnthropicChatCompletionClient(
        model="m", base_url=url, api_key="none", max_retries=0, max_tokens=9, model_info=MODEL_INFO
    )
    try:
        async for _ in client.create_stream([UserMessage(content="hello", source="user")]):
            pass
    finally:
        await client._client.close()


async def test_one_span_with_autogen(exported: Exported, server: ModelServer) -> None:
    """The SDK's stream is evidence for the client's stream."""
    await _drain(server.url("length", dialect="anthropic"))
    given = exported.one().attributes
    assert given is not None
    assert given["lastchunk.stream.evidence"] == "wire"
    assert given["lastchunk.stream.finish_reason.raw"] == "max_tokens"
    assert given["server.address"] == "127.0.0.1"
    assert exported.reason() == "length"


async def test_anthropic_1_does_not_go_with_autogen(
    instrument: Instrument, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since 1.0 `create` has no `temperature`, which AutoGen 0.7.5 hands over: what that raises names the cause."""

    async def create(self: Any, *, max_tokens: int, messages: Any, model: str, stream: bool = False) -> Any: ...

    monkeypatch.setattr(AsyncMessages, "create", create)
    exported = instrument()
    with pytest.raises(TypeError):
        await _drain(server.url("clean", dialect="anthropic"))
    given = exported.one().attributes
    assert given is not None
    assert exported.reason() == "rejected"
    assert given["lastchunk.stream.termination.cause"] == "package_mismatch"
    assert given["error.type"] == "TypeError"
