# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The model server does on the wire what its scripts say: seen by raw sockets, and by the real openai SDK."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
from collections.abc import Iterator

import pytest
from openai import OpenAI

from lastchunk.model_server.scripts import SCRIPTS
from lastchunk.model_server.server import ModelServer

# What the SDK makes of each script: the raw finish reasons that it hands on, and the exception that it raises.
# Rows that end without either are the silent ones.
LOST, TIMEOUT = "APIConnectionError", "APITimeoutError"
SEEN_BY_SDK: dict[str, tuple[list[str], str | None]] = {
    "clean": (["stop"], None),
    "finish_without_done": (["stop"], None),
    "reasoning": (["stop"], None),
    "slow_first_chunk": (["stop"], None),
    "pause": (["stop"], None),
    "burst": (["stop"], None),
    "single": (["stop"], None),
    "empty_chunks_first": (["stop"], None),
    "silent_cut": ([], None),
    "silent_cut_close": ([], None),
    "idle_then_silent_cut": ([], None),
    "done_without_finish": ([], None),
    "cut_inside_event": ([], None),
    "cut_before_blank_line": ([], None),
    "reasoning_cut": ([], None),
    "rst": ([], LOST),
    "incomplete_chunked": ([], LOST),
    "short_content_length": ([], LOST),
    "idle_then_rst": ([], LOST),
    "idle_then_close": ([], LOST),
    "rst_after_finish": (["stop"], LOST),
    "incomplete_after_finish": (["stop"], LOST),
    "rst_after_done": (["stop"], None),
    "stall_after_done": (["stop"], None),
    "rst_before_headers": ([], LOST),
    "rst_after_headers": ([], LOST),
    "stall": ([], TIMEOUT),
    "stall_after_headers": ([], TIMEOUT),
    "stall_before_headers": ([], TIMEOUT),
    "error_object": ([], "APIError"),
    "error_named_event": ([], "APIError"),
    "error_string": ([], "APIError"),
    "error_without_error_key": ([], None),
    "error_beside_choices": ([], "APIError"),
    "http_400_context": ([], "BadRequestError"),
    "http_400_content_filter": ([], "BadRequestError"),
    "http_401": ([], "AuthenticationError"),
    "http_429": ([], "RateLimitError"),
    "http_500": ([], "InternalServerError"),
    "http_503_html": ([], "InternalServerError"),
    "length": (["length"], None),
    "content_filter": (["content_filter"], None),
    "raw_finish": (["stop"], None),
    "finish_insufficient_system_resource": (["insufficient_system_resource"], None),
    "finish_eos": (["eos"], None),
    "finish_max_tokens": (["max_tokens"], None),
    "finish_upper_case": (["STOP"], None),
    "finish_empty_string": (["stop"], None),
    "two_finishes": (["length", "stop"], None),
    "usage_on_every_chunk": (["stop"], None),
    "usage_on_finish": (["length"], None),
    "refusal": (["stop"], None),
    "json_body": ([], None),
    "json_body_after_wait": ([], None),
    "json_body_as_sse": ([], None),
    "html_body": ([], None),
    "empty_chunks_only": ([], None),
    "finish_only": (["stop"], None),
    "done_only": ([], None),
    "empty_body": ([], None),
    "null_chunk": (["stop"], None),
    "chunk_without_choices": (["stop"], None),
    "malformed_json": ([], "JSONDecodeError"),
    "bad_utf8": ([], "UnicodeDecodeError"),
    "tool_calls_without_call": (["tool_calls"], None),
    "function_call": (["function_call"], None),
    "tool_call": (["tool_calls"], None),
    "tool_call_then_nothing": (["tool_calls"], None),
    "tool_call_then_silent_cut": (["tool_calls"], None),
    "tool_arguments_cut": ([], None),
    "tool_arguments_cut_under_stop": (["stop"], None),
    "tool_arguments_cut_by_length": (["length"], None),
    "tool_call_rst": ([], LOST),
    "echo": (["stop"], None),
    "assistant": (["stop"], None),
}
HANGS = {"keep_alive_comments"}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture(scope="module")
def sdk() -> Iterator[OpenAI]:
    with OpenAI(api_key="none", base_url="http://unset.invalid", max_retries=0, timeout=0.4) as client:
        yield client


class Seen:
    """What one streaming request brought, until it ended or broke."""

    def __init__(self, sdk: OpenAI, url: str, *messages: dict[str, str]) -> None:
        self.text, self.reasoning, self.arguments = "", "", ""
        self.finishes: list[str] = []
        self.chunks = 0
        self.error: Exception | None = None
        conversation = messages or ({"role": "user", "content": "go on"},)
        try:
            client = sdk.with_options(base_url=url)
            for chunk in client.chat.completions.create(model="m", messages=conversation, stream=True):  # type: ignore[call-overload]
                self.chunks += 1
                self._take(chunk)
        except Exception as error:
            self.error = error

    def _take(self, chunk) -> None:
        for choice in (chunk and chunk.choices) or []:
            self.text += choice.delta.content or ""
            self.reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            self.arguments += "".join(call.function.arguments for call in choice.delta.tool_calls or [])
            self.finishes += [choice.finish_reason] if choice.finish_reason else []


