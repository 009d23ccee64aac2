# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A model server in a process of its own, which costs the measured process nothing: `python -m benchmarks.server`.

It answers `POST …/chat/completions` with as many chunks as the first part of the path says, each an HTTP chunk of its own,
rendered once. It prints its port.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@cache
def answer(chunks: int) -> bytes:
    """The response, with so many chunks of text."""

    def event(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        envelope = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-4o"}
        data = f"data: {json.dumps({**envelope, 'choices': [choice]})}\n\n".encode()
        return b"%x\r\n%b\r\n" % (len(data), data)

    done = b"data: [DONE]\n\n"
    text = event({"role": "assistant", "content": "token "})
    return _HEAD + text * chunks + event({}, "stop") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(done), done)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").split("\r\n")
            length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:"))
            await reader.readexactly(length)
            writer.write(answer(int(lines[0].split("/")[1])))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The one who started it holds the other end of its standard input, and may be killed.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def served() -> Iterator[str]:
    """The server, and the address to which a number of chunks and `/v1` are to be added."""
    command = [sys.executable, "-m", "benchmarks.server"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    asyncio.run(_main())
