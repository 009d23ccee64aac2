# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Model clients: AutoGen's own, those that wrap another, and those that an application defines."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncGenerator, Callable
from itertools import accumulate, count
from typing import Any
from unittest.mock import MagicMock

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    RequestUsage,
    UserMessage,
)
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.openai import AzureOpenAIChatCompletionClient, OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry.instrumentation.utils import suppress_instrumentation

from lastchunk.patches.model_clients import identity
from lastchunk.streams import clock
from tests.conftest import MODEL_INFO, Exported, Instrument

HELLO = [UserMessage(content="hello", source="user")]
USAGE = RequestUsage(prompt_tokens=1, completion_tokens=1)
Model = Callable[..., OpenAIChatCompletionClient]


def _result(content: Any = "done", finish: Any = "stop", **kwargs: Any) -> CreateResult:
    return CreateResult(finish_reason=finish, content=content, usage=USAGE, cached=False, **kwargs)


def _client(*items: Any) -> ChatCompletionClient:
    """A client of the application's own, defined after `instrument()`; an exception is raised."""

    class Own(ReplayChatCompletionClient):
        async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            for item in items:
                if isinstance(item, BaseException):
                    raise item
                yield item

    return Own([])


async def _drain(stream: AsyncGenerator[Any, Any]) -> list[Any]:
    return [item async for item in stream]


# --- one span ---------------------------------------------------------------------------------------------------------


async def test_a_stream_over_http(exported: Exported, model: Model) -> None:
    """One span, with what the client knows and what the wire said."""
    client = model("clean")
    items = await _drain(client.create_stream(HELLO))
    assert items[-1].finish_reason == "stop"
    span = exported.one()
    assert span.name == "chat test-model"
    attributes = dict(span.attributes)
    expected = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "test-model",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "test-model",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 15,
        "server.address": "127.0.0.1",
        "lastchunk.stream.finish_reason.raw": "stop",
        "lastchunk.stream.last_event": "end_marker",
        "lastchunk.stream.evidence": "wire",
        "lastchunk.stream.chunks": len(items) - 1,
        "lastchunk.stream.size": sum(len(item) for item in items[:-1]),
        "lastchunk.stream.history.messages": 1,
        "lastchunk.stream.history.size": 5,
    }
    assert {key: attributes[key] for key in expected} == expected
    assert attributes["gen_ai.response.id"].startswith("chatcmpl-")
    assert isinstance(attributes["server.port"], int)


async def test_structured_output_over_http(exported: Exported, model: Model) -> None:
    """AutoGen then uses the SDK's helper for it, which calls `create` below: still one span, and the wire."""
    from pydantic import BaseModel

    class Answer(BaseModel):
        city: str

    items = await _drain(model("clean", text='{"city":"Lisbon"}').create_stream(HELLO, json_output=Answer))
    assert items[-1].content == '{"city":"Lisbon"}'
    assert exported.one().attributes["lastchunk.stream.evidence"] == "wire"
    assert exported.reason() == "completed"


