# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`instrument(on_ending=f)`, and the setting that names a function."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from opentelemetry import trace

from lastchunk import About, AutoGenStreamsInstrumentor, Ending, Operation, Reason
from lastchunk.streams.nesting import current_stream
from tests.acting.speaking import HALF, WHOLE, Speaker, read

Instrument = Callable[..., Any]
Told = list[tuple[Ending, About]]
TOLD: Told = []
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")


def hear(ending: Ending, about: About) -> None:
    """The function that the setting names."""
    TOLD.append((ending, about))


not_callable = "text"


async def hear_later(ending: Ending, about: About) -> None:
    """A coroutine function, which is refused because nobody would await it."""


@pytest.fixture(autouse=True)
def _nothing_told() -> Iterator[None]:
    TOLD.clear()
    yield
    TOLD.clear()


async def test_once_for_each_ending(instrument: Instrument) -> None:
    """The function is called for every level, with the ending and the span's ids."""
    exported = instrument(on_ending=hear)
    team = RoundRobinGroupChat(
        [AssistantAgent("guide", Speaker(HALF), model_client_stream=True)], max_turns=1, name="desk"
    )
    await read(team.run_stream(task="hello"))
    assert [(ending.reason, about.operation, about.agent, about.team, about.outermost) for ending, about in TOLD] == [
        (Reason.LENGTH, Operation.CHAT, "guide", "", False),
        (Reason.LENGTH, Operation.INVOKE_AGENT, "guide", "", False),
        (Reason.LENGTH, Operation.INVOKE_WORKFLOW, "", "desk", True),
    ]
    spans = [span.context for span in exported.ours]
    assert [(about.trace_id, about.span_id) for _, about in TOLD] == [
        (trace.format_trace_id(span.trace_id), trace.format_span_id(span.span_id)) for span in spans
    ]


async def test_of_a_model(instrument: Instrument, model: Callable[..., Any]) -> None:
    """`About` names the model, its provider and its server."""
    from tests.endings.sources import user

    instrument(on_ending=hear)
    await read(model("silent_cut").create_stream(user()))
    ((ending, about),) = TOLD
    assert ending.reason is Reason.TRUNCATED
    assert (about.model, about.provider, about.server, about.items) == ("test-model", "openai", "127.0.0.1", 8)


async def test_without_an_sdk() -> None:
    """`on_ending` alone asks for endings. Without an SDK there is no trace id."""
    AutoGenStreamsInstrumentor().instrument(tracer_provider=trace.NoOpTracerProvider(), on_ending=hear)
    try:
        await read(Speaker(WHOLE).stream())
    finally:
        AutoGenStreamsInstrumentor().uninstrument()
    ((ending, about),) = TOLD
    assert (ending, about.trace_id, about.span_id) == (Ending(Reason.COMPLETED, None), "", "")


async def test_by_a_setting(instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting names `module:function`. It is imported at the first ending."""
    monkeypatch.setenv("LASTCHUNK_ON_ENDING", f"{__name__}:hear")
    instrument()
    await read(Speaker(WHOLE).stream())
    await read(Speaker(WHOLE).stream())
    assert len(TOLD) == 2


@pytest.mark.parametrize("name", ["no.such.module:hear", f"{__name__}:nobody", f"{__name__}:not_callable"])
async def test_a_name_of_nothing(name: str, instrument: Instrument, caplog: pytest.LogCaptureFixture) -> None:
    """A name that cannot be imported is one warning, and the application goes on."""
    instrument(on_ending=name)
    for _ in range(2):
        assert (await read(Speaker(WHOLE).stream()))[0] == WHOLE
    (record,) = caplog.records
    assert record.getMessage().startswith(f"on_ending={name} cannot be imported (")
    caplog.clear()


async def test_a_coroutine_function(instrument: Instrument, caplog: pytest.LogCaptureFixture) -> None:
    """A bad value of a setting: one warning, and none is called."""
    instrument(on_ending=hear_later)
    (record,) = caplog.records
    assert (
        "is not `module:function`, or a function that is not `async`: using the default, None." in record.getMessage()
    )
    caplog.clear()
    assert (await read(Speaker(WHOLE).stream()))[0] == WHOLE


async def test_one_that_fails(instrument: Instrument, reported: Callable[[], list[str]]) -> None:
    """It is reported once and not raised, and telemetry is as before."""

    def fail(ending: Ending, about: About) -> None:
        raise KeyError("secret")

    exported = instrument(on_ending=fail)
    assert await read(Speaker(HALF).stream()) == (HALF, None)
    assert exported.reason() == "length"
    assert reported() == ["calling the application's on_ending function"]


async def test_its_context(instrument: Instrument) -> None:
    """The function sees what the application had set when the stream began. What it sets itself does not leave it."""
    seen: list[Any] = []

    def look(ending: Ending, about: About) -> None:
        seen.append((VARIABLE.get(), current_stream() is not None))
        VARIABLE.set("of the function")

    instrument(on_ending=look)
    VARIABLE.set("of the application")
    await read(Speaker(WHOLE).run())
    assert seen == [("of the application", True)] * 2
    assert (VARIABLE.get(), current_stream()) == ("of the application", None)


async def test_what_it_logs_has_the_trace(instrument: Instrument) -> None:
    """While the function runs, the stream's span is the current one."""
    spans: list[Any] = []
    exported = instrument(on_ending=lambda ending, about: spans.append(trace.get_current_span().get_span_context()))
    await read(Speaker(WHOLE).stream())
    assert spans == [exported.one().context]
