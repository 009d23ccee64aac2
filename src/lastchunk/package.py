# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The metadata that OpenTelemetry reads: which distributions this instrumentation is for, and that it records metrics.

The same list stands in ``pyproject.toml`` as the extra ``instruments-any``, which is what ``opentelemetry-instrument``
reads (a test keeps the two equal). One of them suffices, in any version: an application with nothing but an SDK, or
nothing but AG2, must not be skipped, and whether a version fits is judged by each patch for its own library.
"""

from __future__ import annotations

_instruments: tuple[str, ...] = ()
"""Distributions that must all be present: none."""

_instruments_any: tuple[str, ...] = (
    "autogen-agentchat>=0.dev0",
    "autogen-core>=0.dev0",
    "pyautogen>=0.dev0",
    "autogen>=0.dev0",
    "ag2>=0.dev0",
    "openai>=0.dev0",
    "anthropic>=0.dev0",
    "ollama>=0.dev0",
    "azure-ai-inference>=0.dev0",
    "mistralai>=0.dev0",
    "google-genai>=0.dev0",
    "agent-framework-core>=0.dev0",
)
"""At least one of these distributions must be installed. ``>=0.dev0`` is every version, including pre-releases."""

_supports_metrics = True
