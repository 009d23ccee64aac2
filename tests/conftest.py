# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What tests have in common: an application that is instrumented, what it exported, and a server that breaks streams."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import re
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from autogen_core.models import ModelFamily, ModelInfo
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI, OpenAI
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import lastchunk
from fuzz.cheap_clients import cheap_clients
from lastchunk import AutoGenStreamsInstrumentor
from lastchunk import own_errors as guard
from lastchunk.instrumentor import observe, stop_observing
from lastchunk.model_server.server import ModelServer
from lastchunk.streams import open_streams, wanted

MODEL_INFO = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=True,
    family=ModelFamily.UNKNOWN,
    structured_output=True,
    multiple_system_messages=True,
)

WITHOUT_US_TOO = re.compile(
    r"an error occurred during closing of asynchronous generator <async_generator object (Pool|Response|HTTP)"
    r"|unhandled exception during asyncio\.run\(\) shutdown.*exit cancel scope in a different task"
    r"|Task exception was never retrieved.*async_generator_athrow.*aclose\(\): asynchronous generator is already running"
    r"|Cannot call collect on a MetricReader until it is registered",
    re.DOTALL,
)
"""Complaints that an application hears without Lastchunk, now and then: of httpx and anyio when a loop ends with a stream that
was never closed, or when the garbage collector closes several generators at once, an inner one before an outer one (seen once
in 300 runs without us), and of a metric reader that is quicker than its provider."""


def _raised_by_us(record: logging.LogRecord) -> bool:
    """Return whether Lastchunk itself raised the exception.

    Such a complaint is never one that is also heard without Lastchunk.
    """
    error = record.exc_info[1] if record.exc_info else None
    frames = traceback.extract_tb(error.__traceback__) if error else []
    return bool(frames) and Path(frames[-1].filename).is_relative_to(Path(lastchunk.__file__).parent)


pytest_plugins = ["tests.another_chance"]

with contextlib.suppress(ImportError):  # the environments of `make compat` do without it
    import hypothesis

    # How long an example takes, the machine decides.
    hypothesis.settings.register_profile("lastchunk", hypothesis.settings(), deadline=None)
    hypothesis.settings.load_profile("lastchunk")

FIRST = (
    *("endings/test_matrix.py", "examples/test_examples.py", "test_hooks_fail.py", "demo/test_run.py"),
    *("integration/test_web_clients.py", "test_instrumentor.py", "doctor/ladder/test_command.py", "test_cli.py"),
)
"""The files that take longest: several processes share the files in this order, and none of these begins last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first."""
    items.sort(key=lambda item: not str(item.path).endswith(FIRST))


def pytest_collection_finish() -> None:
    """Freeze what has been imported: no later garbage collection has to look through it."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Likewise what a file leaves behind, such as a library that its tests have imported."""
    yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test noted beside its outcome: rows of the matrix that needed another chance."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


class Exported:
    """Every span that was exported in this test, in the order of their ends."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self.exporter = exporter

    @property
    def all(self) -> list[ReadableSpan]:
        """Lastchunk's spans and all others."""
        return list(self.exporter.get_finished_spans())

    @property
    def ours(self) -> list[ReadableSpan]:
        """Lastchunk's spans."""
        return [
            span for span in self.all if span.instrumentation_scope and span.instrumentation_scope.name == "lastchunk"
        ]

    @property
    def names(self) -> list[str]:
        """The names of Lastchunk's spans."""
        return [span.name for span in self.ours]

    def one(self, operation: str = "") -> ReadableSpan:
        """Lastchunk's only span, or its only one of an operation."""
        (span,) = (span for span in self.ours if not operation or span.attributes["gen_ai.operation.name"] == operation)
        return span

    def reason(self, operation: str = "") -> str:
        """The reason with which the only stream ended."""
        return str(self.one(operation).attributes["lastchunk.stream.termination.reason"])


Instrument = Callable[..., Exported]
"""Instruments with the given settings, and gives what is exported from then on."""


@pytest.fixture(scope="session", autouse=True)
def _cheap_clients() -> Iterator[None]:
    """No test calls a host of the Internet."""
    with cheap_clients():
        yield


