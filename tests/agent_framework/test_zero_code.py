# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`opentelemetry-instrument python app.py`, as docs/agent-framework.md says: an application of Agent Framework, unchanged."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from tests.examples.running import ROOT, Receiver, environment

PAGE = ROOT / "docs" / "agent-framework.md"
ANSWER = "Take the tram up to the castle and stay."
TELEMETRY = {"on": {}, "off": {"ENABLE_INSTRUMENTATION": "false"}}
"""Agent Framework's own; on is its default."""
NAMES = {
    "on": {"chat gpt-4o-mini", "invoke_agent guide", "invoke_agent writer", "workflow.run"},
    "off": {"chat gpt-4o-mini", "invoke_agent guide", "invoke_agent writer", "invoke_workflow newsroom"},
}
"""Of the spans that have an ending."""
SCOPES = {"on": "agent_framework", "off": semconv.SCOPE}
"""Whose they are."""


def command() -> list[str]:
    """What the page says."""
    (found,) = re.findall(r"^\$ (opentelemetry-instrument python .*)$", PAGE.read_text(), re.MULTILINE)
    return shlex.split(found)


def run(receiver: Receiver, url: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the application to its end; its telemetry goes to the receiver."""
    told = {
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": "none",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
    }
    return subprocess.run(
        command(),
        env=environment(receiver, **told, **settings),
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize(
    ("telemetry", "script", "ending"),
    [
        ("on", "clean", ("completed", "")),
        ("on", "silent_cut", ("truncated", "unknown")),
        ("off", "silent_cut", ("truncated", "unknown")),
    ],
)
def test_an_application(
    server: ModelServer, receiver: Receiver, telemetry: str, script: str, ending: tuple[str, str]
) -> None:
    """Each stream says how it ended, and no metric is recorded by both."""
    done = run(receiver, server.url(script, text=ANSWER), TELEMETRY[telemetry])
    assert (done.returncode, done.stderr) == (0, "")
    whole = ANSWER in done.stdout
    assert whole == (script == "clean")
    assert done.stdout.count("Take the tram") == 2
    ended = [span for span in receiver.spans if semconv.TERMINATION_REASON in span.attributes]
    assert {span.name for span in ended} == NAMES[telemetry]
    assert {span.ending for span in ended} == {ending}
    assert {span.scope for span in ended} == {SCOPES[telemetry]}
    assert sorted(span.name for span in ended if span.name.startswith("chat")) == ["chat gpt-4o-mini"] * 2
    assert len([span for span in receiver.spans if span.name.startswith("chat")]) == 2
    assert receiver.scopes[semconv.ENDED.name] == {semconv.SCOPE}
    assert receiver.scopes[semconv.OPERATION_DURATION.name] == {SCOPES[telemetry]}
    assert receiver.events == ([] if whole else [semconv.CUTOFF_EVENT] * 2), (
        "one for each answer, not for the runs that inherit it"
    )


def test_the_application_knows_nothing_of_telemetry() -> None:
    """Neither of ours, nor of OpenTelemetry."""
    imports = re.findall(r"^(?:import|from) (\w+)", Path(__file__).with_name("app.py").read_text(), re.MULTILINE)
    assert set(imports) == {"__future__", "asyncio", "agent_framework"}
