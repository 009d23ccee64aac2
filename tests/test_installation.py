# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One installation for the process, whoever instruments, whatever imports meanwhile, and whichever provider fails."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider, Span

from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.imports import exists, when_imported
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.semconv import CUTOFF_EVENT, ENDED
from tests.conftest import Exported, Instrument
from tests.telemetry.signals import Signals


async def _stream() -> None:
    assert [item async for item in ReplayChatCompletionClient(["one two"]).create_stream([])]


# --- instrumentors ----------------------------------------------------------------------------------------------------


@pytest.fixture(name="subclass")
def _subclass(instrument: Instrument) -> Iterator[type[AutoGenStreamsInstrumentor]]:
    """A distribution's own instrumentor, which is separate from an earlier instance of ours."""

    class OfMyDistro(AutoGenStreamsInstrumentor):
        _instance = None

    yield OfMyDistro
    if OfMyDistro().is_instrumented_by_opentelemetry:
        OfMyDistro().uninstrument()


async def test_a_subclass(subclass: type[AutoGenStreamsInstrumentor], exporter: Any) -> None:
    """A subclass instruments and uninstruments."""
    exported = Exported(exporter)
    subclass().instrument()
    await _stream()
    assert exported.names == ["chat"]
    subclass().uninstrument()
    await _stream()
    assert exported.names == ["chat"]


