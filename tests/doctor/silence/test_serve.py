# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The server that stays silent: what it answers, to whom, and what it says of it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI

from lastchunk.doctor.silence import serve as serve_module
from lastchunk.doctor.silence.request import LONGEST, asked_in, asks_for
from lastchunk.doctor.silence.serve import route, serve

Started = tuple[str, asyncio.Queue[str]]
"""Its base URL, and what it says."""


@pytest.fixture(name="serving")
async def _serving() -> AsyncIterator[Started]:
    told: asyncio.Queue[str] = asyncio.Queue()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve("127.0.0.1", 0, told.put_nowait, listening=port.set_result))
    yield f"http://127.0.0.1:{await port}", told
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)


async def _gaps(url: str, seconds: float, *, leave_after: float | None = None) -> list[float]:
    """The silences before each chunk."""
    gaps, last = [], time.monotonic()
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        messages = [{"role": "user", "content": asks_for(seconds)}]
        stream = await client.chat.completions.create(model="any", messages=messages, stream=True)  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(leave_after):
                async for _ in stream:
                    gaps.append(time.monotonic() - last)
                    last = time.monotonic()
        except TimeoutError:
            await stream.close()
    return gaps


async def _next(told: asyncio.Queue[str]) -> str:
    return await asyncio.wait_for(told.get(), 20)


@pytest.mark.parametrize("path", ["/v1", "/any/prefix/v1", ""])
async def test_it_is_silent_in_mid_stream(serving: Started, path: str) -> None:
    url, told = serving
    gaps = await _gaps(url + path, 1.5)
    assert len(gaps) > 10
    assert max(gaps[1:]) > 0.75  # a busy machine may read the chunk before it late
    assert await _next(told) == "asked to be silent for 1.5 s: was silent, and sent the whole answer"


async def test_who_leaves_is_told(serving: Started) -> None:
    url, told = serving
    await _gaps(f"{url}/v1", 60, leave_after=0.5)
    assert (await _next(told)).startswith("asked to be silent for 60 s: the other side closed the connection after ")


async def test_many_at_once(serving: Started) -> None:
    url, told = serving
    began = time.monotonic()
    await asyncio.gather(*(_gaps(f"{url}/v1", 1.0) for _ in range(8)))
    assert time.monotonic() - began < 8 * 1.0
    assert len({await _next(told) for _ in range(8)}) == 1


async def _status(url: str, data: bytes | None = None) -> tuple[int, object]:
    def get() -> tuple[int, object]:
        try:
            with urllib.request.urlopen(url, data, timeout=10) as response:
                return int(response.status), json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    return await asyncio.to_thread(get)


async def test_other_paths(serving: Started) -> None:
    url, _ = serving
    assert (await _status(f"{url}/"))[0] == 200
    assert (await _status(f"{url}/healthz"))[0] == 200
    assert (await _status(f"{url}/v1/models"))[0] == 200
    status, said = await _status(f"{url}/v1/embeddings", b"{}")
    assert status == 404
    assert "/v1/chat/completions" in str(said)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 3\r\n\r\n{{{",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n[]",
        b"GET / HTTP/1.1\r\nx: " + b"a" * 2**21 + b"\r\n\r\n",
        b"\x16\x03\x01\x00",
        b"",
    ],
)
async def test_what_is_no_request_ends_its_connection_only(serving: Started, sent: bytes) -> None:
    url, _ = serving
    port = int(url.rpartition(":")[2])

    def send() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except OSError:
                pass

    await asyncio.to_thread(send)
    assert (await _status(f"{url}/"))[0] == 200


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (asks_for(35), 35.0),
        (asks_for(0.25), 0.25),
        ([{"type": "text", "text": asks_for(5)}], 5.0),
        ("Hello.", 0.0),
        (None, 0.0),
        ("lastchunk: be silent for 999999 seconds", LONGEST),
    ],
)
def test_the_silence_is_asked_for_in_the_message(content: object, seconds: float) -> None:
    assert asked_in({"content": content}) == seconds
    assert route("/v1/chat/completions", {"messages": [{"content": content}]}).speech.wait == seconds


def test_the_command() -> None:
    command = [sys.executable, "-m", "lastchunk", "doctor", "serve", "--port", "0"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("lastchunk doctor serve: listening on http://127.0.0.1:")
        url = said.split()[5]
        port = int(url.rpartition(":")[2].partition("/")[0])
        taken = subprocess.run([*command[:-1], str(port)], capture_output=True, text=True)
        assert taken.returncode == 2
        assert "choose another --host or --port" in taken.stderr
    finally:
        process.kill()
        process.communicate()


async def _said_to(url: str, *parts: bytes) -> bytes:
    """What a request, sent in these parts, is answered with; the connection is closed after it."""
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (POST + b"content-length: 3000000000\r\n\r\n" + b"x" * 300_000, 413),
        (POST + b"content-length: 1048577\r\n\r\n", 413),
        (POST + b"content-length: 9" + b"9" * 5000 + b"\r\n\r\n", 413),
        (POST + b"content-length: -1\r\n\r\n", 400),
        (POST + b"content-length: many\r\n\r\n", 400),
        (POST + b"content-length: 2\r\n\r\n[]", 400),
        (POST + b"content-length: 1\r\n\r\n{", 400),
        (POST + b"content-length: 200000\r\n\r\n" + b"[" * 200_000, 400),
        (POST + b"transfer-encoding: chunked\r\n\r\n", 411),
        (POST + b"x-long: " + b"x" * 200_000, 431),
        (b"nonsense\r\n\r\n", 400),
    ],
)
async def test_what_is_too_much_or_no_request_is_refused(serving: Started, request_: bytes, status: int) -> None:
    """It does not keep what clients send."""
    url, told = serving
    answer = await _said_to(url, request_)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert (await _next(told)).startswith(f"a request was refused with {status}: ")


async def test_a_whole_body_of_the_most_that_is_taken(serving: Started) -> None:
    url, _ = serving
    body = json.dumps({"messages": [], "model": "m", "stream": True, "pad": "x" * 1_000_000}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(POST + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n0\r\n\r\n"), 20)).startswith(b"HTTP/1.1 200 ")
    writer.close()


@pytest.mark.parametrize(
    ("parts", "status"),
    [((b"POST /v1",), 408), ((POST + b"content-length: 100\r\n\r\n", b"{"), 408), ((), 0)],
)
async def test_it_does_not_wait_for_ever(
    serving: Started, monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...], status: int
) -> None:
    """It does not wait for ever for a head, a body or a request."""
    monkeypatch.setattr(serve_module, "PATIENCE", 0.05)
    monkeypatch.setattr(serve_module, "IDLE", 0.05)
    answer = await _said_to(serving[0], *parts)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()) if status else answer == b""
