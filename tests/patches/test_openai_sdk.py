# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The real openai SDK over real sockets: its stream stays its stream, and says on our span how it ended."""

from __future__ import annotations

import asyncio
import gc
import inspect
import warnings
from collections.abc import AsyncGenerator, Callable
from typing import Any
from unittest.mock import MagicMock

import openai
import pytest
from openai import AsyncOpenAI, AsyncStream, OpenAI, Stream
from openai.resources.chat.completions import AsyncCompletions
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation

from lastchunk.streams import open_streams
from tests.conftest import Exported, Instrument

Sdk = Callable[..., AsyncOpenAI]
SyncSdk = Callable[..., OpenAI]
HELLO: Any = [{"role": "user", "content": "hello"}]
ASK: Any = {"model": "m", "messages": HELLO, "stream": True}


def _text(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


# --- it stays what it is ----------------------------------------------------------------------------------------------


async def test_an_async_stream_stays_one(exported: Exported, sdk: Sdk) -> None:
    """For `isinstance`, for its attributes, for `async with` and for `async for`."""
    stream = await sdk("clean").chat.completions.create(**ASK)
    assert isinstance(stream, AsyncStream)
    assert stream.__class__ is AsyncStream
    assert stream.response.status_code == 200
    assert stream.response.headers["content-type"] == "text/event-stream"
    async with stream as entered:
        assert entered is stream
        chunks = [chunk async for chunk in entered]
    assert all(type(chunk) is ChatCompletionChunk for chunk in chunks)
    assert _text(chunks).startswith("Every stream begins well")
    assert exported.reason() == "completed"


def test_a_sync_stream_stays_one(exported: Exported, sync_sdk: SyncSdk) -> None:
    """A sync stream stays one, without a loop anywhere."""
    stream = sync_sdk("clean").chat.completions.create(**ASK)
    assert isinstance(stream, Stream)
    assert stream.__class__ is Stream
    assert stream.response.status_code == 200
    with stream as entered:
        assert entered is stream
        chunks = list(entered)
    assert _text(chunks).startswith("Every stream begins well")
    assert exported.reason() == "completed"
    assert list(stream) == []
    with pytest.raises(StopIteration):
        next(stream)


@pytest.mark.parametrize("how", ["aclose", "close", "async with", "drop"])
async def test_ways_to_leave_an_async_stream(exported: Exported, sdk: Sdk, how: str) -> None:
    """Each really closes the response, and ends the span once."""
    stream = await sdk("stall").chat.completions.create(**ASK)
    response = stream.response
    await anext(stream)
    if how == "async with":
        async with stream:
            pass
    elif how == "drop":
        await response.aclose()
        del stream
        gc.collect()
        await asyncio.sleep(0)
    else:
        await getattr(stream, how)()
        await getattr(stream, how)()
    assert response.is_closed
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.termination.reason"] == "abandoned"
    assert attributes["lastchunk.stream.termination.cause"] == "partial_consumption"
    assert attributes["lastchunk.stream.chunks"] == 1


@pytest.mark.parametrize("how", ["close", "with"])
def test_ways_to_leave_a_sync_stream(exported: Exported, sync_sdk: SyncSdk, how: str) -> None:
    """The sync client has no other."""
    stream = sync_sdk("clean").chat.completions.create(**ASK)
    next(stream)
    if how == "with":
        with stream:
            pass
    else:
        stream.close()
    assert stream.response.is_closed
    assert exported.reason() == "abandoned"


async def test_leaving_after_the_end_is_no_abandon(exported: Exported, sdk: Sdk) -> None:
    """The finish reason is a bare stream's terminal item: what is left unread is the end marker."""
    stream = await sdk("clean").chat.completions.create(**ASK)
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].finish_reason:
            break
    await stream.close()
    assert exported.reason() == "completed"


async def test_obtained_and_never_iterated(exported: Exported, sdk: Sdk) -> None:
    """The request was made, and its answer thrown away."""
    stream = await sdk("clean").chat.completions.create(**ASK)
    await stream.response.aclose()
    del stream
    gc.collect()
    await asyncio.sleep(0)
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.termination.reason"] == "abandoned"
    assert attributes["lastchunk.stream.last_event"] == "headers"


@pytest.mark.parametrize("instrumented", [False, True])
async def test_a_call_that_is_never_awaited(instrument: Instrument, sdk: Sdk, instrumented: bool) -> None:
    """It makes no request and no span; Python warns once, by the SDK's name for it."""
    exported = instrument() if instrumented else None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call = sdk("clean").chat.completions.create(**ASK)
        assert asyncio.iscoroutine(call)
        assert open_streams.open_streams() == []
        del call
        gc.collect()
    assert [str(warning.message) for warning in caught] == ["coroutine 'AsyncCompletions.create' was never awaited"]
    assert exported is None or exported.all == []


# --- what is not a stream ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [{}, {"stream": False}, {"stream": None}])
async def test_without_streaming(exported: Exported, sdk: Sdk, asked: dict[str, Any]) -> None:
    """A call without streaming has no span."""
    completion = await sdk("clean").chat.completions.create(**{**ASK, "stream": openai.omit, **asked})
    assert type(completion) is ChatCompletion
    assert exported.all == []


