# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`chat.completions.create(stream=True)` of the openai SDK, async and sync.

Inside a `create_stream` it is evidence for that stream; anywhere else it is a stream of its own. Items:
`ChatCompletionChunk`. Source: openai/resources/chat/completions/completions.py and openai/_streaming.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from lastchunk import semconv
from lastchunk.patches.history import history_of, size_of_text
from lastchunk.patches.model_clients import endpoint
from lastchunk.patches.patching import Patch, Patcher
from lastchunk.semconv import ChunkKind, Operation, WaitingFor
from lastchunk.streams.guard import report
from lastchunk.streams.lifecycle import current_stream
from lastchunk.streams.observed import InContext
from lastchunk.streams.observer import Observer, Tap
from lastchunk.streams.record import Start, StreamRecord
from lastchunk.streams.sdk_streams import ObservedAsyncStream, ObservedStream
from lastchunk.streams.wire import Wire

_RAW_RESPONSE = "x-stainless-raw-response"
"""The header by which `with_raw_response` and `with_streaming_response` ask for something else than a stream."""

_END_MARKER = b"data: [DONE]"


def _apply(module: ModuleType, patcher: Patcher) -> None:
    def create_async(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        answer = wrapped(*args, **kwargs)
        return _observed_async(patcher, instance, kwargs, answer) if _streams(kwargs) else answer

    def create(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not _streams(kwargs):
            return wrapped(*args, **kwargs)
        observer = _observer(patcher, instance, kwargs)
        observer.begin()
        observer.step_begins()
        try:
            stream = observer.run(wrapped, *args, **kwargs)
        except BaseException as error:
            observer.failed(error)
            raise
        return ObservedStream(stream, observer) if _obtained(observer, stream) else stream

    patcher.wrap(module.AsyncCompletions, "create", create_async)
    patcher.wrap(module.Completions, "create", create)


def _streams(kwargs: Mapping[str, Any]) -> bool:
    if kwargs.get("stream") is not True:
        return False
    headers = kwargs.get("extra_headers")
    return not (isinstance(headers, Mapping) and any(str(name).lower() == _RAW_RESPONSE for name in headers))


async def _observed_async(patcher: Patcher, instance: Any, kwargs: Mapping[str, Any], answer: Awaitable[Any]) -> Any:
    observer = _observer(patcher, instance, kwargs)
    observer.begin()
    observer.step_begins()
    try:
        stream = await InContext(observer.run, answer)
    except BaseException as error:
        observer.failed(error)
        raise
    if not _obtained(observer, stream):
        return stream
    return ObservedAsyncStream(stream, observer) if hasattr(stream, "__anext__") else stream


def _observer(patcher: Patcher, instance: Any, kwargs: Mapping[str, Any]) -> Observer | Tap:
    """A tap where a model stream is under way, else a stream of its own."""
    above = current_stream()
    if above is not None and above.operation is Operation.CHAT and above.ending is None:
        above.wire = Wire()
        return Tap(above, _on_chunk)
    return Observer(patcher.streams, lambda: _describe(instance, kwargs), _on_item)


def _describe(completions: Any, kwargs: Mapping[str, Any]) -> Start:
    client = getattr(completions, "_client", None)
    messages = kwargs.get("messages")
    last = messages[-1] if isinstance(messages, list | tuple) and messages else None
    return Start(
        operation=Operation.CHAT,
        subject=id(completions),
        attributes={
            semconv.PROVIDER_NAME: "azure.ai.openai" if "Azure" in type(client).__name__ else "openai",
            semconv.REQUEST_MODEL: kwargs.get("model"),
            **endpoint(getattr(client, "base_url", None)),
        },
        history=history_of(messages),
        may_be_silent=isinstance(last, Mapping) and last.get("role") == "tool",
        bare=True,
    )


def _obtained(observer: Observer | Tap, stream: Any) -> bool:
    """The response headers came; True if the stream is to be watched."""
    record = observer.record
    if record is None or record.ending is not None:
        return False
    try:
        wire = record.wire
        if wire is None:
            return False
        headers = getattr(getattr(stream, "response", None), "headers", None)
        wire.obtained(str(headers.get("content-type", "")) if headers is not None else "")
        now = record.clock()
        if isinstance(observer, Observer):
            record.step_ends(now)
        else:
            record.heard(now)
        _watch_end_marker(stream, wire)
    except Exception as exc:
        report("the response of the openai SDK", exc)
    return True


def _watch_end_marker(stream: Any, wire: Wire) -> None:
    """Look for `[DONE]`, which the SDK swallows, at the tail of each network read: nothing is paid per chunk."""
    decoder = getattr(stream, "_decoder", None)
    if decoder is not None:
        stream._decoder = _EndMarkerDecoder(decoder, wire)


class _EndMarkerDecoder:
    """The SDK's decoder, with a look at what it is given."""

    def __init__(self, decoder: Any, wire: Wire) -> None:
        self._decoder = decoder
        self._wire = wire
        self._tail = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)

    def _look(self, data: bytes) -> None:
        self._tail = (self._tail + data[-len(_END_MARKER) - 8 :])[-len(_END_MARKER) - 8 :]
        if self._tail.rstrip().endswith(_END_MARKER):
            self._wire.ended()

    async def _look_async(self, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for data in source:
            self._look(data)
            yield data

    def _look_sync(self, source: Iterator[bytes]) -> Iterator[bytes]:
        for data in source:
            self._look(data)
            yield data

    def aiter_bytes(self, source: AsyncIterator[bytes]) -> Any:
        """As the SDK's."""
        return self._decoder.aiter_bytes(self._look_async(source))

    def iter_bytes(self, source: Iterator[bytes]) -> Any:
        """As the SDK's."""
        return self._decoder.iter_bytes(self._look_sync(source))


def _on_item(record: StreamRecord, chunk: Any, now: float, gap: float) -> None:
    """A chunk of a stream of its own."""
    kind, size = _read(record, chunk, now)
    record.waiting_for = WaitingFor.NEXT_CHUNK
    record.chunk(kind, size, now, gap)


def _on_chunk(record: StreamRecord, chunk: Any, now: float) -> None:
    """A chunk on the wire below a `create_stream`."""
    _read(record, chunk, now)


def _read(record: StreamRecord, chunk: Any, now: float) -> tuple[ChunkKind, int]:
    """Take the evidence out of a chunk; gives what it carries, and how much."""
    wire = record.wire
    kind, size = ChunkKind.MESSAGE, 0
    if wire is None or chunk is None:
        return kind, size
    if wire.response_id is None:
        wire.response_id = _identifier(chunk, "id")
        wire.response_model = _identifier(chunk, "model")
    choices = getattr(chunk, "choices", None)
    if choices is None and getattr(chunk, "object", None) == "error":
        wire.provider_error = True
    for choice in choices or ():
        kind, size = _content(choice.delta)
        if size or kind is ChunkKind.TOOL_CALL:
            wire.content(kind, now)
        reason = choice.finish_reason
        if isinstance(reason, str) and reason:
            wire.finished(reason)
    usage = getattr(chunk, "usage", None)
    if usage is not None:
        wire.usage(usage.prompt_tokens, usage.completion_tokens)
        if not choices:
            kind = ChunkKind.USAGE
            wire.last_event = kind
    return kind, size


def _identifier(chunk: Any, name: str) -> str | None:
    value = getattr(chunk, name, None)
    return value if isinstance(value, str) and value else None


def _content(delta: Any) -> tuple[ChunkKind, int]:
    text = getattr(delta, "content", None) or getattr(delta, "refusal", None)
    if isinstance(text, str) and text:
        return ChunkKind.TEXT, size_of_text(text)
    calls = getattr(delta, "tool_calls", None)
    if calls:
        return ChunkKind.TOOL_CALL, sum(_size_of_call(call) for call in calls)
    for name in ("reasoning_content", "reasoning"):
        thought = getattr(delta, name, None)
        if isinstance(thought, str) and thought:
            return ChunkKind.REASONING, size_of_text(thought)
    return ChunkKind.MESSAGE, 0


def _size_of_call(call: Any) -> int:
    arguments = getattr(getattr(call, "function", None), "arguments", None)
    return size_of_text(arguments) if isinstance(arguments, str) else 0


PATCHES = (Patch("openai", ">= 1.66, < 4", "openai.resources.chat.completions.completions", _apply),)