def test_every_script_has_its_row():
    assert set(SEEN_BY_SDK) | HANGS == set(SCRIPTS)


@pytest.mark.parametrize("script", SEEN_BY_SDK)
def test_what_the_sdk_sees(server: ModelServer, sdk: OpenAI, script: str):
    finishes, error = SEEN_BY_SDK[script]

    seen = Seen(sdk, server.url(script, wait=0.1))

    assert (seen.finishes, type(seen.error).__name__ if seen.error else None) == (finishes, error)


def test_half_of_the_words_arrive_before_a_cut(server: ModelServer, sdk: OpenAI):
    assert Seen(sdk, server.url("silent_cut", text="one two three four")).text == "one two "
    assert Seen(sdk, server.url("silent_cut", text="alone")).text == "alone"
    assert Seen(sdk, server.url("pause", wait=0, text="one two three")).text == "one two three"


def test_pieces_of_the_text_are_chunks(server: ModelServer, sdk: OpenAI):
    assert Seen(sdk, server.url("clean", text="a b c")).chunks == 3 + len(["finish", "usage"])
    assert Seen(sdk, server.url("single", text="a b c", wait=0)).chunks == 1 + len(["finish"])
    assert Seen(sdk, server.url("burst", text="a b c", wait=0)).chunks == 3 + len(["finish"])


def test_text_arguments_and_errors_come_from_the_url(server: ModelServer, sdk: OpenAI):
    sentinel = 'ä/;=&"sentinel" %41'

    assert Seen(sdk, server.url("clean", text=sentinel)).text == sentinel
    assert Seen(sdk, server.url("reasoning_cut", text=sentinel)).reasoning == 'ä/;=&"sentinel" '
    assert Seen(sdk, server.url("tool_call", arguments=sentinel)).arguments == sentinel
    assert Seen(sdk, server.url("raw_finish", finish="due_to_rain")).finishes == ["due_to_rain"]
    for script in ("error_object", "http_500"):
        assert sentinel in str(Seen(sdk, server.url(script, error=sentinel)).error)


def test_a_script_or_parameter_that_does_not_exist_fails_at_once(server: ModelServer):
    with pytest.raises(KeyError, match="brokn"):
        server.url("brokn")
    with pytest.raises(TypeError, match="txt"):
        server.url("clean", txt="hello")


def test_a_tool_result_gets_the_second_answer(server: ModelServer, sdk: OpenAI):
    url = server.url("tool_call", text="the weather is fine", arguments='{"city": "Lisbon"}')

    call = Seen(sdk, url)
    answer = Seen(sdk, url, {"role": "tool", "tool_call_id": "call_1", "content": "fine"})

    assert (call.arguments, call.text, call.finishes) == ('{"city": "Lisbon"}', "", ["tool_calls"])
    assert (answer.arguments, answer.text, answer.finishes) == ("", "the weather is fine", ["stop"])


def test_an_assistant_calls_the_tool_that_it_is_offered(server: ModelServer, sdk: OpenAI):
    url = server.url("assistant", text="the weather is fine")
    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("weather", "flights")]

    client = sdk.with_options(base_url=url)
    asked = [{"role": "user", "content": "go on"}]
    call = client.chat.completions.create(model="m", messages=asked, tools=tools)  # type: ignore[call-overload]
    answer = Seen(sdk, url, {"role": "tool", "tool_call_id": "call_1", "content": "fine"})

    assert [made.function.name for made in call.choices[0].message.tool_calls] == ["weather"]
    assert (answer.text, answer.finishes) == ("the weather is fine", ["stop"])


def test_echo_repeats_the_last_message(server: ModelServer, sdk: OpenAI):
    seen = Seen(sdk, server.url("echo"), {"role": "user", "content": "say this again"})

    assert (seen.text, seen.chunks) == ("say this again", 3 + len(["finish", "usage"]))


@pytest.mark.parametrize(
    ("script", "reason"), [("clean", "stop"), ("length", "length"), ("silent_cut", "stop"), ("rst", "stop")]
)
def test_without_stream_the_answer_is_one_document(server: ModelServer, sdk: OpenAI, script: str, reason: str):
    client = sdk.with_options(base_url=server.url(script, text="in one piece"))

    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go on"}])

    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("in one piece", reason)


def test_without_stream_a_tool_is_called_too(server: ModelServer, sdk: OpenAI):
    client = sdk.with_options(base_url=server.url("tool_call", tool="lookup"))

    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go on"}])

    assert answer.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in answer.choices[0].message.tool_calls or []] == ["lookup"]


def test_requests_are_counted_with_what_they_asked(server: ModelServer, sdk: OpenAI):
    before = server.requests("http_429")
    retrying = sdk.with_options(max_retries=1, base_url=server.url("http_429"))

    with pytest.raises(Exception, match="429"):
        retrying.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], stream=True)

    assert server.requests("http_429") == before + 2
    last = server.exchanges[-1]
    assert (last.stream, last.messages, last.body["model"]) == (True, [{"role": "user", "content": "hi"}], "m")
    assert last.over.wait(5)
    assert last.client_left_at is None