@pytest.fixture(scope="session", name="exporter")
def _exporter() -> InMemorySpanExporter:
    """That of the global provider, which can be set only once, and to which AutoGen's own spans go."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture(name="instrument")
def _instrument(exporter: InMemorySpanExporter) -> Iterator[Instrument]:
    """Nothing is patched after the test, and no stream is left open."""
    exporter.clear()

    def instrument(**settings: Any) -> Exported:
        AutoGenStreamsInstrumentor().instrument(**settings)
        return Exported(exporter)

    yield instrument
    if AutoGenStreamsInstrumentor().is_instrumented_by_opentelemetry:
        AutoGenStreamsInstrumentor().uninstrument()
    open_streams.drain()
    assert open_streams.open_streams() == []


@pytest.fixture(name="exported")
def _exported(instrument: Instrument) -> Exported:
    """Instrument with default settings."""
    return instrument()


def _forget_who_asked() -> None:
    """Importing a test module imports functions that ask for endings. Forget that: no application asked."""
    wanted.endings = False
    stop_observing()


@pytest.fixture(autouse=True)
def _nobody_asked() -> Iterator[None]:
    """Streams are observed only if the test instruments, or asks (`asked`)."""
    _forget_who_asked()
    yield
    _forget_who_asked()


@pytest.fixture(name="asked")
def _asked(_nobody_asked: None) -> Iterator[None]:
    """Ask for endings, as an application does that imports `guard` and has no SDK. No stream is left open."""
    observe()
    yield
    gc.collect()
    open_streams.drain()
    assert open_streams.open_streams() == []


@pytest.fixture(autouse=True)
def _quiet(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[set[Any]]:
    """Nothing of Lastchunk failed, and OpenTelemetry logged no complaint. A test that expects either clears it."""
    guard._reported.clear()
    yield guard._reported
    reported, complaints = set(guard._reported), []
    for when in ("setup", "call"):
        for record in caplog.get_records(when):
            told = record.levelno >= logging.WARNING and record.name.startswith(
                ("opentelemetry", "lastchunk", "asyncio")
            )
            if told and (_raised_by_us(record) or not WITHOUT_US_TOO.match(record.getMessage())):
                complaints.append(record.getMessage())
    guard._reported.clear()
    assert not reported
    assert not complaints


@pytest.fixture(name="reported")
def _reported_fixture(_quiet: set[Any], caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Takes what Lastchunk reported of its own failures so far: the places, each once."""

    def take() -> list[str]:
        places = sorted({place for place, _ in _quiet})
        _quiet.clear()
        caplog.clear()
        return places

    return take


@pytest.fixture(scope="session", name="server")
def _server() -> Iterator[ModelServer]:
    """One for all tests: the URL picks the script."""
    with ModelServer() as server:
        yield server


@pytest.fixture(name="sdk")
async def _sdk(server: ModelServer) -> AsyncIterator[Callable[..., AsyncOpenAI]]:
    """`sdk(script, **speech)`: the openai SDK's async client of a script."""
    clients: list[AsyncOpenAI] = []

    def make(script: str, *, timeout: float = 10.0, **speech: Any) -> AsyncOpenAI:
        url = server.url(script, **speech)
        clients.append(AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=timeout))
        return clients[-1]

    yield make
    await _close(clients)


@pytest.fixture(name="sync_sdk")
def _sync_sdk(server: ModelServer) -> Iterator[Callable[..., OpenAI]]:
    """`sync_sdk(script, **speech)`: the openai SDK's sync client of a script."""
    clients: list[OpenAI] = []

    def make(script: str, *, timeout: float = 10.0, **speech: Any) -> OpenAI:
        url = server.url(script, **speech)
        clients.append(OpenAI(base_url=url, api_key="none", max_retries=0, timeout=timeout))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(name="model")
async def _model(server: ModelServer) -> AsyncIterator[Callable[..., OpenAIChatCompletionClient]]:
    """`model(script, **speech)`: AutoGen's client of a script."""
    clients: list[OpenAIChatCompletionClient] = []

    def make(script: str, *, timeout: float = 10.0, **speech: Any) -> OpenAIChatCompletionClient:
        client = OpenAIChatCompletionClient(
            model="test-model",
            base_url=server.url(script, **speech),
            api_key="none",
            model_info=MODEL_INFO,
            max_retries=0,
            timeout=timeout,
        )
        clients.append(client)
        return client

    yield make
    await _close(clients)


async def _close(clients: list[Any]) -> None:
    """Close the clients, and let dropped objects be collected while their loop still runs."""
    for client in clients:
        await client.close()
    gc.collect()
    await asyncio.sleep(0)
