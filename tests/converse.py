# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A server that speaks as Bedrock's ConverseStream, and what it says."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def frame(kind: str, document: Any) -> bytes:
    """One message of `application/vnd.amazon.eventstream`."""
    headers = b""
    for name, value in ((":event-type", kind), (":content-type", "application/json"), (":message-type", "event")):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    payload = json.dumps(document).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def said(text: str) -> bytes:
    """A piece of the answer."""
    return frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})


@contextmanager
def answering(body: bytes, content_type: str) -> Iterator[str]:
    """The address of a server that answers every POST with this body, and closes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def converse(*frames: bytes) -> AbstractContextManager[str]:
    """The address of a server that sends these frames, and closes."""
    return answering(b"".join(frames), "application/vnd.amazon.eventstream")


BEGIN, END = frame("messageStart", {"role": "assistant"}), frame("contentBlockStop", {"contentBlockIndex": 0})
CONVERSATIONS: Mapping[str, tuple[tuple[bytes, ...], str]] = {
    "clean": ((BEGIN, said("a"), said("b"), END, frame("messageStop", {"stopReason": "end_turn"})), "completed"),
    "length": ((BEGIN, said("a"), END, frame("messageStop", {"stopReason": "max_tokens"})), "length/context_limit"),
    "silent_cut": ((BEGIN, said("a"), said("b")), "truncated/unknown"),
    "finish_only": ((BEGIN, frame("messageStop", {"stopReason": "end_turn"})), "empty/unknown"),
    "cut_inside_event": ((BEGIN, said("a"), said("b")[:-5]), "truncated/unknown"),
}
"""What it says, and how a chat ends that hears it."""
