# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams that never begin, that are never ended, or that end when a loop, a thread or the interpreter does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import OpenAI

from lastchunk import semconv
from lastchunk.model_server.server import ModelServer
from lastchunk.streams.open_streams import drain, open_streams
from tests.endings.sources import MESSAGES, MODEL, MODEL_INFO

REASON = semconv.TERMINATION_REASON
Made = Callable[..., Any]


@pytest.fixture(autouse=True, scope="module")
def _nothing_old() -> None:
    """Collect what other tests have left before these begin, so that its complaints do not appear within them."""
    gc.collect()


def _reasons(exported: Any) -> list[tuple[Any, Any]]:
    return [(span.attributes[REASON], span.attributes[semconv.TERMINATION_CAUSE]) for span in exported.ours]


async def test_a_generator_that_is_never_iterated_is_no_stream(exported: Any, model: Made, server: ModelServer) -> None:
    """Nothing begins, and no request is made."""
    before = len(server.exchanges)
    client = model("clean")
    stream = client.create_stream([UserMessage(content="hello", source="user")])
    run = AssistantAgent("guide", client, model_client_stream=True).run_stream(task="hello")
    del stream, run
    gc.collect()
    await asyncio.sleep(0.05)
    assert (exported.ours, len(server.exchanges)) == ([], before)


async def test_an_sdk_stream_that_is_never_iterated_is_abandoned(exported: Any, sdk: Made) -> None:
    """It began with the request, and ends when it dies."""
    stream = await sdk("clean").chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    assert len(open_streams()) == 1
    await stream.close()
    del stream
    gc.collect()
    await asyncio.sleep(0.05)
    assert _reasons(exported) == [("abandoned", "partial_consumption")]


@pytest.mark.parametrize("bare", [True, False])
async def test_a_coroutine_that_is_never_awaited_warns_once_as_without_us(
    bare: bool, instrument: Made, sdk: Made
) -> None:
    """No stream begins; Python's own warning names the SDK's method."""
    exported = None if bare else instrument()
    client = sdk("clean")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        gc.collect()
    given = [str(warning.message) for warning in caught if warning.category is RuntimeWarning]
    assert given == ["coroutine 'AsyncCompletions.create' was never awaited"]
    assert exported is None or exported.ours == []


def test_a_stream_kept_until_its_loop_ends(exported: Any, server: ModelServer) -> None:
    """`shutdown_asyncgens` closes the run, and what is below it; nothing is left open."""
    kept: list[Any] = []

    async def main() -> None:
        client = OpenAIChatCompletionClient(
            model=MODEL, base_url=server.url("stall"), api_key="none", model_info=MODEL_INFO, max_retries=0
        )
        stream = AssistantAgent("guide", client, model_client_stream=True).run_stream(task="hello")
        kept.append(stream)
        for _ in range(3):
            await anext(stream)

    asyncio.run(main())
    kept.clear()
    gc.collect()
    drain()
    reasons = {span.name.partition(" ")[0]: span.attributes[REASON] for span in exported.ours}
    assert reasons == {"invoke_agent": "process_exit", "chat": "process_exit"}


def test_a_sync_stream_left_in_a_thread(exported: Any, sync_sdk: Made) -> None:
    """`break` in a thread without a loop: the end is carried out at the next occasion."""
    client: OpenAI = sync_sdk("clean", gap=0.02)

    def work() -> None:
        for _ in client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            break

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    gc.collect()
    drain()
    assert _reasons(exported) == [("abandoned", "partial_consumption")]


@pytest.mark.parametrize("how", ["close", "with", "exception"])
def test_ways_to_leave_a_sync_stream(how: str, exported: Any, sync_sdk: Made) -> None:
    """`close()`, the end of a `with`, and an exception in its body."""
    stream = sync_sdk("clean", gap=0.02).chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    if how == "close":
        next(stream)
        stream.close()
    elif how == "with":
        with stream:
            next(stream)
    else:
        with contextlib.suppress(KeyError), stream:
            next(stream)
            raise KeyError(how)
    assert _reasons(exported) == [("abandoned", "partial_consumption")]


_APPLICATION = """
    import asyncio, sys
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
    from lastchunk import AutoGenStreamsInstrumentor

    provider = TracerProvider()
    line = lambda span: f"{span.name.split()[0]} {span.attributes.get('lastchunk.stream.termination.reason')}\\n"
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=line)))
    trace.set_tracer_provider(provider)
    AutoGenStreamsInstrumentor().instrument()
    import openai

    request = dict(model="m", messages=[{"role": "user", "content": "hello"}], stream=True)
    url = sys.argv[1]
"""
_KEPT = {
    "a sync stream": """
    stream = openai.OpenAI(base_url=url, api_key="none").chat.completions.create(**request)
    next(stream)
    """,
    "a stream whose loop was never closed": """
    loop = asyncio.new_event_loop()
    client = openai.AsyncOpenAI(base_url=url, api_key="none")
    stream = loop.run_until_complete(client.chat.completions.create(**request))
    loop.run_until_complete(stream.__anext__())
    """,
    "a task that asyncio.run cancels": """
    async def main():
        client = openai.AsyncOpenAI(base_url=url, api_key="none")
        async def read():
            async for _ in await client.chat.completions.create(**request):
                pass
        task = asyncio.create_task(read())
        await asyncio.sleep(0.7)
    asyncio.run(main())
    """,
    "a Ctrl-C that asyncio.run hears": """
    import contextlib, signal
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has it ignored in the background
    async def main():
        client = openai.AsyncOpenAI(base_url=url, api_key="none")
        stream = await client.chat.completions.create(**request)
        await anext(stream)
        asyncio.get_running_loop().call_later(0.5, signal.raise_signal, signal.SIGINT)
        async for _ in stream:
            pass
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
    """,
    "sys.exit in the loop": """
    for _ in openai.OpenAI(base_url=url, api_key="none").chat.completions.create(**request):
        stream = _
        sys.exit(3)
    """,
}
_ENDS = {
    "a sync stream": "process_exit",
    "a stream whose loop was never closed": "process_exit",
    "a task that asyncio.run cancels": "process_exit",
    "a Ctrl-C that asyncio.run hears": "process_exit",
    "sys.exit in the loop": "abandoned",
}


@pytest.mark.parametrize("kept", _KEPT)
def test_a_stream_kept_until_the_interpreter_exits(kept: str, server: ModelServer, tmp_path: Path) -> None:
    """Its span is exported before the provider is shut down, and nothing is written to stderr that is ours."""
    script = tmp_path / "application.py"
    script.write_text(textwrap.dedent(_APPLICATION) + textwrap.dedent(_KEPT[kept]))
    command = [sys.executable, "-W", "ignore", str(script), server.url("stall")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert (done.stdout.split(), "lastchunk" in done.stderr) == (["chat", _ENDS[kept]], False), done.stderr
