# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A server over real sockets that answers with the bytes it is given, and keeps what it was asked."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress

from fuzz.wire.bytes_sent import Sent

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_LONGEST = 5.0
"""Seconds that a server waits for anything."""
_RESET = struct.pack("ii", 1, 0)


class Server:
    """Listens on the loopback interface; a thread per connection."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self.begin(())
        threading.Thread(target=self._accept, daemon=True).start()

    def begin(self, answers: Sequence[Sent]) -> None:
        """A new case: its requests get these answers, one after the other; the last one is given for ever."""
        self._answers = list(answers)
        self.requests: list[bytes] = []
        self.hangs = threading.Event()
        """Everything was written, and nothing more will come."""
        self._over = threading.Event()

    def end(self) -> None:
        """The case is over: who hangs is let go, and every connection is closed."""
        self._over.set()
        while self._threads:
            self._threads.pop().join(_LONGEST)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        over, hangs = self._over, self.hangs
        with connection, suppress(OSError):
            connection.settimeout(_LONGEST)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked = _request(connection)
            if not asked or over is not self._over:
                return
            answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
            self.requests.append(asked)
            for part in answer.parts:
                connection.sendall(part)
            if answer.then == "hang":
                hangs.set()
                over.wait(_LONGEST)
            elif answer.then == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _request(connection: socket.socket) -> bytes:
    """One whole request; empty if there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    # Without a length it is chunked, and ends with an empty chunk.
    while len(body) < int(length[1]) if length else (b"chunked" in head and not body.endswith(b"0\r\n\r\n")):
        more = connection.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body
