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
    assert await _next(told) == "asked to be silent for 1.5 s: it was, and the answer went out to its end"


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
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")
    finally:
        process.kill()
        process.communicate()