def test_the_server_knows_when_a_client_left(server: ModelServer, sdk: OpenAI):
    client = sdk.with_options(base_url=server.url("stall"))
    stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go on"}], stream=True)
    next(iter(stream))
    assert server.exchanges[-1].client_left_at is None

    left = time.monotonic()
    stream.close()

    assert server.exchanges[-1].over.wait(5)
    assert server.exchanges[-1].client_left_at >= left


def raw(server: ModelServer, script: str, seconds: float = 5.0, **speech: str | float) -> tuple[bytes, str]:
    """Everything that a request brings, byte by byte, and how the connection ended."""
    url = server.url(script, **speech)
    request = json.dumps({"model": "m", "messages": [], "stream": True}).encode()
    head = f"POST {url.partition(str(server.port))[2]}/chat/completions HTTP/1.1\r\nhost: x\r\n"
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(f"{head}content-length: {len(request)}\r\n\r\n".encode() + request)
        try:
            while data := connection.recv(65536):
                received += data
                if received.endswith(b"\r\n0\r\n\r\n"):
                    return received, "complete"
        except ConnectionResetError:
            return received, "reset"
        except TimeoutError:
            return received, "silence"
    return received, "closed"


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ("clean", "complete"),
        ("silent_cut", "complete"),
        ("empty_body", "complete"),
        ("http_500", "complete"),
        ("silent_cut_close", "closed"),
        ("incomplete_chunked", "closed"),
        ("short_content_length", "closed"),
        ("rst", "reset"),
        ("rst_before_headers", "reset"),
        ("rst_after_done", "reset"),
    ],
)
def test_how_the_connection_ends(server: ModelServer, script: str, end: str):
    assert raw(server, script)[1] == end


@pytest.mark.parametrize(
    ("script", "last_bytes"),
    [
        ("clean", rb"data: \[DONE\]\n\n\r\n0\r\n\r\n$"),
        ("finish_without_done", rb'"finish_reason":"stop"\}\]\}\n\n\r\n0\r\n\r\n$'),
        ("cut_inside_event", rb'data: \{"id":"[^\n]*\r\n0\r\n\r\n$'),
        ("cut_before_blank_line", rb'"finish_reason":"stop"\}\]\}\n\r\n0\r\n\r\n$'),
        ("error_named_event", rb'event: error\ndata: \{"error":\{[^\n]*\n\n\r\n0\r\n\r\n$'),
        ("json_body", rb"content-type: application/json\r\n.*\r\n\r\n[^\n]*\r\n\{.*\}\r\n0\r\n\r\n$"),
        ("json_body_as_sse", rb"content-type: text/event-stream\r\n.*\r\n\r\n[^\n]*\r\n\{.*\}\r\n0\r\n\r\n$"),
        ("short_content_length", rb"content-length: 100000\r\n\r\n(data: [^\n]*\n\n)+$"),
        ("silent_cut_close", rb"connection: close\r\n\r\n(data: [^\n]*\n\n)+$"),
        ("rst_before_headers", rb"^$"),
    ],
)
def test_the_last_bytes(server: ModelServer, script: str, last_bytes: bytes):
    assert re.search(last_bytes, raw(server, script)[0], re.DOTALL)


def test_silence_lasts_until_the_client_leaves(server: ModelServer):
    assert raw(server, "stall_before_headers", seconds=0.3) == (b"", "silence")
    assert raw(server, "stall", seconds=0.3)[1] == "silence"

    assert server.exchanges[-1].over.wait(5)
    assert server.exchanges[-1].client_left_at is not None


def test_keep_alive_comments_keep_a_dead_stream_alive(server: ModelServer, sdk: OpenAI):
    client = sdk.with_options(base_url=server.url("keep_alive_comments"), timeout=0.2)
    stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go on"}], stream=True)
    seen = b""
    for data in stream.response.iter_raw():
        seen += data
        if seen.count(b": keep-alive\n\n") == 8:
            break
    stream.close()

    assert len(re.findall(b"data: ", seen)) == 8
    assert server.exchanges[-1].over.wait(5)


def test_one_connection_serves_many_requests(server: ModelServer):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    ports: set[int] = set()
    bodies = b""
    with contextlib.closing(connection):
        for text in ("one", "two", "three"):
            path = server.url("json_body", text=text).partition(str(server.port))[2]
            connection.request("POST", f"{path}/chat/completions", b'{"model": "m"}')
            bodies += connection.getresponse().read()
            ports.add(connection.sock.getsockname()[1])

    assert len(ports) == 1
    assert [text in bodies for text in (b"one", b"two", b"three")] == [True, True, True]


def test_a_server_stops_while_a_stream_is_open(sdk: OpenAI):
    with ModelServer() as short_lived:
        client = sdk.with_options(base_url=short_lived.url("stall"))
        stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go on"}], stream=True)
        next(iter(stream))

    with pytest.raises(Exception, match="Connection error"):
        list(stream)