class Recorder(ReplayChatCompletionClient):
    """As AutoGen's recorder: it hands on the stream of the client below, as it is."""

    def __init__(self, below: ChatCompletionClient) -> None:
        super().__init__([])
        self.base_client = below

    def create_stream(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return self.base_client.create_stream(*args, **kwargs)


@pytest.mark.parametrize("wrapper", [ChatCompletionCache, Recorder, lambda below: ChatCompletionCache(Recorder(below))])
async def test_a_client_that_delegates(exported: Exported, model: Model, wrapper: Callable[[Any], Any]) -> None:
    """One request, one span; with the identity of the client below, where only one is between."""
    await _drain(wrapper(model("clean")).create_stream(HELLO))
    assert exported.one().name in ("chat test-model", "chat")
    assert exported.one().attributes["lastchunk.stream.evidence"] == "wire"
    assert exported.one().attributes["gen_ai.response.model"] == "test-model"


async def test_a_hit_of_the_cache(exported: Exported) -> None:
    """Nothing was asked of a model; to the application it is a stream all the same."""
    client = ChatCompletionCache(ReplayChatCompletionClient(["one two"]))
    first, second = await _drain(client.create_stream(HELLO)), await _drain(client.create_stream(HELLO))
    assert [str(item) for item in first[:-1]] == [str(item) for item in second[:-1]]
    assert [span.attributes["lastchunk.stream.chunks"] for span in exported.ours] == [2, 2]


async def test_two_streams_in_one_task_are_two(exported: Exported) -> None:
    """Neither is an inner stream of the other, although they are open at once."""
    one, two = _client("a", _result()), _client("b", _result())
    streams = [client.create_stream(HELLO) for client in (one, two)]
    for stream in streams:
        await anext(stream)
    for stream in streams:
        await _drain(stream)
    assert exported.names == ["chat", "chat"]
    assert all(span.parent is None for span in exported.ours)


async def test_suppressed(exported: Exported, model: Model) -> None:
    """Suppression works at either level."""
    with suppress_instrumentation():
        assert len(await _drain(model("clean").create_stream(HELLO))) > 1
    assert exported.all == []


# --- what decides without a wire --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "reason", "cause", "evidence"),
    [
        (["a", _result()], "completed", None, "result"),
        (["a", _result(finish="length")], "length", "context_limit", "result"),
        (["a", _result(finish="content_filter")], "content_filter", "content_filter", "result"),
        (["a", _result(finish="unknown")], "completed", None, "none"),
        ([_result()], "completed", None, "result"),
        (["a"], "truncated", "unknown", "none"),
        ([], "empty", "unknown", "none"),
        ([_result(content="")], "empty", "unknown", "result"),
        ([_result(content="", thought="hmm")], "completed", None, "result"),
        ([_result([FunctionCall(id="1", name="f", arguments="{}")], "function_calls")], "completed", None, "result"),
        (["a", ValueError("x")], "error", "unknown", "none"),
        ([ValueError("x")], "rejected", "provider_error", "none"),
        (["a", TimeoutError()], "timeout", "idle_timeout", "none"),
        (["a", ConnectionResetError()], "connection_lost", "connection_lost", "none"),
        (["a", _result(), ValueError("x")], "completed", None, "result"),
    ],
)
async def test_a_client_without_a_wire(
    exported: Exported,
    monkeypatch: pytest.MonkeyPatch,
    items: list[Any],
    reason: str,
    cause: str | None,
    evidence: str,
) -> None:
    """Its result is all there is; `unknown` says nothing, and is not held against it. The last silence is the longest."""
    times = accumulate(count())  # whole microseconds, and between any two calls one more than before
    monkeypatch.setattr(clock, "monotonic", lambda: next(times) * 1e-6)
    stream = _client(*items).create_stream(HELLO)
    for item in items:
        if isinstance(item, Exception):
            with pytest.raises(type(item)) as raised:
                await anext(stream)
            assert raised.value is item
        else:
            assert await anext(stream) is item
    assert await _drain(stream) == []
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.termination.reason"] == reason
    assert attributes.get("lastchunk.stream.termination.cause") == cause
    assert attributes["lastchunk.stream.evidence"] == evidence


async def test_a_late_error(exported: Exported) -> None:
    """An error after the result is noted by its class."""
    stream = _client(_result(), ValueError("x")).create_stream(HELLO)
    await anext(stream)
    with pytest.raises(ValueError, match="x"):
        await anext(stream)
    assert exported.one().attributes["lastchunk.stream.late_error"] == "ValueError"
    assert exported.one().status.is_unset


async def test_a_silent_turn_after_a_tool(exported: Exported) -> None:
    """The model had nothing to add to its tool's result, and may."""
    done = FunctionExecutionResult(content="found", name="lookup", call_id="1", is_error=False)
    await _drain(_client(_result(content="")).create_stream([*HELLO, FunctionExecutionResultMessage(content=[done])]))
    assert exported.reason() == "completed"


async def test_a_cancellation_token(exported: Exported, model: Model) -> None:
    """AutoGen's own cancel comes from another task."""
    token = CancellationToken()
    stream = model("stall").create_stream(HELLO, cancellation_token=token)
    await anext(stream)
    asyncio.get_running_loop().call_later(0.05, token.cancel)
    with pytest.raises(asyncio.CancelledError):
        await _drain(stream)
    attributes = exported.one().attributes
    assert attributes["lastchunk.stream.termination.reason"] == "cancelled"
    assert attributes["lastchunk.stream.termination.cause"] == "cancelled_by_application"
    assert attributes["lastchunk.stream.cutoff"] is False


