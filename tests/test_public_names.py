# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The names that an application may rely on, and what importing them brings along."""

from __future__ import annotations

import subprocess
import sys

import lastchunk


def test_public_names() -> None:
    """Adding a name is a promise, and removing one breaks it: either is made here first."""
    assert lastchunk.__all__ == [
        "KEEPALIVE",
        "About",
        "AutoGenStreamsInstrumentor",
        "Cause",
        "Ending",
        "GuardedChatCompletionClient",
        "KeepAlive",
        "Operation",
        "Reason",
        "StreamCutOff",
        "StreamStalled",
        "__version__",
        "ending_of",
        "guard",
        "keepalive",
        "retry_if_cutoff",
        "wait_retry_after",
    ]
    assert set(lastchunk.__all__) <= set(dir(lastchunk))
    assert all(hasattr(lastchunk, name) for name in lastchunk.__all__)


def test_import_brings_no_library_along() -> None:
    """It imports nothing that the application does not: no AutoGen, no SDK of a provider or of OpenTelemetry."""
    code = "import sys; from lastchunk import AutoGenStreamsInstrumentor;"
    code += "print(*sorted({name.partition('.')[0] for name in sys.modules} | set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    imported = set(done.stdout.split())
    assert "lastchunk.instrumentor" in imported
    assert imported.isdisjoint(
        {
            *("autogen", "autogen_agentchat", "autogen_core", "autogen_ext"),
            *("openai", "anthropic", "ollama", "azure", "httpx", "pydantic"),
            *("opentelemetry.sdk", "click", "rich", "llmock"),
        }
    )
