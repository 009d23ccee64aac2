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
from lastchunk.patches.support.history import size_of_text
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import bare_stream
from lastchunk.patches.support.stainless import client_of
from lastchunk.streams.record import History, Start


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


COMPLETIONS = replace(CHAT, describe=_describe)

PATCHES = (Patch("openai", ">= 1.66, < 4", "openai.resources.completions", _apply),)