# --- create, which does not stream ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("finish", "reason"), [("stop", "completed"), ("length", "length"), ("unknown", "completed")])
async def test_a_create_behind_a_run(exported: Exported, finish: str, reason: str) -> None:
    """It has no span; the run ends as it did."""
    agent = AssistantAgent("alice", ReplayChatCompletionClient([_result(finish=finish)]))
    await _drain(agent.run_stream(task="hello"))
    assert exported.names == ["invoke_agent alice"]
    assert exported.reason() == reason


async def test_a_create_that_fails(exported: Exported) -> None:
    """The run raises what it raised, and says the same."""

    class Failing(ReplayChatCompletionClient):
        async def create(self, *args: Any, **kwargs: Any) -> CreateResult:
            raise TimeoutError("slow")

    with pytest.raises(TimeoutError, match="slow"):
        await _drain(AssistantAgent("alice", Failing([])).run_stream(task="hello"))
    assert exported.one().attributes["error.type"] == "TimeoutError"


async def test_create_is_the_same_to_its_caller(exported: Exported) -> None:
    """Result and exception, by identity; outside of any stream nothing is told."""
    result, error = _result(), KeyError("x")

    class Own(ReplayChatCompletionClient):
        async def create(self, messages: Any, **kwargs: Any) -> Any:
            if not messages:
                raise error
            return result

    assert await Own([]).create(HELLO) is result
    with pytest.raises(KeyError) as raised:
        await Own([]).create([])
    assert raised.value is error
    assert exported.all == []


@pytest.mark.parametrize("instrumented", [False, True])
async def test_a_create_that_is_never_awaited(instrument: Instrument, instrumented: bool) -> None:
    """Python warns of it once, by its name, with us as without us."""
    client = ReplayChatCompletionClient(["one"])
    if instrumented:
        instrument()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        coroutine = client.create(HELLO)
        del coroutine
        gc.collect()
    assert [str(warning.message) for warning in caught] == [
        "coroutine 'ReplayChatCompletionClient.create' was never awaited"
    ]


# --- awkward shapes ---------------------------------------------------------------------------------------------------


class Items:
    """An async iterator that is no generator."""

    def __init__(self) -> None:
        self.items = iter(["one ", _result()])
        self.closed = False

    def __aiter__(self) -> Items:
        return self

    async def __anext__(self) -> Any:
        for item in self.items:
            return item
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close it, as a generator is closed."""
        self.closed = True


async def test_a_stream_that_is_no_generator(exported: Exported) -> None:
    """It is observed, and stays what it is."""

    class Own(ReplayChatCompletionClient):
        def create_stream(self, *args: Any, **kwargs: Any) -> Any:
            return Items()

    stream = Own([]).create_stream(HELLO)
    assert isinstance(stream, Items)
    assert len(await _drain(stream)) == 2
    assert exported.reason() == "completed"
    left = Own([]).create_stream(HELLO)
    await anext(left)
    await left.aclose()
    assert left.closed
    assert exported.ours[-1].attributes["lastchunk.stream.termination.reason"] == "abandoned"


@pytest.mark.parametrize("given", [None, 5, "text", ["one"]])
async def test_what_is_no_stream_is_handed_on(exported: Exported, given: Any) -> None:
    """Whatever an application's own client returns is passed on."""

    class Own(ReplayChatCompletionClient):
        def create_stream(self, *args: Any, **kwargs: Any) -> Any:
            return given

    assert Own([]).create_stream(HELLO) is given
    assert exported.all == []


async def test_a_call_that_raises(exported: Exported) -> None:
    """The call raises before there is a stream."""
    error = ValueError("no")

    class Own(ReplayChatCompletionClient):
        def create_stream(self, *args: Any, **kwargs: Any) -> Any:
            raise error

    with pytest.raises(ValueError, match="no") as raised:
        Own([]).create_stream(HELLO)
    assert raised.value is error
    assert exported.all == []


