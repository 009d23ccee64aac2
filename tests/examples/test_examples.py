# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Each example does what its docstring says."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from packaging.version import Version

from lastchunk import semconv
from tests.examples.running import EXAMPLES, Receiver, command, run

pytestmark = pytest.mark.timeout(180)  # each starts an interpreter or two, and imports AutoGen
COMPLETED = ("completed", "")
LEFT = ("abandoned", "partial_consumption")
ANSWER = "stay there for the sunset over the river."


def test_an_agent_with_tools(receiver: Receiver) -> None:
    assert ANSWER in run("agent_with_tools", receiver).stdout
    names = ["chat gpt-4o-mini", "chat gpt-4o-mini", "invoke_agent travel_guide"]
    assert receiver.endings() == [(name, *COMPLETED) for name in names]
    run_span = receiver.ours[-1]
    assert {span.parent for span in receiver.ours[:2]} == {run_span.id}


def test_a_tool_call_that_is_cut(receiver: Receiver) -> None:
    run("agent_with_tools", receiver, "--ending", "tool_arguments_cut_by_length")
    assert ("chat gpt-4o-mini", "length", "context_limit") in receiver.endings()


def test_a_team_with_handoffs(receiver: Receiver) -> None:
    assert ANSWER in run("team_with_handoffs", receiver).stdout
    assert {span.ending for span in receiver.ours} == {COMPLETED}
    named = {span.name: span for span in receiver.ours}
    inner, outer = named["invoke_workflow booking"], named["invoke_workflow travel_desk"]
    parents = {span.id: span for span in receiver.spans}
    above = [inner]
    while (parent := parents.get(above[-1].parent)) is not None:
        above.append(parent)
    assert outer in above
    assert sorted(span.name for span in receiver.ours if span.name.startswith("invoke_agent")) == [
        "invoke_agent concierge",
        "invoke_agent editor",
        "invoke_agent flights",
    ]


def test_several_clients(receiver: Receiver) -> None:
    assert run("several_clients", receiver).stdout.count(ANSWER) == 3
    said = [
        (span.attributes[semconv.PROVIDER_NAME], span.attributes[semconv.EVIDENCE], span.ending)
        for span in receiver.ours
    ]
    assert said == [(provider, "wire", COMPLETED) for provider in ("openai", "anthropic", "ollama")]


def test_the_sdk_alone(receiver: Receiver) -> None:
    assert ANSWER in run("bare_sdk", receiver).stdout
    assert [span.ending for span in receiver.ours] == [COMPLETED, LEFT]


def test_set_up_in_code(receiver: Receiver) -> None:
    printed = run("set_up_in_code", receiver)
    lines = [line for line in (printed.stdout + printed.stderr).splitlines() if line.endswith("completed")]
    assert len(lines) == 2
    assert "invoke_agent travel_guide" in lines[1]


def test_a_client_of_ones_own(receiver: Receiver) -> None:
    run("custom_model_client", receiver)
    assert [span.ending for span in receiver.ours] == [COMPLETED] * 2
    assert {span.attributes[semconv.EVIDENCE] for span in receiver.ours} == {"result"}


def test_otlp(receiver: Receiver) -> None:
    done = run("otlp_to_collector", receiver)
    assert "tram up" in done.stdout
    assert ANSWER not in done.stdout
    truncated = ("truncated", "unknown")
    assert receiver.endings() == [("chat gpt-4o-mini", *truncated), ("invoke_agent travel_guide", *truncated)]
    assert {semconv.ENDED.name, semconv.CUTOFFS.name} <= receiver.metrics
    assert receiver.events == [semconv.CUTOFF_EVENT]


def test_an_answer_that_is_continued(receiver: Receiver) -> None:
    """The answer comes in three pieces. An application that only imports `guard` sends no telemetry."""
    printed = run("continue_an_answer", receiver).stdout
    assert printed.count("Lisbon is sunny") == 3
    assert "The answer is not complete. The answer was cut off after " in printed
    assert receiver.ours == []


@pytest.mark.skipif(
    Version(version("opentelemetry-api")) < Version("1.39"), reason="Agent Framework needs OpenTelemetry 1.39"
)
@pytest.mark.parametrize(("ending", "expected"), [("assistant", COMPLETED), ("silent_cut", ("truncated", "unknown"))])
def test_a_workflow_of_agent_framework(receiver: Receiver, ending: str, expected: tuple[str, str]) -> None:
    """The endings are in Agent Framework's own spans."""
    printed = run("agent_framework_workflow", receiver, "--ending", ending).stdout
    assert ("over the river." in printed) == (expected == COMPLETED)
    ended = [span for span in receiver.spans if span.ending[0]]
    assert {span.scope for span in ended} == {"agent_framework"}
    names = ["chat gpt-4o-mini", "chat gpt-4o-mini", "invoke_agent editor", "invoke_agent writer", "workflow.run"]
    assert sorted(span.name for span in ended) == names
    assert {span.ending for span in ended} == {expected}


def test_every_example_is_in_the_index_and_says_how_it_is_run() -> None:
    index = (EXAMPLES / "README.md").read_text()
    names = [path.stem for path in sorted(EXAMPLES.glob("*.py"))]
    assert len(names) == 12
    for name in names:
        assert command(name)[-1] == f"examples/{name}.py"
        assert f"[{name}.py]({name}.py)" in index
        assert 20 <= len((EXAMPLES / f"{name}.py").read_text().splitlines()) <= 90, name
