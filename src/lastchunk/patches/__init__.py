# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Patches the libraries in which streams begin: one module per library; nothing else knows that library."""

from __future__ import annotations

from lastchunk.patches import (
    ag2,
    agent_framework,
    agentchat,
    anthropic_sdk,
    azure_inference,
    classic,
    google_genai_sdk,
    mistral_sdk,
    model_clients,
    ollama_sdk,
    openai_completions,
    openai_responses,
    openai_sdk,
    runtime,
    uvicorn_server,
    web_servers,
    web_sockets,
)
from lastchunk.patches.support.patching import Patch

PATCHES: tuple[Patch, ...] = (
    *agentchat.PATCHES,
    *runtime.PATCHES,
    *model_clients.PATCHES,
    *openai_sdk.PATCHES,
    *openai_completions.PATCHES,
    *openai_responses.PATCHES,
    *anthropic_sdk.PATCHES,
    *ollama_sdk.PATCHES,
    *azure_inference.PATCHES,
    *mistral_sdk.PATCHES,
    *google_genai_sdk.PATCHES,
    *classic.PATCHES,
    *uvicorn_server.PATCHES,
    *web_servers.PATCHES,
    *web_sockets.PATCHES,
    *agent_framework.PATCHES,
    *ag2.PATCHES,
)
"""Every patch, in the order in which they are applied to modules that are already imported."""
