# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""When what is patched: lazily, in whatever order things are imported, and without a word to the application."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lastchunk import instrumentor as module_of_instrumentor
from lastchunk.installation import LIBRARIES as WAITED_FOR
from lastchunk.patches import PATCHES
from lastchunk.patches.support.patching import Patch, Patcher
from tests.conftest import Exported, Instrument

LIBRARIES = ("autogen_agentchat", "autogen_core", "autogen_ext", "openai", "anthropic", "ollama", "azure", "httpx")


def _python(code: str, *command: str, **environment: str) -> str:
    """What a process of its own prints; it must succeed, and complain of nothing."""
    done = subprocess.run(
        [*(command or (sys.executable,)), "-c", code],
        capture_output=True,
        text=True,
        timeout=50,
        env={**os.environ, "PYTHONWARNINGS": "error", **environment},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


APPLICATION = """
import asyncio
from autogen_ext.models.replay import ReplayChatCompletionClient

async def main():
    async for item in ReplayChatCompletionClient(["one two"]).create_stream([]):
        print(getattr(item, "content", item))

asyncio.run(main())
"""
SDK = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

class Printer(SpanExporter):
    def export(self, spans):
        for span in spans:
            print(span.name, span.attributes["lastchunk.stream.termination.reason"])

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(Printer()))
trace.set_tracer_provider(provider)
"""
INSTRUMENT = """
from lastchunk import AutoGenStreamsInstrumentor
AutoGenStreamsInstrumentor().instrument()
"""
IMPORTS = "import autogen_agentchat.teams, autogen_ext.models.openai, openai\n"


# --- order ------------------------------------------------------------------------------------------------------------


def test_nothing_is_imported_for_it() -> None:
    """Neither AutoGen nor an SDK: the application pays for what it imports."""
    printed = _python(
        f"{INSTRUMENT}\nimport sys\nprint(*sorted(n for n in sys.modules if n.split('.')[0] in {LIBRARIES}))"
    )
    assert printed.strip() == ""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(SDK + INSTRUMENT + APPLICATION, id="provider, instrumentation, application"),
        pytest.param(INSTRUMENT + SDK + APPLICATION, id="the provider is set later"),
        pytest.param(IMPORTS + SDK + INSTRUMENT + APPLICATION, id="the application came first"),
        pytest.param(INSTRUMENT + IMPORTS + SDK + APPLICATION, id="imported before there is a provider"),
    ],
)
def test_any_order(program: str) -> None:
    """Imports, the provider and Lastchunk may come in any order."""
    assert _python(program).splitlines() == ["one ", "two", "one two", "chat completed"]


@pytest.mark.parametrize("first", [INSTRUMENT, "", IMPORTS + INSTRUMENT])
def test_without_an_sdk(first: str) -> None:
    """Nothing breaks, and nothing is written."""
    assert _python(first + APPLICATION).splitlines() == ["one ", "two", "one two"]


def test_cycles_with_late_imports() -> None:
    """A module that comes while nothing is instrumented is left alone, and patched at the next `instrument()`."""
    undo = "AutoGenStreamsInstrumentor().uninstrument()\n"
    again = "AutoGenStreamsInstrumentor().instrument()\n"
    program = SDK + INSTRUMENT + undo + APPLICATION + again + "asyncio.run(main())\n" + undo + "asyncio.run(main())\n"
    printed = _python(program).splitlines()
    assert [line for line in printed if line.startswith("chat")] == ["chat completed"]
    assert len(printed) == 10


SUBCLASS = """
from lastchunk.patches.support.wrapping import patched_by

class Mine(ReplayChatCompletionClient):
    def __init__(self):
        super().__init__(["one two"])

for _ in range(3):
    Mine()
wrappers, function = 0, vars(ReplayChatCompletionClient)["create_stream"]
while patched_by(function):
    wrappers, function = wrappers + 1, function.__wrapped__
print("wrappers", wrappers, Mine.create_stream is ReplayChatCompletionClient.create_stream)
"""


def test_wrapt_without_its_extension() -> None:
    """wrapt runs in pure Python where it has no wheel, or if somebody wants that: there is one wrapper all the same."""
    program = SDK + INSTRUMENT + APPLICATION + SUBCLASS
    printed = _python(program, WRAPT_DISABLE_EXTENSIONS="1").splitlines()
    assert [line for line in printed if line.startswith("chat")] == ["chat completed"]
    assert printed[-1] == "wrappers 1 True"


def test_zero_code() -> None:
    """`opentelemetry-instrument` before the command is all that is needed."""
    command = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    exporters = {
        "OTEL_TRACES_EXPORTER": "lastchunk_console",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    done = subprocess.run(
        [command, sys.executable, "-c", APPLICATION],
        capture_output=True,
        text=True,
        timeout=50,
        env={**os.environ, **exporters},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == ["one ", "two", "one two"]
    assert "completed" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


# --- providers --------------------------------------------------------------------------------------------------------


async def _stream() -> None:
    async for _ in ReplayChatCompletionClient(["one two"]).create_stream([]):
        pass


async def test_a_provider_of_its_own(instrument: Instrument) -> None:
    """Given to `instrument()`: the global one gets nothing of ours."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    exported = instrument(tracer_provider=provider)
    await _stream()
    assert [span.name for span in exporter.get_finished_spans()] == ["chat"]
    assert exported.ours == []


