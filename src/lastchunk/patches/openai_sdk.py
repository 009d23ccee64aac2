# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`chat.completions.create(stream=True)` of the openai SDK, async and sync.

Inside a `create_stream` it is evidence for that stream; anywhere else it is a stream of its own. Items:
`ChatCompletionChunk`. Source: openai/resources/chat/completions/completions.py and openai/_streaming.py.
"""

from __future__ import annotations

from lastchunk.patches.support import sse_body
from lastchunk.patches.support.chat_completions import answers_tool, read_chunk
from lastchunk.patches.support.stainless import calls_of_resource, patch_of_resource

NAME, SUPPORTED = "the openai SDK", ">= 1.66, < 4"


def provider_of(client: object) -> str:
    """`gen_ai.provider.name` of a client of the SDK."""
    return "azure.ai.openai" if "Azure" in type(client).__name__ else "openai"


CHAT = calls_of_resource(
    NAME,
    provider_of=provider_of,
    asked="messages",
    answers_tool=answers_tool,
    read=read_chunk,
    framing=sse_body.CHAT,
)

PATCHES = (
    patch_of_resource("openai", SUPPORTED, "openai.resources.chat.completions.completions", "Completions", CHAT),
)
