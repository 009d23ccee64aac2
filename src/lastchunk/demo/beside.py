# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a command together with a local model server that breaks streams as it is told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from lastchunk import stopped
from lastchunk.model_server.server import ModelServer

ANSWER = "Lisbon is sunny today, so take the tram up to the castle and stay there for the sunset over the river."
PRINTED = {
    "OTEL_TRACES_EXPORTER": "lastchunk_console",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}
"""Where telemetry goes, unless the environment says otherwise."""


def run(command: Sequence[str], *, ending: str, wait: float) -> int:
    """Run `command` to its end, with the variables by which SDKs find the server. Its exit status; 128 + N after signal N.

    `ending` is a name in `lastchunk.model_server.scripts.SCRIPTS`, `wait` the seconds of silence in those endings that have
    one. Raises OSError if the command does not exist or cannot be run.
    """
    speech: dict[str, Any] = {"text": ANSWER, "gap": 0.03, "wait": wait}
    with ModelServer() as server:
        told = {
            "OPENAI_BASE_URL": server.url(ending, **speech),
            "OPENAI_API_KEY": "none",
            "ANTHROPIC_BASE_URL": server.url(ending, dialect="anthropic", **speech),
            "ANTHROPIC_API_KEY": "none",
            "OLLAMA_HOST": server.url(ending, dialect="ollama", **speech),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        return stopped.run(command, PRINTED | os.environ | told)