async def test_a_provider_that_does_nothing(instrument: Instrument) -> None:
    """The API's own: no span, and no stream is kept."""
    exported = instrument(tracer_provider=trace.NoOpTracerProvider())
    await _stream()
    assert exported.ours == []


async def test_the_scope(exported: Exported) -> None:
    """There is one scope, with version and schema URL."""
    from lastchunk import __version__

    await _stream()
    scope = exported.one().instrumentation_scope
    assert (scope.name, scope.version) == ("lastchunk", __version__)
    assert scope.schema_url.startswith("https://opentelemetry.io/schemas/1.")


def test_instrumenting_twice(instrument: Instrument, caplog: pytest.LogCaptureFixture) -> None:
    """OpenTelemetry says that it was done already; nothing is patched twice."""
    instrument()
    wrapped = vars(ReplayChatCompletionClient)["create_stream"].__wrapped__
    instrument()
    assert vars(ReplayChatCompletionClient)["create_stream"].__wrapped__ is wrapped
    assert "already instrumented" in caplog.text
    caplog.clear()


# --- what does not fit ------------------------------------------------------------------------------------------------


@pytest.fixture(name="patches")
def _patches(monkeypatch: pytest.MonkeyPatch, instrument: Instrument) -> list[Patch]:
    """The only patches there are."""
    patches: list[Patch] = []
    monkeypatch.setattr("lastchunk.patches.PATCHES", patches)
    return patches


def _library(monkeypatch: pytest.MonkeyPatch, name: str) -> Any:
    module: Any = ModuleType(name)
    module.Client = type("Client", (), {"first": lambda self: 1, "second": lambda self: 2})
    monkeypatch.setitem(sys.modules, name, module)
    return module


def _apply(module: Any, patcher: Patcher) -> None:
    for name in ("first", "second"):
        patcher.wrap(module.Client, name, lambda wrapped, instance, args, kwargs: wrapped(*args, **kwargs) + 10)


def test_a_patch_that_does_not_fit(
    patches: list[Patch], instrument: Instrument, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is skipped as a whole, with one warning that says what and why; the others are applied."""
    fits, changed = _library(monkeypatch, "openai.fits"), _library(monkeypatch, "openai.changed")
    del changed.Client.second
    patches += [
        Patch("openai", ">= 9, < 10", "openai.changed", _apply),
        Patch("no-such-library", ">= 1", "openai.fits", _apply),
    ]
    instrument()
    import openai

    (message,) = (record.getMessage() for record in caplog.records)
    assert f"openai {openai.__version__} " in message
    assert "patch of openai.changed" in message
    assert "Client has no second" in message
    assert "supported: >= 9, < 10" in message
    assert changed.Client().first() == 1
    assert fits.Client().first() == 11
    caplog.clear()


def test_a_patch_that_fails(
    patches: list[Patch], instrument: Instrument, monkeypatch: pytest.MonkeyPatch, reported: Any
) -> None:
    """An exception of Lastchunk during the application's import is logged, and the application gets its module."""
    library = _library(monkeypatch, "openai.fails")

    def apply(module: Any, patcher: Patcher) -> None:
        patcher.wrap(module.Client, "first", lambda wrapped, instance, args, kwargs: wrapped(*args, **kwargs))
        raise ZeroDivisionError("secret")

    patches.append(Patch("fails", ">= 1", "openai.fails", apply))
    instrument()
    assert library.Client().first() == 1
    assert type(vars(library.Client)["first"]).__name__ == "function"
    assert reported() == ["patching openai.fails"]


def test_settings_that_fail(instrument: Instrument, monkeypatch: pytest.MonkeyPatch, reported: Any) -> None:
    """The exception does not reach the application, and nothing is patched."""

    def load(arguments: Any) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(module_of_instrumentor.settings, "load", load)
    before = vars(ReplayChatCompletionClient)["create_stream"]
    instrument()
    assert vars(ReplayChatCompletionClient)["create_stream"] is before
    assert reported() == ["running instrument()"]


def test_nothing_is_loaded_for_an_application_without_autogen() -> None:
    """What `opentelemetry-instrument` imports is paid by every application that starts with it."""
    code = (
        "import sys; from lastchunk import AutoGenStreamsInstrumentor; AutoGenStreamsInstrumentor().instrument();"
        "print(*sorted(name for name in sys.modules if name.startswith('lastchunk.') and name.count('.') == 1))"
    )
    loaded = set(_python(code).split())
    assert "lastchunk.instrumentor" in loaded
    assert loaded.isdisjoint({"lastchunk.patches", "lastchunk.semconv", "lastchunk.telemetry"})


def test_every_patch_is_of_a_library_that_is_waited_for() -> None:
    for patch in PATCHES:
        assert patch.library in {"uvicorn", "aiohttp", "starlette", "websockets"} or any(
            patch.module.startswith(f"{library}.") for library in WAITED_FOR
        )
