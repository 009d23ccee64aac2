# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""With openinference, genai-openai, langfuse and logfire at once in one process, each stream has one span of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.examples.running import Receiver
from tests.stack import peers
from tests.stack.run import APPLICATION

pytestmark = pytest.mark.timeout(120)
THEIRS = {
    "logfire": "logfire.openai",
    "openinference": "openinference.instrumentation.autogen_agentchat",
    "openinference-openai": "openinference.instrumentation.openai",
    "genai_openai": "opentelemetry.instrumentation.genai.openai",
    "langfuse": "langfuse-sdk",
}


@pytest.fixture(name="models")
def _models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(name="receiver")
def _receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def test_each_stream_has_one_span_of_ours(
    models: ModelServer, receiver: Receiver, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    scripts = {
        "clean": "completed",
        "silent_cut": "truncated",
        "rst": "connection_lost",
        "http_400_context": "rejected",
    }
    plan = [{"url": models.url(script), "does": "read", "team": team} for script in scripts for team in (False, True)]
    files = [tmp_path / "plan.json", tmp_path / "report.json"]
    files[0].write_text(json.dumps(plan))
    command = [sys.executable, peers.__file__, "together", APPLICATION, *files]
    done = subprocess.run(command, env=environment(receiver), capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr[-3000:]

    scopes = Counter(span.scope for span in receiver.spans)
    figure(f"spans by scope: {dict(scopes)}")
    assert set(THEIRS.values()) <= scopes.keys(), "one of them is not at work: this proves nothing"
    found = Counter((span.name.partition(" ")[0], span.ending[0]) for span in receiver.ours)
    expected = Counter()
    for reason in scripts.values():
        expected["chat", reason] += 2
        expected["invoke_agent", reason] += 2
        expected["invoke_workflow", reason] += 1
    assert found == expected
    assert not [span for span in receiver.spans if "autogen" in span.scope and span.name.startswith("invoke_agent")]
    assert {semconv.ENDED.name, semconv.CUTOFFS.name} <= receiver.metrics


def environment(receiver: Receiver) -> dict[str, str]:
    """Everything goes to the receiver."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LASTCHUNK_"))}
    return inherited | {
        "PYTHONPATH": str(Path.cwd()),
        "NO_PROXY": "127.0.0.1",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
    }
