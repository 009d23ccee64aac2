# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`completions.create(stream=True)` of the openai SDK, async and sync: the older API, which self-hosted models still speak.

Items: `Completion`, whose choices have a `text`. Source: openai/resources/completions.py and openai/types/completion.py.
"""

from __future__ import annotations

from lastchunk.patches.openai_sdk import NAME, SUPPORTED, provider_of
from lastchunk.patches.support import sse_body
from lastchunk.patches.support.chat_completions import read_chunk
from lastchunk.patches.support.history import size_of_text
from lastchunk.patches.support.stainless import calls_of_resource, patch_of_resource
from lastchunk.streams.start import History


def _history_of(prompt: object) -> History | None:
    """Return the size of the prompt. A text is one message; a prompt may also be tokens, or several."""
    return History(1, size_of_text(prompt)) if isinstance(prompt, str) else None


COMPLETIONS = calls_of_resource(
    NAME,
    provider_of=provider_of,
    asked="prompt",
    history=_history_of,
    read=read_chunk,
    framing=sse_body.CHAT,
)

PATCHES = (patch_of_resource("openai", SUPPORTED, "openai.resources.completions", "Completions", COMPLETIONS),)