async def test_a_coroutine_that_gives_a_stream(exported: Exported) -> None:
    """`async def create_stream` without a `yield`: it is not a stream, and is passed on unchanged."""

    class Own(ReplayChatCompletionClient):
        async def create_stream(self, *args: Any, **kwargs: Any) -> Any:
            return Items()

    assert isinstance(await Own([]).create_stream(HELLO), Items)


@pytest.mark.parametrize("messages", [[], (), None, MagicMock(), [MagicMock()], "text", [None, 5], {"a": 1}])
async def test_odd_messages(exported: Exported, messages: Any) -> None:
    """They are passed on. The span leaves out what cannot be determined."""
    await _drain(_client("a", _result()).create_stream(messages))
    assert exported.reason() == "completed"


@pytest.mark.parametrize("finish", [None, MagicMock(), 5, "a text\nwith lines " * 9])
async def test_odd_finish_reasons(exported: Exported, finish: Any) -> None:
    """A result that was not validated; no text of it passes for a finish reason."""
    result = CreateResult.model_construct(finish_reason=finish, content="x", usage=USAGE, cached=False, thought=None)
    await _drain(_client("a", result).create_stream(HELLO))
    assert exported.reason() == "completed"
    assert "with lines" not in exported.one().to_json()


async def test_a_client_of_mocks(exported: Exported) -> None:
    """It has every attribute that we look for, and none is of a type that a span takes."""
    client: Any = _client("a", _result())
    client._create_args = {"model": MagicMock()}
    client._client = MagicMock()
    client.client = MagicMock()
    await _drain(client.create_stream(HELLO))
    span = exported.one()
    assert span.name == "chat"
    assert "gen_ai.request.model" not in span.attributes
    assert "Mock" not in span.to_json()


@pytest.mark.parametrize("given", [{"model": ""}, {"model": None}, {"model": 5}, {"model": b"x"}, {}, None, "text"])
async def test_odd_models(exported: Exported, given: Any) -> None:
    """A number is a valid attribute, and so is told; nothing else but a text is."""
    client: Any = _client("a", _result())
    client._create_args = given
    await _drain(client.create_stream(HELLO))
    assert exported.one().name in ("chat", "chat 5")


# --- who the client is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("http://gateway.example:8080/v1", ("gateway.example", 8080)),
        ("https://api.example.com/v1", ("api.example.com", 443)),
        ("http://[::1]/v1", ("::1", 80)),
        ("https://user:secret@api.example.com/v1", ("api.example.com", 443)),
    ],
)
async def test_endpoints(base_url: str, address: tuple[str, int]) -> None:
    """Host and port, and nothing else of the URL: it can hold a password."""
    client = OpenAIChatCompletionClient(model="m", base_url=base_url, api_key="none", model_info=MODEL_INFO)
    said = identity(client)
    assert (said["server.address"], said["server.port"]) == address
    assert "secret" not in str(said)
    await client.close()


@pytest.mark.parametrize("url", ["no url", "http://[", "http://host:port/", "", object(), 5])
def test_an_endpoint_that_is_none(url: Any) -> None:
    """It is left out."""
    client = MagicMock()
    client._client.base_url = url
    assert not [name for name in identity(client) if name.startswith("server.")]


async def test_azure() -> None:
    """It inherits from the same class, and is another provider."""
    client = AzureOpenAIChatCompletionClient(
        model="m",
        azure_endpoint="https://mine.openai.azure.com",
        api_version="2024-06-01",
        api_key="none",
        model_info=MODEL_INFO,
    )
    said = identity(client)
    assert (said["gen_ai.provider.name"], said["server.address"]) == ("azure.ai.openai", "mine.openai.azure.com")
    await client.close()


def test_a_client_that_nobody_knows() -> None:
    """Its provider is `_OTHER`; one that inherits from a known one is that one's."""

    class Mine:
        pass

    class Special(ReplayChatCompletionClient):
        pass

    assert identity(Mine())["gen_ai.provider.name"] == "_OTHER"
    assert identity(Special([]))["gen_ai.provider.name"] == "replay"
