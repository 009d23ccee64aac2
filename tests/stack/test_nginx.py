# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The model server behind a real nginx: what the commonest proxy does to a stream, and what Lastchunk says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai import APIConnectionError
from opentelemetry.sdk.trace import ReadableSpan

from lastchunk.model_server.actions import Close, Head, Script
from lastchunk.model_server.scripts import CLEAN, SCRIPTS
from lastchunk.model_server.server import ModelServer
from tests.conftest import MODEL_INFO, Exported, Instrument, _close
from tests.stack.servers import Server, binary, free_port

pytestmark = pytest.mark.xdist_group("nginx")
PATIENCE = 1
"""Seconds of `proxy_read_timeout`; 60 by default. nginx takes no fractions."""
STALL_AFTER = 0.8
"""Below the proxy's patience, as the default of 30 s is below its default of 60 s."""

CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/log info;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    scgi_temp_path {directory}/scgi;
    uwsgi_temp_path {directory}/uwsgi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    server {{
        listen 127.0.0.1:{port};
        location = /ready {{
            return 200 ready;
        }}
        location /buffering/ {{
            proxy_pass http://127.0.0.1:{upstream}/;
        }}
        location /streaming/ {{
            proxy_buffering off;
            proxy_pass http://127.0.0.1:{upstream}/;
        }}
        location /compressing/ {{
            gzip on;
            gzip_types text/event-stream;
            proxy_pass http://127.0.0.1:{upstream}/;
        }}
        location /five/ {{
            proxy_buffering off;
            proxy_read_timeout 5s;
            proxy_pass http://127.0.0.1:{upstream}/;
        }}
        location /impatient/ {{
            proxy_buffering off;
            proxy_read_timeout {patience}s;
            proxy_pass http://127.0.0.1:{upstream}/;
        }}
    }}
}}
"""


class Nginx(Server):
    """nginx in front of the model server, with everything it writes in one directory."""

    def __init__(self, folder: Path, server: ModelServer) -> None:
        self._server, self._port = server, free_port()
        configuration, errors = folder / "nginx.conf", folder / "log"
        command = (binary("nginx"), "-p", folder, "-e", errors, "-c", configuration)
        super().__init__(command, folder, f"http://127.0.0.1:{self._port}/ready", {})
        values = {"directory": folder, "port": self._port, "upstream": server.port, "patience": PATIENCE}
        configuration.write_text(CONFIGURATION.format(**values))

    def url(self, location: str, script: str, **speech: str | float) -> str:
        """The base URL of a script, through one of the locations of the configuration."""
        direct = self._server.url(script, **speech)
        return direct.replace(f":{self._server.port}/", f":{self._port}/{location}/", 1)


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[ModelServer]:
    close_delimited = Script((Head(framing="close"), *CLEAN[1:-1], Close()))
    with ModelServer({**SCRIPTS, "clean_close": close_delimited}) as server:
        yield server


@pytest.fixture(scope="module", name="nginx")
def _nginx(
    needs: Callable[..., None], tmp_path_factory: pytest.TempPathFactory, server: ModelServer
) -> Iterator[Nginx]:
    needs("nginx")
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), server).start()
    yield nginx
    nginx.stop()


@pytest.fixture(name="agent")
async def _agent() -> AsyncIterator[Callable[[str], AssistantAgent]]:
    """`agent(base_url)`: an agent that streams."""
    clients: list[OpenAIChatCompletionClient] = []

    def make(url: str) -> AssistantAgent:
        client = OpenAIChatCompletionClient(
            model="test-model", base_url=url, api_key="none", model_info=MODEL_INFO, max_retries=0, timeout=20
        )
        clients.append(client)
        return AssistantAgent("writer", client, model_client_stream=True)

    yield make
    await _close(clients)


async def outcome(agent: AssistantAgent, exported: Exported) -> tuple[ReadableSpan, list[Any]]:
    """The span of a run that was read to its end, whatever that was, and its items; the model stream says the same."""
    items: list[Any] = []
    try:
        async for item in agent.run_stream(task="Go."):
            items.append(item)
    except Exception as error:
        items.append(error)
    run, chat = exported.one("invoke_agent"), exported.one("chat")
    for name in ("reason", "cause"):
        name = f"lastchunk.stream.termination.{name}"
        assert run.attributes.get(name) == chat.attributes.get(name)
    return chat, items


def said(span: ReadableSpan) -> tuple[Any, Any, Any]:
    """Reason, cause, and whether it is a cutoff."""
    names = ("termination.reason", "termination.cause", "cutoff")
    first, second, third = (span.attributes.get(f"lastchunk.stream.{name}") for name in names)
    return first, second, third


async def test_a_healthy_stream(nginx: Nginx, agent: Callable[..., Any], exported: Exported) -> None:
    span, _ = await outcome(agent(nginx.url("streaming", "clean", gap=0.02)), exported)
    assert said(span) == ("completed", None, False)
    assert span.attributes["lastchunk.stream.delivery"] == "incremental"


async def test_an_idle_timeout_far_below_the_stall(nginx: Nginx, agent: Callable[..., Any], exported: Exported) -> None:
    """With the default settings: five seconds are long for a stream whose chunks come at once."""
    span, _ = await outcome(agent(nginx.url("five", "pause", wait=8)), exported)
    assert said(span) == ("connection_lost", "idle_timeout", True)


async def test_an_idle_timeout_in_mid_stream(nginx: Nginx, agent: Callable[..., Any], instrument: Instrument) -> None:
    """nginx closes the connection in the middle of a chunked body, and tells only its own log."""
    exported = instrument(stall_after=STALL_AFTER)
    span, items = await outcome(agent(nginx.url("impatient", "pause", wait=3)), exported)
    assert said(span) == ("connection_lost", "idle_timeout", True)
    assert PATIENCE * 0.9 < span.attributes["lastchunk.stream.idle_at_end"] < PATIENCE + 1.5
    assert len(items) > 2
    assert isinstance(items[-1], Exception)
    assert "upstream timed out" in nginx.said()


async def test_the_same_silence_with_a_patient_proxy(
    nginx: Nginx, agent: Callable[..., Any], instrument: Instrument
) -> None:
    exported = instrument(stall_after=STALL_AFTER)
    span, _ = await outcome(agent(nginx.url("streaming", "pause", wait=1.5)), exported)
    assert said(span) == ("completed", None, False)
    assert span.attributes["lastchunk.stream.max_gap"] > 1.4


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("rst", ("connection_lost", "connection_lost", True)),
        ("incomplete_chunked", ("connection_lost", "connection_lost", True)),
        ("rst_after_finish", ("connection_lost", "connection_lost", True)),
        # A body without a length that ends early becomes a whole one behind nginx, which frames it anew.
        ("silent_cut_close", ("truncated", "unknown", True)),
        ("silent_cut", ("truncated", "unknown", True)),
        ("error_object", ("provider_error", "provider_error", True)),
        ("length", ("length", "context_limit", True)),
    ],
)
async def test_what_breaks_behind_the_proxy(
    nginx: Nginx, agent: Callable[..., Any], exported: Exported, script: str, expected: tuple[Any, ...]
) -> None:
    span, _ = await outcome(agent(nginx.url("streaming", script)), exported)
    assert said(span) == expected


async def test_buffering(nginx: Nginx, agent: Callable[..., Any], exported: Exported) -> None:
    """`proxy_buffering`, on by default, holds a body of the upstream that has no framing until 4 KiB or the end come."""
    span, _ = await outcome(agent(nginx.url("buffering", "clean_close", gap=0.36)), exported)
    assert said(span) == ("completed", "no_streaming_support", False)
    assert span.attributes["lastchunk.stream.delivery"] == "burst"
    assert span.attributes["gen_ai.response.time_to_first_chunk"] > 5


async def test_compression(nginx: Nginx, agent: Callable[..., Any], exported: Exported) -> None:
    """`gzip on` holds a chunked body, too: the compressor waits for more."""
    span, _ = await outcome(agent(nginx.url("compressing", "clean", gap=0.1)), exported)
    assert span.attributes["lastchunk.stream.delivery"] == "burst"


@pytest.mark.parametrize(("location", "script"), [("buffering", "clean"), ("streaming", "clean_close")])
async def test_what_is_not_held(
    nginx: Nginx, agent: Callable[..., Any], exported: Exported, location: str, script: str
) -> None:
    """A chunked body is passed on as it comes, buffering or not; `proxy_buffering off` does the same for one without."""
    span, _ = await outcome(agent(nginx.url(location, script, gap=0.1)), exported)
    assert said(span) == ("completed", None, False)
    assert span.attributes["lastchunk.stream.delivery"] == "incremental"


async def test_a_504_before_the_headers(nginx: Nginx, agent: Callable[..., Any], exported: Exported) -> None:
    span, items = await outcome(agent(nginx.url("impatient", "stall_before_headers")), exported)
    assert said(span) == ("rejected", "idle_timeout", False)
    assert getattr(items[-1], "status_code", None) == 504


async def test_a_502_before_the_headers(nginx: Nginx, agent: Callable[..., Any], exported: Exported) -> None:
    span, items = await outcome(agent(nginx.url("streaming", "rst_before_headers")), exported)
    assert said(span) == ("rejected", "provider_error", False)
    assert getattr(items[-1], "status_code", None) == 502


async def test_nginx_is_stopped_in_mid_stream(
    needs: Callable[..., None],
    started: list[Server],
    tmp_path: Path,
    server: ModelServer,
    agent: Callable[..., Any],
    exported: Exported,
) -> None:
    """A proxy that is replaced cuts what is under way."""
    needs("nginx")
    started.append(nginx := Nginx(tmp_path, server).start())

    async def read() -> None:
        count = 0
        async for _ in agent(nginx.url("streaming", "stall")).run_stream(task="Go."):
            count += 1
            if count == 4:
                nginx.stop()

    with pytest.raises(APIConnectionError):
        await read()
    assert (
        said(exported.one("chat")) == said(exported.one("invoke_agent")) == ("connection_lost", "connection_lost", True)
    )