async def test_the_helper_for_streams(exported: Exported, sdk: Sdk) -> None:
    """`chat.completions.stream` calls `create` itself: one span."""
    async with sdk("clean").chat.completions.stream(model="m", messages=HELLO) as stream:
        events = [event.type async for event in stream]
    assert "content.delta" in events
    assert exported.names == ["chat m"]
    assert exported.reason() == "completed"


async def test_suppressed(exported: Exported, sdk: Sdk) -> None:
    """OpenTelemetry's own switch, at the call."""
    with suppress_instrumentation():
        stream = await sdk("clean").chat.completions.create(**ASK)
    assert _text([chunk async for chunk in stream])
    assert exported.all == []


# --- span and context -------------------------------------------------------------------------------------------------


async def test_the_span_begins_with_the_request(exported: Exported, sdk: Sdk) -> None:
    """Its parent is whoever awaited the call; the consumer's own span is never ours."""
    tracer = trace.get_tracer("application")
    with tracer.start_as_current_span("request") as request:
        stream = await sdk("slow_first_chunk", wait=0.2).chat.completions.create(**ASK)
        assert trace.get_current_span() is request
    async for _ in stream:
        assert not trace.get_current_span().is_recording()
    span = exported.one()
    assert span.parent.span_id == request.get_span_context().span_id
    assert span.attributes["gen_ai.response.time_to_first_chunk"] >= 0.2
    assert span.end_time - span.start_time >= 0.2e9


async def test_what_the_span_says(exported: Exported, sdk: Sdk) -> None:
    """Of the request, of the endpoint, and of the answer."""
    client = sdk("clean")
    chunks = [chunk async for chunk in await client.chat.completions.create(**ASK)]
    attributes = dict(exported.one().attributes)
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.request.stream": True,
        "gen_ai.response.id": chunks[0].id,
        "gen_ai.response.model": "m",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 15,
        "server.address": "127.0.0.1",
        "server.port": client.base_url.port,
        "lastchunk.stream.chunks": len(chunks),
        "lastchunk.stream.size": len(_text(chunks)),
        "lastchunk.stream.evidence": "wire",
        "lastchunk.stream.last_event": "end_marker",
        "lastchunk.stream.outermost": True,
        "lastchunk.stream.history.messages": 1,
        "lastchunk.stream.history.size": 5,
    }
    assert {key: attributes.get(key) for key in expected} == expected


@pytest.mark.parametrize("sync", [False, True])
@pytest.mark.parametrize(
    ("script", "reason", "cause", "error"),
    [
        ("clean", "completed", None, None),
        ("finish_without_done", "completed", None, None),
        ("done_without_finish", "completed", None, None),
        ("silent_cut", "truncated", "unknown", None),
        ("length", "length", "context_limit", None),
        ("content_filter", "content_filter", "content_filter", None),
        ("rst", "connection_lost", "connection_lost", openai.APIConnectionError),
        ("error_object", "provider_error", "provider_error", openai.APIError),
        ("malformed_json", "protocol_error", "provider_error", ValueError),
        ("json_body", "empty", "no_streaming_support", None),
        ("http_429", "rejected", "rate_limited", openai.RateLimitError),
        ("http_400_context", "rejected", "context_limit", openai.BadRequestError),
        ("rst_before_headers", "rejected", "connection_lost", openai.APIConnectionError),
        ("rst_after_finish", "completed", None, openai.APIConnectionError),
    ],
)
async def test_endings_of_both_clients(
    exported: Exported,
    sdk: Sdk,
    sync_sdk: SyncSdk,
    sync: bool,
    script: str,
    reason: str,
    cause: str | None,
    error: type[Exception] | None,
) -> None:
    """The exception reaches the application as the SDK raised it; the matrix has the rest of the endings."""
    raised = None
    try:
        if sync:
            for _ in sync_sdk(script).chat.completions.create(**ASK):
                pass
        else:
            async for _ in await sdk(script).chat.completions.create(**ASK):
                pass
    except Exception as exc:
        raised = exc
    assert isinstance(raised, error) if error else raised is None
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.termination.reason"] == reason
    assert attributes.get("lastchunk.stream.termination.cause") == cause
    late = attributes.get("lastchunk.stream.late_error")
    assert late == ("openai.APIConnectionError" if script == "rst_after_finish" else None)


async def test_a_timeout(exported: Exported, sdk: Sdk) -> None:
    """The client's own read timeout, after a silence."""
    stream = await sdk("stall", timeout=0.2).chat.completions.create(**ASK)

    async def read() -> None:
        async for _ in stream:
            pass

    with pytest.raises(openai.APITimeoutError):
        await read()
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.termination.reason"] == "timeout"
    assert attributes["lastchunk.stream.termination.cause"] == "idle_timeout"
    assert attributes["lastchunk.stream.idle_at_end"] >= 0.2
    assert attributes["error.type"] == "openai.APITimeoutError"


