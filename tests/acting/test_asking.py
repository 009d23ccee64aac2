# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An application that imports a function that reports endings asks for them. For all other applications nothing changes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from autogen_core.models import ChatCompletionClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lastchunk import AutoGenStreamsInstrumentor, Reason, guard
from lastchunk.instrumentor import observe
from lastchunk.streams import wanted
from tests.acting.speaking import HALF, WHOLE, Speaker, read, reason_of

Instrument = Callable[..., Any]


async def test_nobody_asked() -> None:
    """Nothing is patched, and a guard says what is missing."""
    stream = Speaker(WHOLE).stream()
    assert type(stream).__name__ == "async_generator"
    with pytest.raises(TypeError, match=r"^guard\(\) got an async_generator, .* import `guard` from lastchunk before "):
        guard(stream)
    await stream.aclose()


async def test_asked_without_an_sdk(asked: None, exporter: InMemorySpanExporter) -> None:
    """Endings are known. No span is made, even if an SDK is set up for something else."""
    exporter.clear()
    stream = Speaker(HALF).run()
    await read(stream)
    assert reason_of(stream) is Reason.LENGTH
    scopes = {span.instrumentation_scope.name for span in exporter.get_finished_spans() if span.instrumentation_scope}
    assert "lastchunk" not in scopes
    assert "autogen-core" in scopes


async def test_instrumented_after_asking(asked: None, exporter: InMemorySpanExporter) -> None:
    """A later `instrument()` counts, with all that it is given; `uninstrument()` leaves what was asked for."""
    told: list[Any] = []
    exporter.clear()
    AutoGenStreamsInstrumentor().instrument(on_ending=lambda ending, about: told.append(ending.reason))
    try:
        stream = Speaker(HALF).stream()
        await read(stream)
    finally:
        AutoGenStreamsInstrumentor().uninstrument()
    assert (told, reason_of(stream)) == ([Reason.LENGTH], Reason.LENGTH)
    assert [span.name for span in exporter.get_finished_spans()] == ["chat"]
    again = Speaker(HALF).stream()
    await read(again)
    assert (told, reason_of(again)) == ([Reason.LENGTH], Reason.LENGTH)
    assert len(exporter.get_finished_spans()) == 1


async def test_asked_after_instrumenting(instrument: Instrument) -> None:
    """With an SDK: what is exported stays the same. Without one: endings are known from then on."""
    exported = instrument()
    observe()
    stream = Speaker(HALF).stream()
    await read(stream)
    assert (exported.reason(), reason_of(stream)) == ("length", Reason.LENGTH)
    AutoGenStreamsInstrumentor().uninstrument()
    AutoGenStreamsInstrumentor().instrument(tracer_provider=trace.NoOpTracerProvider())
    silent = Speaker(HALF).stream()
    await read(silent)
    assert (len(exported.ours), reason_of(silent)) == (1, Reason.LENGTH)


async def test_suppressed_telemetry_is_no_suppressed_guard(asked: None, instrument: Instrument) -> None:
    """`suppress_instrumentation` switches off telemetry, not guards."""
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    exported = instrument()
    with suppress_instrumentation():
        stream = Speaker(HALF).stream()
        await read(stream)
    assert (exported.ours, reason_of(stream)) == ([], Reason.LENGTH)


async def test_spans_of_a_stream_that_began_before(asked: None) -> None:
    """`instrument()` in the middle of a stream: that one ends as it began, the next one has its span."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    stream = Speaker(HALF).stream()
    await anext(stream)
    AutoGenStreamsInstrumentor().instrument(tracer_provider=provider)
    try:
        await read(stream)
        assert (reason_of(stream), exporter.get_finished_spans()) == (Reason.LENGTH, ())
        await read(Speaker(HALF).stream())
        assert len(exporter.get_finished_spans()) == 1
    finally:
        AutoGenStreamsInstrumentor().uninstrument()


def test_uninstrument_without_asking_puts_back_what_was_there() -> None:
    """An application that never asked gets its libraries back unpatched."""
    before = vars(ChatCompletionClient).get("__init_subclass__")
    AutoGenStreamsInstrumentor().instrument()
    assert vars(ChatCompletionClient).get("__init_subclass__") is not before
    AutoGenStreamsInstrumentor().uninstrument()
    assert (vars(ChatCompletionClient).get("__init_subclass__"), wanted.endings) == (before, False)


_APPLICATION = """
    import sys
    import lastchunk
    from lastchunk import Cause, Ending, Reason
    assert not any(name.startswith(("lastchunk.acting", "lastchunk.patches")) for name in sys.modules)
    import openai
    assert not any(name.startswith("lastchunk.patches") for name in sys.modules), "nobody asked"
    from lastchunk import StreamCutOff, ending_of, guard
    request = dict(model="m", messages=[{"role": "user", "content": "hello"}], stream=True)
    stream = openai.OpenAI(base_url=sys.argv[1], api_key="none").chat.completions.create(**request)
    try:
        print(sum(1 for _ in guard(stream)))
    except StreamCutOff as error:
        print(error.items, error.ending.reason, ending_of(stream) == error.ending)
    assert not any(name.startswith(("opentelemetry.sdk", "autogen", "pydantic_ai")) for name in sys.modules)
"""


def test_an_application(server: Any) -> None:
    """In a separate process: importing names that report no endings patches nothing, and `guard` needs nothing else."""
    command = [sys.executable, "-c", textwrap.dedent(_APPLICATION), server.url("silent_cut")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert (done.stdout.strip(), done.stderr) == ("8 truncated True", "")
