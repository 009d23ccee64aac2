# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where streams begin: one module per patched library; nothing else knows that library."""

from __future__ import annotations

from lastchunk.patches import agentchat, model_clients, openai_sdk, runtime
from lastchunk.patches.patching import Patch

PATCHES: tuple[Patch, ...] = (*agentchat.PATCHES, *runtime.PATCHES, *model_clients.PATCHES, *openai_sdk.PATCHES)
"""Every patch, in the order in which they are applied to modules that are already imported."""
