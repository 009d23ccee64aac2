# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`chat(stream=True)` of the ollama client, async and sync.

Items: `ChatResponse`, the last with `done` and `done_reason`. What the call gives is a generator, which makes its request
at its first step and shows no headers. Source: ollama/_client.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

from lastchunk import foreign
from lastchunk.patches.support.carried import carried
from lastchunk.patches.support.chat_completions import answers_tool, identifier
from lastchunk.patches.support.fields import field
from lastchunk.patches.support.history import history_of
from lastchunk.patches.support.patching import Patch, Patcher, argument
from lastchunk.patches.support.sdk_calls import Content, Sdk, bare_stream
from lastchunk.semconv import ChunkKind
from lastchunk.streams.start import Start
from lastchunk.streams.wire import Wire

_READING = frozenset({"aiter_lines", "iter_lines", "loads"})
"""Functions that the generator calls when it has the response, and not before."""
_ERROR_IN_STREAM = -1
"""The status of a `ResponseError` that stood in the body."""


def _apply(module: ModuleType, patcher: Patcher) -> None:
    CHAT.wrap_async(patcher, module.AsyncClient, "chat")
    CHAT.wrap(patcher, module.Client, "chat")


def _asks(args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    return kwargs.get("stream") is True


def _describe(client: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start:
    messages = argument(args, kwargs, 1, "messages")
    return bare_stream(
        client,
        provider="ollama",
        model=argument(args, kwargs, 0, "model"),
        url=field(field(client, "_client"), "_base_url"),
        history=history_of(messages),
        may_be_silent=answers_tool(messages),
    )


def _read(wire: Wire, chunk: object, now: float) -> Content:
    if wire.response_model is None:
        wire.named(None, getattr(chunk, "model", None))
    kind, size = carried(getattr(chunk, "message", None))
    wire.last_event = kind
    arrived = bool(size) or kind is ChunkKind.TOOL_CALL
    if arrived:
        wire.content(kind, now)
    if getattr(chunk, "done", False) is True:
        wire.usage(getattr(chunk, "prompt_eval_count", None), getattr(chunk, "eval_count", None))
        for name in ("load_duration", "prompt_eval_duration"):
            wire.accounted_wait += (foreign.count(getattr(chunk, name, None)) or 0) / 1e9
        reason = identifier(chunk, "done_reason")
        if reason is not None:
            wire.finished(reason, with_content=arrived)
        wire.end_marker_came()
    return kind, size


def _after_headers(error: BaseException) -> bool:
    """Whether the error was raised while the body was read, or was in it."""
    if field(error, "status_code") == _ERROR_IN_STREAM:
        return True
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_name in _READING:
            return True
        traceback = traceback.tb_next
    return False


CHAT = Sdk(
    name="the ollama client", asks=_asks, describe=_describe, read=_read, lazy=True, after_headers=_after_headers
)

PATCHES = (Patch("ollama", ">= 0.4, < 0.7", "ollama._client", _apply),)
