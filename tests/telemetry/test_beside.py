# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Beside the official OpenAI instrumentation no metric of the conventions is recorded twice, whichever wraps the other."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI, OpenAI

from lastchunk import AutoGenStreamsInstrumentor, semconv
from tests.telemetry.signals import Signals

# Kept apart from the environment, in which `opentelemetry-instrument` would load it: see the Makefile.
sys.path.append(str(Path(sys.prefix, "beside")))
official = pytest.importorskip(
    "opentelemetry.instrumentation.genai.openai", reason="it needs a newer OpenTelemetry than the oldest we support"
)

OURS, THEIRS = semconv.SCOPE, "opentelemetry.instrumentation.genai.openai"
ASK = [{"role": "user", "content": "Go on."}]
USAGE = {"stream_options": {"include_usage": True}}
ORDERS = {
    "ours-wraps-theirs": (official.OpenAIInstrumentor, AutoGenStreamsInstrumentor),
    "theirs-wraps-ours": (AutoGenStreamsInstrumentor, official.OpenAIInstrumentor),
}


@pytest.fixture(name="both", params=ORDERS.values(), ids=ORDERS)
def _both(request: pytest.FixtureRequest, signals: Signals) -> Iterator[Signals]:
    """Both instrumentations, in one order or the other."""
    for instrumentor in request.param:
        instrumentor().instrument(**signals.providers)
    yield signals
    for instrumentor in reversed(request.param):
        if instrumentor().is_instrumented_by_opentelemetry:
            instrumentor().uninstrument()


def recorded(signals: Signals) -> Counter[tuple[str, str]]:
    """How many values of the conventions' client metrics each has recorded."""
    values: Counter[tuple[str, str]] = Counter()
    for point in signals.collect():
        if point.name.startswith("gen_ai.client."):
            values[point.scope, point.name] += point.count
    return values


async def bare_async(url: str) -> None:
    """A stream of the SDK's async client."""
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        stream = await client.chat.completions.create(model="test-model", messages=ASK, stream=True, **USAGE)  # type: ignore[call-overload]
        async for _ in stream:
            pass


async def bare(url: str) -> None:
    """A stream of the SDK's sync client."""
    with OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        for _ in client.chat.completions.create(model="test-model", messages=ASK, stream=True, **USAGE):  # type: ignore[call-overload]
            pass


async def responses(url: str) -> None:
    """A stream of the responses API."""
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        stream = await client.responses.create(model="test-model", input="Go on.", stream=True)
        async for _ in stream:
            pass


async def create_stream(url: str) -> None:
    """A stream of AutoGen's client."""
    client = OpenAIChatCompletionClient(
        model="test-model",
        base_url=url,
        api_key="none",
        max_retries=0,
        model_info={
            "vision": False,
            "function_calling": True,
            "json_output": True,
            "family": "unknown",
            "structured_output": True,
        },
    )
    try:
        async for _ in client.create_stream([UserMessage(content="Go on.", source="user")], include_usage=True):
            pass
    finally:
        await client.close()


WAYS: list[Callable[[str], Any]] = [bare_async, bare, create_stream]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_stream_that_completes_is_measured_once(both: Signals, server: Any, way: Callable[[str], Any]) -> None:
    await way(server.url("clean"))
    values = recorded(both)
    assert {scope for scope, _ in values} == {THEIRS}
    assert values[THEIRS, semconv.OPERATION_DURATION.name] == 1
    assert values[THEIRS, semconv.TIME_TO_FIRST_CHUNK.name] == 1
    assert both.total(semconv.ENDED) == 1, "our own metrics stand"
    (span,) = both.spans
    assert span.name == "chat test-model"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("script", ["http_500", "rst"])
async def test_a_stream_that_breaks_is_measured_once(
    both: Signals, server: Any, way: Callable[[str], Any], script: str
) -> None:
    with pytest.raises((openai.APIError, OSError, Exception)):
        await way(server.url(script))
    values = recorded(both)
    assert {scope for scope, _ in values} == {THEIRS}
    assert values[THEIRS, semconv.OPERATION_DURATION.name] == 1
    assert both.total(semconv.ENDED) == 1


async def test_the_responses_api_is_measured_once(both: Signals, server: Any) -> None:
    await responses(server.url("clean"))
    values = recorded(both)
    assert values[OURS, semconv.OPERATION_DURATION.name] + values[THEIRS, semconv.OPERATION_DURATION.name] == 1
    assert both.total(semconv.ENDED) == 1


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_alone_we_measure(
    signals: Signals, observe: Callable[..., Signals], server: Any, way: Callable[[str], Any]
) -> None:
    observe(signals)
    await way(server.url("clean"))
    values = recorded(signals)
    assert {scope for scope, _ in values} == {OURS}
    assert values[OURS, semconv.OPERATION_DURATION.name] == values[OURS, semconv.TIME_TO_FIRST_CHUNK.name] == 1


async def test_a_wrapper_of_theirs_that_is_no_longer_active_does_not_count(
    signals: Signals, observe: Callable[..., Signals], server: Any
) -> None:
    """OpenTelemetry's `unwrap` takes away the outermost wrapper, here ours: theirs stays, and passes calls through."""
    theirs = official.OpenAIInstrumentor()
    theirs.instrument(**signals.providers)
    left_behind = vars(openai.resources.chat.completions.AsyncCompletions)["create"]
    theirs.uninstrument()
    original = vars(openai.resources.chat.completions.AsyncCompletions)["create"]
    openai.resources.chat.completions.AsyncCompletions.create = left_behind  # type: ignore[method-assign]
    try:
        observe(signals)
        await bare_async(server.url("clean"))
        assert recorded(signals)[OURS, semconv.OPERATION_DURATION.name] == 1
        AutoGenStreamsInstrumentor().uninstrument()
    finally:
        openai.resources.chat.completions.AsyncCompletions.create = original  # type: ignore[method-assign]


async def test_a_stream_within_somebody_elses_inference_is_theirs(
    signals: Signals, observe: Callable[..., Signals], server: Any
) -> None:
    """An application, or a framework's instrumentation, that measures the call of the model itself."""
    from opentelemetry.util.genai.handler import TelemetryHandler

    observe(signals)
    handler = TelemetryHandler(**signals.providers)
    with handler.inference("openai", request_model="test-model"):
        await create_stream(server.url("clean"))
    values = recorded(signals)
    assert OURS not in {scope for scope, _ in values}
    assert sum(values[key] for key in values if key[1] == semconv.OPERATION_DURATION.name) == 1


def test_what_both_record_is_one_metric(signals: Signals) -> None:
    """The same unit, description and buckets, or exporters that merge by name have to choose."""
    from opentelemetry.util.genai._instruments import _Instruments

    theirs = {
        instrument.name: (
            instrument.unit,
            instrument.description,
            tuple(instrument._advisory.explicit_bucket_boundaries),
        )
        for instrument in vars(_Instruments(signals.meter_provider.get_meter("theirs"))).values()
    }
    ours = {metric.name: (metric.unit, metric.brief, metric.buckets) for metric in semconv.METRICS}
    shared = theirs.keys() & ours.keys()
    assert shared == {name for name in ours if name.startswith("gen_ai.")}
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