async def test_a_task_per_chunk(exported: Exported, sdk: Sdk) -> None:
    """As AutoGen reads it; a step at a time, and some in a loop."""
    stream = await sdk("clean").chat.completions.create(**ASK)
    first = await asyncio.ensure_future(anext(stream))
    second = await asyncio.wait_for(anext(stream), 5)
    rest = [chunk async for chunk in stream]
    assert exported.one().attributes["lastchunk.stream.chunks"] == len([first, second, *rest])


# --- awkward shapes ---------------------------------------------------------------------------------------------------


@pytest.fixture(name="replace_create")
def _replace_create(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Replace the SDK's method, as tests and caches do."""

    def replace(function: Any) -> None:
        monkeypatch.setattr(AsyncCompletions, "create", function)

    return replace


async def _chunks() -> AsyncGenerator[ChatCompletionChunk, None]:
    for finish in (None, "stop"):
        choice: Any = {"index": 0, "delta": {"content": "hi"}, "finish_reason": finish}
        yield ChatCompletionChunk(id="1", choices=[choice], created=1, model="m", object="chat.completion.chunk")


async def test_a_method_replaced_before(
    instrument: Instrument, sdk: Sdk, replace_create: Callable[[Any], None]
) -> None:
    """By one that returns a plain async generator: it is observed, and stays one."""

    async def create(self: Any, **kwargs: Any) -> Any:
        return _chunks()

    replace_create(create)
    exported = instrument()
    stream: Any = await sdk("clean").chat.completions.create(**ASK)
    assert inspect.isasyncgen(stream)
    assert len([chunk async for chunk in stream]) == 2
    assert exported.reason() == "completed"


async def test_a_method_replaced_after(exported: Exported, sdk: Sdk, replace_create: Callable[[Any], None]) -> None:
    """The application's own method is called, and has no span."""

    async def create(self: Any, **kwargs: Any) -> Any:
        return _chunks()

    replace_create(create)
    stream: Any = await sdk("clean").chat.completions.create(**ASK)
    assert len([chunk async for chunk in stream]) == 2
    assert exported.all == []


async def test_a_method_replaced_on_one_client(exported: Exported, sdk: Sdk) -> None:
    """Other clients are observed as ever."""
    client: Any = sdk("clean")

    async def create(**kwargs: Any) -> Any:
        return _chunks()

    client.chat.completions.create = create
    assert len([chunk async for chunk in await client.chat.completions.create(**ASK)]) == 2
    assert exported.all == []
    assert [chunk async for chunk in await sdk("clean").chat.completions.create(**ASK)]
    assert len(exported.ours) == 1


@pytest.mark.parametrize("given", [None, "text", MagicMock(spec=["choices"]), ["chunk"]])
async def test_what_is_no_stream(
    instrument: Instrument, sdk: Sdk, replace_create: Callable[[Any], None], given: Any
) -> None:
    """It is handed on as it is, and no stream is left open for it."""

    async def create(self: Any, **kwargs: Any) -> Any:
        return given

    replace_create(create)
    instrument()
    assert await sdk("clean").chat.completions.create(**ASK) is given
    assert open_streams.open_streams() == []


@pytest.mark.parametrize(
    "odd",
    [
        {"model": MagicMock()},
        {"messages": MagicMock()},
        {"messages": []},
        {"messages": [MagicMock()]},
        {"extra_headers": MagicMock()},
        {"extra_headers": {"X-Own": "1"}},
    ],
)
async def test_odd_arguments(
    instrument: Instrument, sdk: Sdk, replace_create: Callable[[Any], None], odd: dict[str, Any]
) -> None:
    """A mock of the SDK takes anything; the span leaves out what it cannot tell."""

    async def create(self: Any, **kwargs: Any) -> Any:
        return _chunks()

    replace_create(create)
    exported = instrument()
    assert len([chunk async for chunk in await sdk("clean").chat.completions.create(**{**ASK, **odd})]) == 2
    assert exported.reason() == "completed"
    assert "Mock" not in exported.one().to_json()


@pytest.mark.parametrize("chunk", [None, "text", MagicMock(), MagicMock(choices=None, usage=None), object()])
async def test_odd_chunks(
    instrument: Instrument,
    sdk: Sdk,
    replace_create: Callable[[Any], None],
    reported: Callable[[], list[str]],
    chunk: Any,
) -> None:
    """They reach the application as they are, whether or not anything can be read of them."""

    async def create(self: Any, **kwargs: Any) -> Any:
        async def chunks() -> AsyncGenerator[Any, None]:
            yield chunk
            async for well in _chunks():
                yield well

        return chunks()

    replace_create(create)
    exported = instrument()
    received = [item async for item in await sdk("clean").chat.completions.create(**ASK)]
    assert received[0] is chunk
    assert exported.one().attributes["lastchunk.stream.chunks"] == 3
    assert exported.reason() == "completed"
    assert "Mock" not in exported.one().to_json()
    assert reported() == []


async def test_a_call_with_wrong_arguments(exported: Exported, sdk: Sdk) -> None:
    """The SDK's own `TypeError`, at the call: there is nothing to be awaited."""
    with pytest.raises(TypeError):
        sdk("clean").chat.completions.create(model="m", stream=True)  # type: ignore[call-overload]
    assert exported.all == []
