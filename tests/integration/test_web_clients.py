# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The most common deployment: a web server passes the stream on. The browser or the application ends it, or it ends by itself."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported, Instrument
from tests.integration.web import WebApplication

CHUNK = "ModelClientStreamingChunkEvent"
LEFT = ("cancelled", "client_disconnected", True)
CANCELLED = ("cancelled", "cancelled_by_application", False)
COMPLETED = ("completed", None, False)

frameworks = pytest.mark.parametrize("framework", ["starlette", "sse-starlette", "fastapi/streaming", "fastapi/events"])


@pytest.fixture(scope="module", name="on_asyncio")
def _on_asyncio(server: ModelServer) -> Iterator[WebApplication]:
    with WebApplication(server) as web:
        yield web


@pytest.fixture(name="web")
def _web(on_asyncio: WebApplication, instrument: Instrument) -> Iterator[WebApplication]:
    yield on_asyncio
    on_asyncio.closes()


@pytest.fixture(name="on_uvloop")
def _on_uvloop(server: ModelServer, instrument: Instrument) -> Iterator[WebApplication]:
    with WebApplication(server, loop="uvloop") as web:
        yield web
        web.closes()


def ended(exported: Exported, count: int) -> list[tuple[Any, Any, Any]]:
    """Of our spans, once there are so many of them: reason, cause and cutoff, in the order of their ends."""
    until = time.monotonic() + 10
    while len(exported.ours) < count and time.monotonic() < until:
        gc.collect()  # FastAPI's own events are left in a cycle
        time.sleep(0.02)
    return [said(span) for span in exported.ours]


def said(span: ReadableSpan) -> tuple[Any, Any, Any]:
    """Reason, cause, and whether it is a cutoff."""
    names = ("termination.reason", "termination.cause", "cutoff")
    first, second, third = (span.attributes.get(f"lastchunk.stream.{name}") for name in names)
    return first, second, third


@frameworks
class TestTheBrowserLeaves:
    def test_in_a_silence(self, framework: str, web: WebApplication, exported: Exported) -> None:
        web.streams("stall")
        with web.browser(f"{framework}/passes_on") as browser:
            browser.sees(CHUNK)
            time.sleep(0.3)
        assert ended(exported, 2) == [LEFT] * 2

    def test_after_a_silence_in_which_it_lost_patience(
        self, framework: str, web: WebApplication, instrument: Instrument
    ) -> None:
        exported = instrument(stall_after=0.4)
        web.streams("stall")
        with web.browser(f"{framework}/passes_on") as browser:
            browser.sees(CHUNK)
            time.sleep(0.7)
        assert ended(exported, 2) == [("cancelled", "idle_timeout", True)] * 2

    def test_while_the_server_writes(self, framework: str, web: WebApplication, exported: Exported) -> None:
        """The stream is between two steps. It is cancelled at the next, which FastAPI's own events never make: it dies."""
        web.streams("clean", gap=0.02)
        with web.browser(f"{framework}/large") as browser:
            browser.sees(CHUNK)
            time.sleep(1)
        reason = "abandoned" if framework == "fastapi/events" else "cancelled"
        assert ended(exported, 2) == [(reason, "client_disconnected", True)] * 2

    def test_a_teams_stream(self, framework: str, web: WebApplication, exported: Exported) -> None:
        web.streams("pause", team=True, wait=0.8)
        with web.browser(f"{framework}/passes_on") as browser:
            browser.sees(CHUNK)
            time.sleep(0.2)
        time.sleep(0.2)
        web.closes()
        assert len(ended(exported, 3)) == 3
        assert said(exported.one("invoke_workflow")) == LEFT

    def test_after_the_result(self, framework: str, web: WebApplication, exported: Exported) -> None:
        web.streams("clean")
        with web.browser(f"{framework}/passes_on") as browser:
            browser.sees("TaskResult")
        assert ended(exported, 2) == [COMPLETED] * 2


@frameworks
class TestTheApplicationEndsIt:
    @pytest.mark.parametrize(
        ("way", "last"),
        [
            ("within_a_timeout", "timeout"),
            ("within_a_deadline", "deadline"),
            ("within_a_scope", "cancelled"),
            ("within_a_scope_of_its_own_task", "cancelled"),
            ("within_a_group", "cancelled"),
            ("in_a_task", "stopped"),
        ],
    )
    def test_with_a_cancel(self, framework: str, way: str, last: str, web: WebApplication, exported: Exported) -> None:
        web.streams("stall")
        with web.browser(f"{framework}/{way}") as browser:
            assert last in browser.reads_all()
        assert ended(exported, 2) == [CANCELLED] * 2

    def test_with_a_token(self, framework: str, web: WebApplication, exported: Exported) -> None:
        web.streams("stall", token_after=0.4)
        with web.browser(f"{framework}/with_a_token") as browser:
            assert "cancelled" in browser.reads_all()
        assert ended(exported, 2) == [CANCELLED] * 2


@frameworks
def test_nobody_ends_it(framework: str, web: WebApplication, exported: Exported) -> None:
    web.streams("clean")
    with web.browser(f"{framework}/passes_on") as browser:
        assert "TaskResult" in browser.reads_all()
    assert ended(exported, 2) == [COMPLETED] * 2


def test_behind_a_middleware(web: WebApplication, exported: Exported) -> None:
    """Starlette's `BaseHTTPMiddleware` calls the application in a task of its own."""
    web.streams("stall")
    with web.browser("behind/starlette/passes_on") as browser:
        browser.sees(CHUNK)
        time.sleep(0.3)
    assert ended(exported, 2) == [LEFT] * 2


def test_on_uvloop(on_uvloop: WebApplication, exported: Exported) -> None:
    expected = []
    for script, page, last, ending in (
        ("clean", "fastapi/streaming/passes_on", "TaskResult", COMPLETED),
        ("stall", "starlette/passes_on", CHUNK, LEFT),
        ("stall", "sse-starlette/passes_on", CHUNK, LEFT),
        ("stall", "starlette/within_a_scope", "cancelled", CANCELLED),
        ("stall", "fastapi/events/within_a_timeout", "timeout", CANCELLED),
    ):
        on_uvloop.streams(script)
        with on_uvloop.browser(page) as browser:
            browser.sees(last)
            time.sleep(0.3)
        expected += [ending] * 2
        assert ended(exported, len(expected)) == expected
