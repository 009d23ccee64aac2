# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`chat.completions.create(stream=True)` of the openai SDK, async and sync.

Inside a `create_stream` it is evidence for that stream; anywhere else it is a stream of its own. Items:
`ChatCompletionChunk`. Source: openai/resources/chat/completions/completions.py and openai/_streaming.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from lastchunk.patches.support import sse_body
from lastchunk.patches.support.chat_completions import answers_tool, read_chunk
from lastchunk.patches.support.history import history_of
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import Sdk, bare_stream
from lastchunk.patches.support.stainless import asks_for_stream, client_of, opened
from lastchunk.streams.record import Start
from lastchunk.streams.wire import Wire


def _apply(module: ModuleType, patcher: Patcher) -> None:
    CHAT.wrap_async(patcher, module.AsyncCompletions, "create")
    CHAT.wrap(patcher, module.Completions, "create")


def _describe(completions: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Start:
    client, url = client_of(completions)
    messages = kwargs.get("messages")
    return bare_stream(
        completions,
        provider=provider_of(client),
        model=kwargs.get("model"),
        url=url,
        history=history_of(messages),
        may_be_silent=answers_tool(messages),
    )


def provider_of(client: Any) -> str:
    """`gen_ai.provider.name` of a client of the SDK."""
    return "azure.ai.openai" if "Azure" in type(client).__name__ else "openai"


def _opened(wire: Wire, stream: Any) -> None:
    opened(wire, stream, sse_body.CHAT)


CHAT = Sdk(name="the openai SDK", asks=asks_for_stream, describe=_describe, read=read_chunk, opened=_opened)

PATCHES = (Patch("openai", ">= 1.66, < 4", "openai.resources.chat.completions.completions", _apply),)
