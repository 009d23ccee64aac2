# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`ChatCompletionsClient.complete(stream=True)` of azure-ai-inference, async and sync.

Items: `StreamingChatCompletionsUpdate`; the SDK skips whatever has neither choices nor usage, errors included, and swallows
`[DONE]`. Source: azure/ai/inference/_patch.py, azure/ai/inference/aio/_patch.py and azure/ai/inference/models/_patch.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from lastchunk.patches.support import sse_body
from lastchunk.patches.support.chat_completions import answers_tool, read_chunk
from lastchunk.patches.support.fields import field
from lastchunk.patches.support.history import history_of
from lastchunk.patches.support.patching import Patch, Patcher, argument
from lastchunk.patches.support.sdk_calls import Sdk, bare_stream
from lastchunk.patches.support.shapes import StreamOfBytes
from lastchunk.patches.support.sse_body import SseBody
from lastchunk.streams.start import Start
from lastchunk.streams.wire import Wire

_SUPPORTED = ">= 1.0.0b7, < 2"


def _apply(module: ModuleType, patcher: Patcher) -> None:
    CHAT.wrap(patcher, module.ChatCompletionsClient, "complete")


def _apply_async(module: ModuleType, patcher: Patcher) -> None:
    CHAT.wrap_async(patcher, module.ChatCompletionsClient, "complete")


def _said(args: Sequence[object], kwargs: Mapping[str, object], name: str) -> object:
    """Return an argument of `complete`, which the call may also give in the body."""
    given = argument(args, kwargs, 0, "body")
    return field(given, name) if isinstance(given, dict) else kwargs.get(name)


def _asks(args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    return _said(args, kwargs, "stream") is True


def _describe(client: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Start:
    messages = _said(args, kwargs, "messages")
    model = _said(args, kwargs, "model")
    return bare_stream(
        client,
        provider="azure.ai.inference",
        model=field(client, "_model") if model is None else model,
        url=field(field(client, "_config"), "endpoint"),
        history=history_of(messages),
        may_be_silent=answers_tool(messages),
    )


def _obtained(wire: Wire, stream: StreamOfBytes) -> None:
    headers = getattr(getattr(stream, "_response", None), "headers", None)
    wire.obtained(str(headers.get("content-type", "")) if headers is not None else "")
    source: Any = getattr(stream, "_bytes_iterator", None)
    seen = SseBody(wire, sse_body.CHAT, skips_errors=True)
    if hasattr(source, "__anext__"):
        stream._bytes_iterator = seen.look_async(source)
    elif hasattr(source, "__next__"):
        stream._bytes_iterator = seen.look_sync(source)


CHAT = Sdk(name="azure-ai-inference", asks=_asks, describe=_describe, read=read_chunk, obtained=_obtained)

PATCHES = (
    Patch("azure-ai-inference", _SUPPORTED, "azure.ai.inference._patch", _apply),
    Patch("azure-ai-inference", _SUPPORTED, "azure.ai.inference.aio._patch", _apply_async),
)
