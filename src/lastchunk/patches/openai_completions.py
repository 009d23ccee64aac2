# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`completions.create(stream=True)` of the openai SDK, async and sync: the older API, which self-hosted models still speak.

Items: `Completion`, whose choices have a `text`. Source: openai/resources/completions.py and openai/types/completion.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from lastchunk.patches.openai_sdk import CHAT, provider_of
from lastchunk.patches.support.chat_completions import identifier
from lastchunk.patches.support.history import size_of_text
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import Content, bare_stream
from lastchunk.patches.support.stainless import client_of
from lastchunk.semconv import ChunkKind
from lastchunk.streams.record import History, Start
from lastchunk.streams.wire import Wire


def _apply(module: ModuleType, patcher: Patcher) -> None:
    COMPLETIONS.wrap_async(patcher, module.AsyncCompletions, "create")
    COMPLETIONS.wrap(patcher, module.Completions, "create")


def _describe(completions: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Start:
    client, url = client_of(completions)
    prompt = kwargs.get("prompt")
    return bare_stream(
        completions,
        provider=provider_of(client),
        model=kwargs.get("model"),
        url=url,
        history=History(1, size_of_text(prompt)) if isinstance(prompt, str) else None,
        may_be_silent=False,
    )


def _read(wire: Wire, chunk: Any, now: float) -> Content:
    kind, size = ChunkKind.MESSAGE, 0
    if wire.response_id is None:
        wire.response_id, wire.response_model = identifier(chunk, "id"), identifier(chunk, "model")
    choices = getattr(chunk, "choices", None) or ()
    for choice in choices:
        text = identifier(choice, "text")
        if text is not None:
            kind, size = ChunkKind.TEXT, size + size_of_text(text)
            wire.content(kind, now)
        reason = identifier(choice, "finish_reason")
        if reason is not None:
            wire.finished(reason)
    usage = getattr(chunk, "usage", None)
    if usage is not None:
        wire.usage(getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
        if not choices:
            kind = ChunkKind.USAGE
    return kind, size


COMPLETIONS = replace(CHAT, describe=_describe, read=_read)

PATCHES = (Patch("openai", ">= 1.66, < 4", "openai.resources.completions", _apply),)