async def test_one_at_a_time(
    subclass: type[AutoGenStreamsInstrumentor], instrument: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    """The second one logs that it did nothing, and undoes nothing of the first."""
    exported = instrument()
    subclass().instrument()
    assert [record.getMessage() for record in caplog.records] == [
        "Another instrumentor has already set Lastchunk up, so this call does nothing."
    ]
    caplog.clear()
    subclass().uninstrument()
    await _stream()
    assert exported.names == ["chat"]
    AutoGenStreamsInstrumentor().uninstrument()
    subclass().instrument()
    await _stream()
    assert exported.names == ["chat", "chat"]


# --- imports ----------------------------------------------------------------------------------------------------------

SLOW = """
import threading
began, goes_on = threading.Event(), threading.Event()
"""


@pytest.fixture(name="package")
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package on disk that waits in the middle of the import of `package_of_test.slow`."""
    folder = tmp_path / "package_of_test"
    folder.mkdir()
    (folder / "__init__.py").write_text(SLOW)
    (folder / "slow.py").write_text(
        "from package_of_test import began, goes_on\nbegan.set()\ngoes_on.wait()\nvalue = 1\n"
    )
    (folder / "fails.py").write_text("from package_of_test import began, goes_on\nbegan.set()\ngoes_on.wait()\n1 / 0\n")
    (folder / "below").mkdir()
    (folder / "below" / "module.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("package_of_test")]:
        del sys.modules[name]


def _import(name: str) -> None:
    try:
        __import__(name)
    except ZeroDivisionError:
        pass


@pytest.mark.parametrize(("name", "told"), [("slow", [1]), ("fails", [])])
def test_while_another_thread_imports(package: Path, name: str, told: list[int]) -> None:
    """The patch is applied once, in the importing thread, when the module is complete; never if the import failed."""
    import package_of_test  # type: ignore[import-not-found]  # it is made by the fixture

    heard: list[Any] = []
    thread = threading.Thread(target=_import, args=(f"package_of_test.{name}",))
    thread.start()
    package_of_test.began.wait()
    for _ in range(2):
        when_imported(
            f"package_of_test.{name}", lambda module: heard.append((module.value, threading.current_thread()))
        )
    assert heard == []
    package_of_test.goes_on.set()
    thread.join()
    assert heard == [(value, thread) for value in told * 2]
    if told:
        assert type(sys.modules[f"package_of_test.{name}"].__spec__) is ModuleSpec


def test_before_and_after_the_import(package: Path) -> None:
    """No patch is applied after it was taken back."""
    heard: list[ModuleType] = []
    when_imported("package_of_test", heard.append)
    when_imported("package_of_test", heard.append)()
    assert heard == []
    import package_of_test

    assert heard == [package_of_test]
    when_imported("package_of_test", heard.append)
    assert heard == [package_of_test, package_of_test]


def test_whether_a_module_exists(package: Path) -> None:
    """The check imports neither the module nor a package on the way."""
    import package_of_test  # noqa: F401

    names = ("slow", "below.module", "below.missing", "missing", "missing.module")
    assert [exists(f"package_of_test.{name}") for name in names] == [True, True, False, False, False]
    assert exists("package_of_test")
    assert not [name for name in sys.modules if name.startswith("package_of_test.")]


@pytest.mark.parametrize(
    ("supported", "warned"), [(">= 99", True), ("< 1", True), (">= 1", False), ("AutoGen 0.2", False)]
)
def test_a_version_without_the_module(
    instrument: Instrument,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    supported: str,
    warned: bool,
) -> None:
    """One warning when the library is there: the module that is waited for will never come."""

    def apply(module: Any, patcher: Patcher) -> None:
        raise AssertionError

    patches = [Patch("openai", supported, f"openai.resources.{name}", apply) for name in ("gone", "lost", "gone")]
    monkeypatch.setattr("lastchunk.patches.PATCHES", patches)
    instrument()
    import openai

    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == int(warned)
    for message in messages:
        assert message.startswith(
            f"openai {openai.__version__} has no openai.resources.gone and no openai.resources.lost."
        )
        assert f"supports openai {supported}" in message
    caplog.clear()


# --- providers --------------------------------------------------------------------------------------------------------


class Raises:
    """A provider whose attributes all raise."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise RuntimeError(name)


class RaisesIn:
    """A provider whose method `name` raises, or that of whatever it makes: a tracer, a span, a meter, an instrument, a logger."""

    def __init__(self, made: Any, name: str) -> None:
        self._made = made
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            raise RuntimeError(name)
        found = getattr(self._made, name)
        if not name.startswith(("get_tracer", "get_meter", "get_logger", "create_", "start_span")):
            return found
        return lambda *args, **kwargs: self._of_span(found(*args, **kwargs))

    def _of_span(self, made: Any) -> Any:
        if not isinstance(made, Span):
            return RaisesIn(made, self._name)
        if hasattr(type(made), self._name):  # a span is asked for its class, so it cannot be replaced
            made.__class__ = type("Span", (type(made),), {self._name: property(self._raise)})
        return made

    def _raise(self, _: object) -> Any:
        raise RuntimeError(self._name)


class NoWeakReferences:
    """A provider that cannot be kept weakly, or as a key."""

    __slots__ = ("_provider",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


def _says(signals: Signals) -> set[str]:
    """Return the signals that were received."""
    said = {"tracer_provider"} if signals.spans else set[str]()
    said |= {"logger_provider"} if signals.named(CUTOFF_EVENT) else set()
    return said | ({"meter_provider"} if signals.points(ENDED) else set())


async def _cut() -> None:
    stream = ReplayChatCompletionClient(["one two"]).create_stream([])
    await anext(stream)
    await stream.aclose()


PROVIDERS: dict[str, Any] = {
    "tracer_provider": NoOpTracerProvider,
    "meter_provider": NoOpMeterProvider,
    "logger_provider": NoOpLoggerProvider,
}


@pytest.mark.parametrize("failing", PROVIDERS)
async def test_a_provider_that_raises(instrument: Instrument, failing: str, reported: Callable[[], list[str]]) -> None:
    """Only its own signal is lost."""
    signals = Signals()
    instrument(**{**signals.providers, failing: Raises()})
    await _cut()
    assert _says(signals) == PROVIDERS.keys() - {failing}
    assert len(reported()) == 1


METHODS = {
    "tracer_provider": "start_span set_attributes is_recording end get_span_context",
    "meter_provider": "create_counter create_histogram create_observable_gauge create_observable_up_down_counter add record",
    "logger_provider": "emit",
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in METHODS for name in METHODS[kind].split()])
async def test_a_provider_that_raises_later(
    instrument: Instrument, kind: str, name: str, reported: Callable[[], list[str]]
) -> None:
    """In any method of what it makes: the other signals are whole."""
    signals = Signals()
    instrument(**{**signals.providers, kind: RaisesIn(signals.providers[kind], name)})
    await _cut()
    assert _says(signals) >= PROVIDERS.keys() - {kind}
    assert reported() != []


@pytest.mark.parametrize("kind", PROVIDERS)
async def test_a_provider_without_weak_references(instrument: Instrument, kind: str) -> None:
    """Nothing is lost."""
    signals = Signals()
    instrument(**{**signals.providers, kind: NoWeakReferences(signals.providers[kind])})
    await _cut()
    assert _says(signals) == PROVIDERS.keys()
