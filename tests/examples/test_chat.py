# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The chat in the browser: read to its end, and left in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.examples.running import ROOT, Receiver, Span, command, environment
from tests.integration.web import Browser

pytestmark = pytest.mark.timeout(180)
LEFT = ("cancelled", "client_disconnected")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serving(receiver: Receiver, *options: str, name: str = "chat_over_sse") -> Iterator[tuple[str, int]]:
    """The example, the chat unless another is named, until the block ends; then all that it has to send is sent."""
    port = free_port()
    given = command(name)
    server, rest = given[:3], given[3:]  # lastchunk demo run
    process = subprocess.Popen(
        [*server, *options, *rest],
        env=environment(receiver, PORT=str(port)),
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        address = ("127.0.0.1", port)
        until = time.monotonic() + 90
        while True:
            try:
                socket.create_connection(address, timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the example has ended"
                assert time.monotonic() < until, "the example does not listen"
                time.sleep(0.1)
        yield address
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
        process.wait(60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def request_and_run(receiver: Receiver) -> tuple[Span, Span]:
    """The spans of the HTTP request and of the team's run."""
    (request,) = (span for span in receiver.spans if span.name == "GET /chat")
    (run,) = (span for span in receiver.ours if span.name == "invoke_workflow newsroom")
    return request, run


def test_a_browser_that_stays(receiver: Receiver) -> None:
    with serving(receiver) as address:
        with Browser(address, "") as browser:
            assert "EventSource" in browser.reads_all()
        with Browser(address, "chat?question=Lisbon") as browser:
            received = browser.reads_all()
    assert received.count('"from": "writer"') == received.count('"from": "editor"') == 21
    assert "event: end" in received
    request, run = request_and_run(receiver)
    assert run.parent == request.id
    assert {span.ending for span in receiver.ours} == {("completed", "")}


def test_a_browser_that_leaves(receiver: Receiver) -> None:
    """In the middle of the first agent's answer: the model says nothing more until it is left."""
    with serving(receiver, "--ending", "stall") as address:
        with Browser(address, "chat?question=Lisbon") as browser:
            browser.sees("tram")
        time.sleep(1)
    request, run = request_and_run(receiver)
    assert run.parent == request.id
    assert run.ending == LEFT
    assert {span.ending[0] for span in receiver.ours} == {"cancelled"}, "the agents went on"
